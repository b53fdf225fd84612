/** The client's request body: buffered when it is small and its length is known, streamed by the runtime otherwise. */
import { MAX_BUFFERED_BODY_BYTES } from "../../runtime/constants.ts";

export type RequestBody =
  | { kind: "none" }
  /** In memory, so that the request can be sent again after a 401 for an access token of ours. */
  | { kind: "buffered"; bytes: Uint8Array<ArrayBuffer> }
  /** Copies of the client's stream; both keep the declared length. */
  | { kind: "streamed"; toUpstream: ReadableStream; toArchive: ReadableStream };

export const NO_BODY: RequestBody = { kind: "none" };

const CHUNK_BYTES = 65_536;

/** Methods whose body has a meaning (RFC 9110 9.3). Of other methods a body of unknown length is usually empty. */
const METHODS_WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * An empty body is no body. Rejects when a body to be buffered ends before it is complete. `onBroken` is called when a
 * streamed one of unknown length does (cut off, or malformed chunks); upstream must be aborted then.
 */
export async function readRequestBody(
  request: Request,
  ctx: Pick<ExecutionContext, "waitUntil">,
  onBroken: () => void,
): Promise<RequestBody> {
  if (request.body === null) return NO_BODY;
  const length = request.headers.get("content-length");
  // The runtime rejects what is not digits; zero may be spelt `00`. RFC 9110 8.6
  if (length !== null && Number(length) === 0) return NO_BODY;
  if (length !== null && Number(length) <= MAX_BUFFERED_BODY_BYTES)
    return { kind: "buffered", bytes: new Uint8Array(await request.arrayBuffer()) };
  let { body } = request;
  if (length === null && !METHODS_WITH_CONTENT.has(request.method)) {
    const [first, all] = body.tee();
    const reader = first.getReader();
    const { done } = await reader.read();
    reader.cancel().catch(() => undefined);
    if (done) return NO_BODY;
    body = all;
  }
  const [toUpstream, toArchive] = body.tee();
  if (length !== null) return { kind: "streamed", toUpstream, toArchive };
  const whole = new IdentityTransformStream();
  ctx.waitUntil(copyWhole(toUpstream, whole.writable, onBroken));
  return { kind: "streamed", toUpstream: whole.readable, toArchive };
}

/**
 * The runtime ends an upload in order when a branch of a tee fails, and without a declared length upstream would take what came for
 * the whole body. So the copy is never ended then.
 */
async function copyWhole(from: ReadableStream, to: WritableStream, onBroken: () => void): Promise<void> {
  const reader = from.getReader({ mode: "byob" });
  const writer = to.getWriter();
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  for (;;) {
    const chunk = await reader.read(new Uint8Array(buffer)).catch(() => null);
    if (chunk === null) return onBroken();
    try {
      if (chunk.done) return await writer.close();
      await writer.write(chunk.value);
    } catch {
      return void reader.cancel().catch(() => undefined); // upstream takes no more
    }
    buffer = chunk.value.buffer;
  }
}
