/**
 * Keys: the first 8 bytes of a SHA-256 as a signed number, which is what indexes hold. Looked up within one domain, so two
 * texts with one key would take billions of requests. Called by everything that makes evidence. Keys are stored: what
 * goes into them never changes without linking everything again.
 */
import { sha256 } from "../sha256.ts";

const encoder = new TextEncoder();

/** A key over texts; each counts by itself, so `("a", "bc")` and `("ab", "c")` differ. */
export function keyOf(...texts: string[]): bigint {
  return keyOfHash(sha256(encoder.encode(JSON.stringify(texts))));
}

export function keyOfHash(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset, hash.byteLength).getBigInt64(0);
}
