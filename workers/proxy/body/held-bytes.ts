/**
 * Counts the bytes of bodies that this isolate has in memory while it records them: read and not written yet, or given to a write of
 * R2 that has not ended. Used by tee-reader.ts and record/.
 */
import { MAX_HELD_BODY_BYTES, MAX_HELD_BYTES } from "../../runtime/constants.ts";

/** An invocation that is ended leaves its promises pending and frees what they hold. */
const ABANDONED_WRITE_MS = 60_000;

let held = 0;
/** Writes that nothing waits for any more. */
const abandoned = new Set<{ bytes: number; until: number }>();

export function holdBytes(bytes: number): void {
  held += bytes;
}

export function releaseBytes(bytes: number): void {
  held -= bytes;
}

/** Counts the bytes until `writes` have ended, for at most ABANDONED_WRITE_MS. */
export function holdUntilWritten(bytes: number, writes: Iterable<Promise<unknown>>): void {
  const write = { bytes, until: Date.now() + ABANDONED_WRITE_MS };
  abandoned.add(write);
  void Promise.allSettled(writes).then(() => abandoned.delete(write));
}

/** Whether bodies of more than RECORDED_HEAD_BYTES are cut to that. */
export const isMemoryShort = (): boolean => heldBytes() > MAX_HELD_BODY_BYTES;

/** Whether no more is given to R2. */
export const isMemoryFull = (): boolean => heldBytes() > MAX_HELD_BYTES;

function heldBytes(): number {
  const now = Date.now();
  let bytes = held;
  for (const write of abandoned)
    if (write.until > now) bytes += write.bytes;
    else abandoned.delete(write);
  return bytes;
}
