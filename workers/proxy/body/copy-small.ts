/** Copies a small body of known length to the client chunk by chunk and keeps the chunks for the archive. Used by copy-strategy.ts. */
import { CLIENT_GRACE_MS } from "../../runtime/constants.ts";
import { timeoutOrNull } from "../../runtime/timeout.ts";
import type { TeeReadResult } from "./tee-reader.ts";

/**
 * Never rejects: `error` is upstream's, and the client's stream fails with it. When the client's stream fails, `abort` is aborted at once, which ends
 * both sides; what upstream sent until then is in `buffered`. `wasServed`: whether the client received everything; null when it was still reading
 * CLIENT_GRACE_MS after upstream's last byte.
 */
export async function copySmall(
  body: ReadableStream,
  client: WritableStream,
  length: number,
  abort: AbortController,
): Promise<TeeReadResult & { wasServed: boolean | null }> {
  const buffered: TeeReadResult["buffered"] = { chunks: [], bytes: 0, hash: null, tail: EMPTY, held: 0 };
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const writer = (client as WritableStream<Uint8Array>).getWriter();
  const clientGone = () => abort.abort();
  void writer.closed.catch(clientGone); // rejects also while upstream is silent
  // A write that waits for a slow client does not notice the signal by itself.
  abort.signal.addEventListener("abort", () => void writer.abort(abort.signal.reason).catch(() => undefined));
  try {
    while (buffered.bytes < length) {
      const chunk = await reader.read().catch((thrown: unknown) => new ReadError(thrown));
      if (chunk instanceof ReadError) {
        void writer.abort(chunk.reason).catch(() => undefined);
        return { buffered, error: chunk.reason ?? new Error("broken"), wasServed: false };
      }
      if (chunk.done) break;
      buffered.chunks.push(chunk.value);
      buffered.bytes += chunk.value.length;
      // The last write is not awaited before closing: both have succeeded when the close has.
      if (buffered.bytes < length) await writer.write(chunk.value);
      else void writer.write(chunk.value).catch(() => undefined);
    }
    const closed = writer.close().then(() => true);
    return { buffered, error: null, wasServed: await timeoutOrNull(CLIENT_GRACE_MS, closed) };
  } catch {
    clientGone();
    return { buffered, error: null, wasServed: false };
  }
}

/** An error of upstream's stream, as opposed to the client's. */
class ReadError {
  readonly reason: unknown;
  constructor(reason: unknown) {
    this.reason = reason;
  }
}

const EMPTY = new Uint8Array(0);
