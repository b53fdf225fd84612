/** The client's request body: buffered when it is small and its length is known, streamed by the runtime otherwise. */
import { MAX_BUFFERED_BODY_BYTES } from "../../runtime/constants.ts";

export type RequestBody =
  | { kind: "none" }
  /** In memory, so that the request can be sent again after a 401 for an access token of ours. */
  | { kind: "buffered"; bytes: Uint8Array<ArrayBuffer> }
  /** The branches of a tee; both keep the declared length. */
  | { kind: "streamed"; toUpstream: ReadableStream; toArchive: ReadableStream };

/** Rejects when the client disconnects while a body to be buffered is still arriving. */
export async function readRequestBody(request: Request): Promise<RequestBody> {
  if (request.body === null) return { kind: "none" };
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) <= MAX_BUFFERED_BODY_BYTES)
    return { kind: "buffered", bytes: new Uint8Array(await request.arrayBuffer()) };
  const [toUpstream, toArchive] = request.body.tee();
  return { kind: "streamed", toUpstream, toArchive };
}
