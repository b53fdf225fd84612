/** The two ways of an answer's body to client and archive at once. Used by response-stream. */
import type { ResponseFacts } from "../schemas/exchange.ts";
import type { OpenFacts } from "../store/journal.ts";
import { inStep, isBulk } from "./bulk.ts";
import type { Exchange } from "./exchange.ts";
import type { StoredHalf } from "./recorder.ts";
import { pumped, recordCopy, recordShort } from "./recording.ts";

/** A copy of known length is read here up to this size. */
const MAX_READ_HERE_BYTES = 65_536;

/** An answer's body on its way. */
export interface Passage {
  /** Whether the client took all of it. */
  served: Promise<boolean>;
  /** Brings the archive its copy; see recordCopy. */
  record: (conclude: (broken: unknown) => Promise<OpenFacts<ResponseFacts>>) => Promise<StoredHalf>;
}

/** Sets the body on its way to the client, in the way that suits its type and length (null: not known). */
export function passBody(
  exchange: Exchange,
  body: ReadableStream,
  client: WritableStream,
  type: string | null,
  length: number | null,
): Passage {
  return isBulk(type, length)
    ? steppedBody(exchange, body, client)
    : teedBody(exchange, body, client, length);
}

/** Two branches, pumped by the runtime. */
function teedBody(
  { env, ctx, abort }: Exchange,
  body: ReadableStream,
  client: WritableStream,
  length: number | null,
): Passage {
  const [toClient, toArchive] = body.tee();
  const served = toClient.pipeTo(client).then(
    () => true,
    () => {
      abort.abort();
      return false;
    },
  );
  const isShort = length !== null && length <= MAX_READ_HERE_BYTES;
  return {
    served,
    record: (conclude) =>
      isShort
        ? recordShort(env, "response", toArchive, conclude)
        : recordCopy(env, ctx, "response", pumped(toArchive), conclude),
  };
}

/** One that may be larger than memory. */
function steppedBody({ env, ctx, abort }: Exchange, body: ReadableStream, client: WritableStream): Passage {
  const { served, fill } = inStep(body, client, abort.signal, () => abort.abort());
  return { served, record: (conclude) => recordCopy(env, ctx, "response", fill, conclude) };
}
