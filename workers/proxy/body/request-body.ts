/** The client's body on its way up: held when it is small and its length is known, streamed by the runtime otherwise. */
import { MAX_BUFFERED_BODY_BYTES } from "../../runtime/constants.ts";

export type RequestBody =
  | { kind: "none" }
  /** At hand, so that a connection which fails before any answer can be tried again. */
  | { kind: "held"; bytes: Uint8Array<ArrayBuffer> }
  /** `up` goes to Claude, `copy` to the archive; both keep the length if the client declared one. */
  | { kind: "streamed"; up: ReadableStream; copy: ReadableStream };

/** Takes the body out of the request. Rejects when the client leaves while a body to be held is still arriving. */
export async function readRequestBody(request: Request): Promise<RequestBody> {
  if (request.body === null) return { kind: "none" };
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) <= MAX_BUFFERED_BODY_BYTES)
    return { kind: "held", bytes: new Uint8Array(await request.arrayBuffer()) };
  const [up, copy] = request.body.tee();
  return { kind: "streamed", up, copy };
}
