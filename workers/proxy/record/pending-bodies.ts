/**
 * Request bodies that R2 did not take, kept in memory for one more attempt when their response has ended. An
 * isolate keeps at most MAX_PENDING_BYTES; the oldest are dropped first, including those whose exchange was killed.
 * Used by request-record.ts and record.ts.
 */
const MAX_PENDING_BYTES = 16 * 1_048_576;

const pending = new Map<string, Uint8Array>();
let pendingBytes = 0;

export function addPendingBody(id: string, body: Uint8Array): void {
  pending.set(id, body);
  pendingBytes += body.length;
  for (const oldest of pending.keys()) {
    if (pendingBytes <= MAX_PENDING_BYTES) return;
    takePendingBody(oldest);
  }
}

/** Returns a body once; null when it was not added, or has been dropped. */
export function takePendingBody(id: string): Uint8Array | null {
  const body = pending.get(id);
  if (!body) return null;
  pending.delete(id);
  pendingBytes -= body.length;
  return body;
}
