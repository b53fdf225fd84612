/**
 * Finds the client key of a request by its SHA-256. A key is 256 random bits, so neither a look-up by
 * its hash nor the time that takes reveals anything about another key.
 */
import { cachedByText } from "../../domain/cached-by-text.ts";
import { toHex } from "../../domain/bytes.ts";
import { CREDENTIALS, type HeaderEntries, isForwarded } from "../../domain/http/forwarded-headers.ts";
import { sha256 } from "../../domain/sha256.ts";
import type { Config } from "../../runtime/config.ts";
import type { CredentialType } from "../../schemas/exchange.ts";
import type { ClientKeyRecord } from "../../schemas/tenant.ts";
import { readClientKey } from "../../store/tenants/kv-read.ts";

/** Longer than any key that was generated or imported. */
const MAX_KEY_LENGTH = 512;

/**
 * The keys a request presents to a domain with this credential; null: to any. With passthrough, `Authorization` and `x-api-key`
 * hold the client's own credential for Claude, so the client key comes in `x-nexus-key`.
 */
export function presentedKeys(headers: Headers, credentialType: CredentialType | null): string[] {
  const candidates: (string | null)[] = [];
  // First, so that the client's own credential is not looked up.
  if (credentialType === "passthrough" || credentialType === null)
    candidates.push(headers.get("x-nexus-key"));
  if (credentialType !== "passthrough")
    candidates.push(bearerToken(headers.get("authorization")), headers.get("x-api-key"));
  const keys = candidates.map((key) => key?.trim() ?? "");
  return keys.filter(
    (key, index) => key !== "" && key.length <= MAX_KEY_LENGTH && keys.indexOf(key) === index,
  );
}

/** The first presented key that is valid for this domain; null when none is, keys of other domains included. */
export async function findClientKey(
  env: Pick<Env, "TENANTS">,
  keys: readonly string[],
  domain: string,
): Promise<ClientKeyRecord | null> {
  for (const key of keys) {
    const record = await readClientKey(env, toHex(cachedSha256(key)));
    if (record && isSame(record.domain, domain)) return record;
  }
  return null;
}

/**
 * Whether a header that is forwarded holds a dashboard key: alone, after a scheme or a name, or in a list. With `replaced`, the proxy's
 * credential takes the place of the client's. Also where more texts than anybody sends have the length of one: the response says whether
 * one of them is the key, so a request could try thousands.
 */
export function forwardsDashboardKey(headers: HeaderEntries, config: Config, replaced: boolean): boolean {
  const keys = [config.DASHBOARD_API_KEY, config.DASHBOARD_VIEWER_KEY].filter((key) => key !== undefined);
  const shortest = Math.min(...keys.map(({ length }) => length));
  let comparisonsLeft = MAX_COMPARED_TEXTS;
  for (const [name, value] of headers) {
    if (value.length < shortest || !isForwarded(name) || (replaced && CREDENTIALS.has(name))) continue;
    // Only a text of the same length is hashed.
    const mayHold = (text: string) =>
      keys.some((key) => key.length === text.length && (--comparisonsLeft < 0 || isSame(text, key)));
    if (partsOf(value).some(mayHold)) return true;
  }
  return false;
}
const MAX_COMPARED_TEXTS = 40;

/** What of a header's value may be a key: all of it, its words, and what follows a word's first `=`. */
function partsOf(value: string): string[] {
  const words = value.split(/[\s,;:"'()<>&]+/);
  return [value, value.slice(value.indexOf(" ") + 1)].concat(
    words,
    words.flatMap((word) => (word.includes("=") ? word.slice(word.indexOf("=") + 1) : [])),
  );
}

function bearerToken(authorization: string | null): string | null {
  return /^bearer +(\S+)\s*$/i.exec(authorization ?? "")?.[1] ?? null;
}

/**
 * Synchronous, because awaiting `crypto.subtle.digest` on the hot path costs more than hashing a key. An isolate sees the same few keys
 * and domains repeatedly, and hashing one costs as much as reading all headers.
 */
const cachedSha256 = cachedByText(sha256, { entries: 1_000, maxLength: MAX_KEY_LENGTH });

/** Constant time: neither the domain of a key nor a dashboard key can be guessed in parts. */
function isSame(a: string, b: string): boolean {
  return crypto.subtle.timingSafeEqual(cachedSha256(a), cachedSha256(b));
}
