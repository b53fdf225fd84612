/** A small body on its way to the client, piece by piece as it comes; the pieces are kept for the archive. Used by answer-body. */
import { CLIENT_GRACE_MS } from "../../runtime/constants.ts";
import { timeoutOrNull } from "../../store/db/timeout.ts";
import type { TeeReadResult } from "./tee-reader.ts";

/**
 * Passes the body on. Never rejects: `broken` is what upstream broke off with, and the client's stream breaks with it.
 * `abort` ends both sides, and is turned at once when the client takes no more; what upstream has said until then is in `gulped`.
 * `wasServed`: whether the client took everything; null when it was still reading CLIENT_GRACE_MS after upstream's last byte.
 */
export async function copySmall(
  body: ReadableStream,
  client: WritableStream,
  length: number,
  abort: AbortController,
): Promise<TeeReadResult & { wasServed: boolean | null }> {
  const gulped: TeeReadResult["buffered"] = { chunks: [], bytes: 0, hash: null, tail: NOTHING };
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const writer = (client as WritableStream<Uint8Array>).getWriter();
  const gone = () => abort.abort();
  void writer.closed.catch(gone); // also heard while upstream is silent
  // A write that waits for a slow client would not hear of it.
  abort.signal.addEventListener("abort", () => void writer.abort(abort.signal.reason).catch(() => undefined));
  try {
    while (gulped.bytes < length) {
      const piece = await reader.read().catch((thrown: unknown) => new ReadError(thrown));
      if (piece instanceof ReadError) {
        void writer.abort(piece.reason).catch(() => undefined);
        return { buffered: gulped, error: piece.reason ?? new Error("broken"), wasServed: false };
      }
      if (piece.done) break;
      gulped.chunks.push(piece.value);
      gulped.bytes += piece.value.length;
      // The last one is not waited for before the end is announced: both are through when the end is.
      if (gulped.bytes < length) await writer.write(piece.value);
      else void writer.write(piece.value).catch(() => undefined);
    }
    const closed = writer.close().then(() => true);
    return { buffered: gulped, error: null, wasServed: await timeoutOrNull(CLIENT_GRACE_MS, closed) };
  } catch {
    gone();
    return { buffered: gulped, error: null, wasServed: false };
  }
}

/** Upstream's end of the stream, as opposed to the client's. */
class ReadError {
  readonly reason: unknown;
  constructor(reason: unknown) {
    this.reason = reason;
  }
}

const NOTHING = new Uint8Array(0);
