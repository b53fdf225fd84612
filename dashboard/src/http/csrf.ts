/**
 * Proof that a form was served by this dashboard to this very session: SHA-256 over a random cookie and the session
 * token, repeated in a hidden field or the header x-csrf-token. A planted cookie alone is not enough once signed in,
 * and nothing has to be stored. Compared in constant time over hashes.
 */

import { timingSafeEqual } from "hono/utils/buffer";
import { toBase64Url } from "../../../workers/domain/bytes.ts";

export const CSRF_HEADER = "x-csrf-token";

const SEED = /^[A-Za-z0-9_-]{43}$/;

/** 32 random bytes, base64url. */
export function newCsrfSeed(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Whether the cookie's value is one we could have made. */
export function isCsrfSeed(value: string | undefined): value is string {
  return value !== undefined && SEED.test(value);
}

/** The token of this seed and session (the empty string before signing in). */
export async function csrfToken(seed: string, session: string | null): Promise<string> {
  const text = new TextEncoder().encode(`nexus-csrf\n${seed}\n${session ?? ""}`);
  return toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
}

/** True when `token` is the token of this seed and session. Takes as long for a wrong one as for a right one. */
export async function isCsrfToken(
  token: string | null | undefined,
  seed: string | undefined,
  session: string | null,
): Promise<boolean> {
  if (!token || !isCsrfSeed(seed)) return false;
  return timingSafeEqual(token, await csrfToken(seed, session));
}
