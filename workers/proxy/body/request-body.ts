/** The client's request body: buffered when it is small and its length is known, streamed by the runtime otherwise. */
import { MAX_BUFFERED_BODY_BYTES } from "../../runtime/constants.ts";

export type RequestBody =
  | { kind: "none" }
  /** In memory, so that the request can be sent again after a 401 for an access token of ours. */
  | { kind: "buffered"; bytes: Uint8Array<ArrayBuffer> }
  /** The branches of a tee; both keep the declared length. */
  | { kind: "streamed"; toUpstream: ReadableStream; toArchive: ReadableStream };

export const NO_BODY: RequestBody = { kind: "none" };

/** Methods whose body has a meaning (RFC 9110 9.3). Of other methods a body of unknown length is usually empty. */
const METHODS_WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** An empty body is no body. Rejects when the client disconnects while a body to be buffered is still arriving. */
export async function readRequestBody(request: Request): Promise<RequestBody> {
  if (request.body === null) return NO_BODY;
  const length = request.headers.get("content-length");
  if (length === "0") return NO_BODY;
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
  return { kind: "streamed", toUpstream, toArchive };
}
