/** Dashboard keys: compared in constant time over SHA-256, never stored. */
import type { Config } from "../../runtime/config.ts";
import { accessApplication } from "../../domain/auth/access-identity.ts";
import { sha256 } from "../../domain/sha256.ts";
import type { Role } from "../../schemas/api/session.ts";

type Keys = Pick<Config, "DASHBOARD_API_KEY" | "DASHBOARD_VIEWER_KEY">;
const encoder = new TextEncoder();
/** A shorter key could be guessed. 24 characters of base64 are 144 bits. */
const MIN_KEY_CHARACTERS = 24;

/** The message where neither a key nor Cloudflare Access is configured. */
export const NO_KEY_CONFIGURED =
  "Closed: no dashboard key is configured. Set one with `wrangler secret put DASHBOARD_API_KEY`.";

/** A message that names the configured keys that are too short to be used; null when there is none. */
export function shortKeyProblem(config: Keys): string | null {
  const short = (["DASHBOARD_API_KEY", "DASHBOARD_VIEWER_KEY"] as const).filter(
    (name) => config[name] !== undefined && config[name].length < MIN_KEY_CHARACTERS,
  );
  if (short.length === 0) return null;
  return `Closed: ${short.join(" and ")} must have at least ${MIN_KEY_CHARACTERS} characters. Set a longer key, such as the output of \`openssl rand -base64 32\`.`;
}

/** The message where a key would sign in to a dashboard that Cloudflare Access guards. */
export const ACCESS_ONLY =
  "Sign in through Cloudflare Access. Keys do not open this dashboard, unless ACCESS_ALLOW_KEY is true.";

/** Whether keys, and the sessions that they opened, are valid on the dashboard; the public API accepts them always. */
export function keysOpenDashboard(
  config: Parameters<typeof accessApplication>[0] & Pick<Config, "ACCESS_ALLOW_KEY">,
) {
  return config.ACCESS_ALLOW_KEY || accessApplication(config) === "none";
}

/** The configured keys and their roles, administrator first. */
export function configuredKeys(config: Keys): { key: string; role: Role }[] {
  const keys: { key: string; role: Role }[] = [];
  if (config.DASHBOARD_API_KEY) keys.push({ key: config.DASHBOARD_API_KEY, role: "administrator" });
  if (config.DASHBOARD_VIEWER_KEY) keys.push({ key: config.DASHBOARD_VIEWER_KEY, role: "viewer" });
  return keys;
}

/** The matching configured key and its role, or null. Every configured key is compared, whatever the result. */
export function roleOfKey(config: Keys, given: string): { key: string; role: Role } | null {
  const hash = sha256(given);
  let found: { key: string; role: Role } | null = null;
  for (const candidate of configuredKeys(config)) {
    const isEqual = crypto.subtle.timingSafeEqual(hash, sha256(candidate.key));
    if (isEqual && !found) found = candidate;
  }
  return found;
}

/**
 * What a session stores of the key it was opened with: an HMAC of the key under the session token, which is not stored.
 * So guesses of a short key cannot be tested with the database alone.
 */
export async function keyFingerprint(token: string, key: string): Promise<Uint8Array> {
  const secret = await crypto.subtle.importKey(
    "raw",
    encoder.encode(token),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  return new Uint8Array(await crypto.subtle.sign("HMAC", secret, encoder.encode(key)));
}
