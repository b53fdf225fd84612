/**
 * Copies large responses that are no event streams (files, batch results) in lockstep. A native tee buffers whatever its slower
 * branch has not read, which for a client on a slow line is most of a file, in an isolate that has 128 MB for all requests. Here each chunk
 * passes through JavaScript, which is cheap for chunks of 64 KB and expensive for events. Used by copy-strategy.ts.
 */
import { MAX_RECORDED_BODY_BYTES } from "../../runtime/constants.ts";

const CHUNK_BYTES = 65_536;
/** Responses of unknown length with these types are generated while they are sent, and short. */
const TEXT_TYPES = /^(?:text\/|application\/(?:[\w.+-]+\+)?json\b)/i;

/** Whether a response may be larger than what is recorded of it. `length` is null where it is unknown. */
export function needsLockstep(contentType: string | null, length: number | null): boolean {
  if (length !== null) return length > MAX_RECORDED_BODY_BYTES;
  return contentType !== null && !TEXT_TYPES.test(contentType);
}

type Chunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

interface LockstepCopy {
  /** Whether the client received all of it. */
  served: Promise<boolean>;
  /** Starts the copy. Writes to the archive's stream and leaves it open. Resolves at the end of the body with null, or with its error. */
  fill: (archive: WritableStream) => Promise<unknown>;
}

/**
 * Client and archive get each chunk before the next one is read. An archive that fails does not stop the client. `onClientGone` is called when
 * the client's stream fails; aborting `signal` ends both copies.
 */
export function copyLockstep(
  source: ReadableStream,
  client: WritableStream,
  signal: AbortSignal,
  onClientGone: () => void,
): LockstepCopy {
  let resolveServed: (wasServed: boolean) => void = () => undefined;
  const served = new Promise<boolean>((resolve) => {
    resolveServed = resolve;
  });
  const toClient = client.getWriter();
  const clientGone = () => {
    resolveServed(false);
    onClientGone();
  };
  void toClient.closed.catch(clientGone); // rejects also while upstream is silent
  // A write that waits for a slow client does not notice the signal by itself.
  signal.addEventListener("abort", () => void toClient.abort(signal.reason).catch(() => undefined));
  return {
    served,
    async fill(archive) {
      const reader = source.getReader({ mode: "byob" });
      const toArchive = archive.getWriter();
      let isArchiving = true;
      let buffer = new ArrayBuffer(CHUNK_BYTES);
      try {
        for (;;) {
          const { value, done } = (await reader.read(new Uint8Array(buffer))) as Chunk;
          if (done) break;
          const writes = [toClient.write(value).catch(clientGone)];
          if (isArchiving) writes.push(toArchive.write(value).catch(() => void (isArchiving = false)));
          await Promise.all(writes);
          buffer = value.buffer;
        }
        await toClient.close().then(() => resolveServed(true), clientGone);
        return null;
      } catch (thrown) {
        resolveServed(false);
        await toClient.abort(thrown).catch(() => undefined);
        return thrown ?? new Error("broken");
      } finally {
        toArchive.releaseLock();
      }
    },
  };
}
