/**
 * Request bodies that R2 did not take, kept in memory for one more try when their answer has ended and R2 may be back. Of an
 * isolate at most MAX_KEPT_BYTES: the oldest go first, also those whose exchange was killed and never asks for them.
 * Used by request-recording and recording.
 */
const MAX_PENDING_BYTES = 16 * 1_048_576;

const pending = new Map<string, Uint8Array>();
let pendingBytes = 0;

/** Keeps a body for its exchange. */
export function addPendingBody(id: string, body: Uint8Array): void {
  pending.set(id, body);
  pendingBytes += body.length;
  for (const oldest of pending.keys()) {
    if (pendingBytes <= MAX_PENDING_BYTES) return;
    takePendingBody(oldest);
  }
}

/** Gives a body back, once; null when it was not kept, or not for so long. */
export function takePendingBody(id: string): Uint8Array | null {
  const body = pending.get(id);
  if (!body) return null;
  pending.delete(id);
  pendingBytes -= body.length;
  return body;
}
