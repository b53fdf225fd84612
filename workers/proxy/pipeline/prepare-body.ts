/** Prepares upstream's response body for a client: in a content-coding that it accepts. Used by run-exchange.ts. */
import { type EncodingDecision, negotiateEncoding } from "../../domain/http/content-coding.ts";
import { hasNoBody } from "../../domain/http/endpoint.ts";
import { errorText, log } from "../../runtime/log.ts";
import { decodeBody } from "../body/decode-body.ts";
import type { Exchange } from "../exchange.ts";

export interface PreparedBody {
  /** Null where the response has none. */
  stream: ReadableStream | null;
  encoding: EncodingDecision;
}

/** Upstream's body as it came; or, where it has to be decoded first, a promise of it, or of null when it cannot be. */
export function prepareBody(
  exchange: Exchange,
  upstream: Response,
): PreparedBody | Promise<PreparedBody | null> {
  const { request } = exchange;
  const encoding = negotiateEncoding(
    upstream.headers.get("content-encoding"),
    upstream.headers.get("content-length"),
    request.headers.get("accept-encoding"),
  );
  if (upstream.body === null || hasNoBody(request.method, upstream.status))
    return { stream: null, encoding: encoding ?? UNKNOWN_CODING };
  if (encoding?.isDecoded === false) return { stream: upstream.body, encoding };
  return decodedBody(exchange, upstream.body as ReadableStream<Uint8Array>, encoding);
}

/** Of a response without a body: the client need not know of a coding that it does not accept. */
const UNKNOWN_CODING: EncodingDecision = {
  contentEncoding: null,
  isDecoded: false,
  undone: [],
  length: null,
  storedEncoding: "identity",
};

async function decodedBody(
  { id, ctx }: Exchange,
  body: ReadableStream<Uint8Array>,
  encoding: EncodingDecision | null,
): Promise<PreparedBody | null> {
  try {
    if (encoding === null) throw new Error("unknown content-coding");
    const { undone } = encoding;
    const stream = await (undone.length === 0 ? startedBody(body) : decodeBody(body, undone, ctx));
    return { stream, encoding };
  } catch (thrown) {
    log.warn("response: not decoded", { id, error: errorText(thrown) });
    return null;
  }
}

/** A body that the runtime decodes, once its first bytes are there; rejects when they cannot be decoded. */
async function startedBody(body: ReadableStream): Promise<ReadableStream> {
  const [first, all] = body.tee();
  const reader = first.getReader();
  await reader.read();
  reader.cancel().catch(() => undefined);
  return all;
}
