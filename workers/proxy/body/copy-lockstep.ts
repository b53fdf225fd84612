/**
 * Large answers that are no event streams: files, results of batches. A native tee holds in memory whatever the slower of its
 * branches has not taken, which for a client on a slow line is most of a file, in an isolate that has 128 MB for everybody. Here
 * the branches go in step instead. JavaScript sees each piece, which is cheap for pieces of 64 KB and dear for events.
 * Used by response-stream.
 */
import { MAX_RECORDED_BODY_BYTES } from "../../runtime/constants.ts";

const CHUNK_BYTES = 65_536;
/** Of unknown length: what is written while it is thought of, and short. */
const TEXT_TYPES = /^(?:text\/|application\/(?:[\w.+-]+\+)?json\b)/i;

/** Whether an answer may be larger than what is recorded of it. `length` is null where it is not known. */
export function needsLockstep(contentType: string | null, length: number | null): boolean {
  if (length !== null) return length > MAX_RECORDED_BODY_BYTES;
  return contentType !== null && !TEXT_TYPES.test(contentType);
}

type Chunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

/** How a body reaches the client and, once the archive's stream is there, that one too. */
interface LockstepCopy {
  /** Whether the client took all of it. */
  served: Promise<boolean>;
  /** Fills the archive's stream and leaves it open. Resolves at the end: null, or with what broke the body off. */
  fill: (archive: WritableStream) => Promise<unknown>;
}

/**
 * Both get each piece before the next one is read. An archive that takes no more does not hold the client up. `leave` is called
 * when the client takes no more; it and whoever else aborts `signal` ends all of it.
 */
export function copyLockstep(
  source: ReadableStream,
  client: WritableStream,
  signal: AbortSignal,
  leave: () => void,
): LockstepCopy {
  let settle: (wasServed: boolean) => void = () => undefined;
  const served = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const toClient = client.getWriter();
  const gone = () => {
    settle(false);
    leave();
  };
  // A write that waits for a slow client would not hear of it.
  signal.addEventListener("abort", () => void toClient.abort(signal.reason).catch(() => undefined));
  return {
    served,
    async fill(archive) {
      const reader = source.getReader({ mode: "byob" });
      const toArchive = archive.getWriter();
      let isArchiving = true;
      let room = new ArrayBuffer(CHUNK_BYTES);
      try {
        for (;;) {
          const { value, done } = (await reader.read(new Uint8Array(room))) as Chunk;
          if (done) break;
          const writes = [toClient.write(value).catch(gone)];
          if (isArchiving) writes.push(toArchive.write(value).catch(() => void (isArchiving = false)));
          await Promise.all(writes);
          room = value.buffer;
        }
        await toClient.close().then(() => settle(true), gone);
        return null;
      } catch (thrown) {
        settle(false);
        await toClient.abort(thrown).catch(() => undefined);
        return thrown ?? new Error("broken");
      } finally {
        toArchive.releaseLock();
      }
    },
  };
}
