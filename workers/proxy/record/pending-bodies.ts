/**
 * Request bodies that R2 did not take, kept in memory for one more try when their answer has ended and R2 may be back. Of an
 * isolate at most MAX_KEPT_BYTES: the oldest go first, also those whose exchange was killed and never asks for them.
 * Used by request-recording and recording.
 */
const MAX_KEPT_BYTES = 16 * 1_048_576;

const kept = new Map<string, Uint8Array>();
let keptBytes = 0;

/** Keeps a body for its exchange. */
export function keepBody(id: string, body: Uint8Array): void {
  kept.set(id, body);
  keptBytes += body.length;
  for (const oldest of kept.keys()) {
    if (keptBytes <= MAX_KEPT_BYTES) return;
    takeKeptBody(oldest);
  }
}

/** Gives a body back, once; null when it was not kept, or not for so long. */
export function takeKeptBody(id: string): Uint8Array | null {
  const body = kept.get(id);
  if (!body) return null;
  kept.delete(id);
  keptBytes -= body.length;
  return body;
}
