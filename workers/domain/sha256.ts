/** SHA-256, synchronous. */
import { createHash } from "node:crypto";

/** The 32 bytes of SHA-256 over all parts, one after the other; texts as UTF-8. */
export function sha256(...parts: (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
