/**
 * Who is asking: the client key of a request, found by its SHA-256. The key itself is 256 random bits, so neither a look-up by
 * its hash nor the time that takes tells anything about another key.
 */
import { createHash } from "node:crypto";
import type { CredentialType } from "../../schemas/exchange.ts";
import type { ClientKeyRecord } from "../../schemas/tenant.ts";
import { readClientKey } from "../../store/tenants/kv-read.ts";

/** Longer than any key we made or imported; what is longer is not worth hashing. */
const MAX_KEY_LENGTH = 512;

/**
 * The keys a request presents. With passthrough `Authorization` and `x-api-key` hold the client's own credential for Claude,
 * which is none of our business: there the client key comes in `x-nexus-key`.
 */
export function presentedKeys(headers: Headers, credentialType: CredentialType): string[] {
  const candidates =
    credentialType === "passthrough"
      ? [headers.get("x-nexus-key")]
      : [bearerToken(headers.get("authorization")), headers.get("x-api-key")];
  const keys = candidates.map((key) => key?.trim() ?? "");
  return keys.filter(
    (key, index) => key !== "" && key.length <= MAX_KEY_LENGTH && keys.indexOf(key) === index,
  );
}

/** The first presented key that is valid for this domain; null when none is. A key of another domain is as good as none. */
export async function findClientKey(
  env: Pick<Env, "TENANTS">,
  keys: readonly string[],
  domain: string,
): Promise<ClientKeyRecord | null> {
  for (const key of keys) {
    const record = await readClientKey(env, sha256(key).toString("hex"));
    if (record && isSame(record.domain, domain)) return record;
  }
  return null;
}

function bearerToken(authorization: string | null): string | null {
  return /^bearer +(\S+)\s*$/i.exec(authorization ?? "")?.[1] ?? null;
}

/**
 * Synchronous on purpose: `crypto.subtle.digest` is awaited, and on the hot path each wait for the runtime costs more than
 * hashing a key.
 */
function sha256(text: string): Buffer {
  const known = hashes.get(text);
  if (known) return known;
  const hash = createHash("sha256").update(text).digest();
  if (hashes.size >= MAX_HASHES) hashes.clear();
  hashes.set(text, hash);
  return hash;
}

/** An isolate sees the same few keys and domains again and again, and even this costs as much as reading all headers. */
const hashes = new Map<string, Buffer>();
const MAX_HASHES = 1_000;

/** Compared without telling how much of it fits: a key's holder must not learn which domain it belongs to. */
function isSame(a: string, b: string): boolean {
  return crypto.subtle.timingSafeEqual(sha256(a), sha256(b));
}
