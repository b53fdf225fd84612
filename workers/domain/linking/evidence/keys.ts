/**
 * Keys: the first 8 bytes of a SHA-256 as a signed number, the type of their database columns. They are looked up within one
 * domain, where a collision takes billions of requests. Keys are stored: their input cannot change without relinking everything.
 */
import { sha256 } from "../../sha256.ts";

const encoder = new TextEncoder();

/** A key over a list of texts: `("a", "bc")` and `("ab", "c")` differ. */
export function keyOf(...texts: string[]): bigint {
  return keyOfHash(sha256(encoder.encode(JSON.stringify(texts))));
}

export function keyOfHash(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset, hash.byteLength).getBigInt64(0);
}
