/**
 * Identifies a caller by the credentials of the request. A public host accepts dashboard keys only; the dashboard's
 * binding also accepts sessions and Cloudflare Access tokens, which the dashboard forwards.
 */
import { type Config, loadConfig } from "../../runtime/config.ts";
import { accessApplication, type AccessApplication } from "../../domain/auth/access-identity.ts";
import { sha256 } from "../../domain/sha256.ts";
import {
  type Caller,
  CLIENT_ADDRESS_HEADER,
  CREDENTIAL_HEADERS,
  type Role,
  type Via,
  type WhoAmI,
} from "../../schemas/api/session.ts";
import { findSession } from "../../store/admin/sessions.ts";
import { DatabaseUnavailableError } from "../../store/db/errors.ts";
import { verifyAccessToken } from "./cloudflare-access.ts";
import type { Audience } from "../http/context.ts";
import {
  ACCESS_ONLY,
  configuredKeys,
  keyFingerprint,
  keysOpenDashboard,
  NO_KEY_CONFIGURED,
  roleOfKey,
  shortKeyProblem,
} from "./dashboard-keys.ts";
import { slowDownWrongKey } from "./key-guard.ts";

const TOKEN = /^[\w-]{43}$/;

const NO_KEY_GIVEN = "Send a dashboard key in the header X-Dashboard-Key.";
const WRONG_KEY = "This dashboard key is not valid.";
const SESSION_ENDED = "This session has ended. Sign in again.";
const ACCESS_REFUSED = "This Cloudflare Access token is not valid for the dashboard.";
const CERTS_UNREACHABLE =
  "The certificates of Cloudflare Access cannot be fetched, so the token cannot be checked. Try again in a minute.";
const DATABASE_UNREACHABLE =
  "The database is unavailable, so the session cannot be checked. Try again in a minute.";

/** Reads one header; null when absent or empty. */
export type HeaderReader = (name: string) => string | null;

/** The caller at `now` (epoch milliseconds). Never throws, whatever is sent and whatever is unavailable. */
export async function identify(
  env: Env,
  header: HeaderReader,
  audience: Audience,
  now: number,
): Promise<WhoAmI> {
  const config = loadConfig(env);
  const problem = shortKeyProblem(config);
  if (problem) return { result: "unavailable", message: problem };
  const application = audience === "public" ? "none" : accessApplication(config);
  if (application !== "none" && "problem" in application)
    return { result: "unavailable", message: `Closed: ${application.problem}` };
  const areKeysValid = audience === "public" || keysOpenDashboard(config);
  const key = header(CREDENTIAL_HEADERS.key);
  if (key && !areKeysValid) return { result: "refused", message: ACCESS_ONLY };
  if (key) {
    const caller = identifyByKey(config, key);
    if (caller.result !== "refused") return caller;
    const [way, addressHeader] =
      audience === "public"
        ? (["api", "cf-connecting-ip"] as const)
        : (["dashboard", CLIENT_ADDRESS_HEADER] as const);
    const address = header(addressHeader) ?? "unknown";
    return (await slowDownWrongKey(env, config, { address, way }, now)) ?? caller;
  }
  const jwt = header(CREDENTIAL_HEADERS.accessJwt);
  // Without an Access application the token is ignored.
  if (jwt && application !== "none") return identifyByAccess(application, jwt, now);
  if (!areKeysValid) return readOnlyOr(config, { result: "closed", message: ACCESS_ONLY });
  const session = audience === "dashboard" && header(CREDENTIAL_HEADERS.session);
  if (session) return identifyBySession(config, session, now);
  return identifyAnonymous(config, NO_KEY_GIVEN);
}

/** Where no key is configured there is none to guess: a wrong one is not counted. */
function identifyByKey(config: Config, given: string): WhoAmI {
  if (configuredKeys(config).length === 0) return { result: "closed", message: NO_KEY_CONFIGURED };
  const found = roleOfKey(config, given);
  if (!found) return { result: "refused", message: WRONG_KEY };
  return knownCaller(found.role, found.role === "administrator" ? "dashboard-key" : "viewer-key", "key");
}

async function identifyByAccess(application: AccessApplication, jwt: string, now: number): Promise<WhoAmI> {
  const verified = await verifyAccessToken(application, jwt, now);
  if (verified.result === "unavailable") return { result: "unavailable", message: CERTS_UNREACHABLE };
  if (verified.result === "invalid") return { result: "refused", message: ACCESS_REFUSED };
  return knownCaller(verified.role, verified.actor, "access");
}

async function identifyBySession(config: Config, token: string, now: number): Promise<WhoAmI> {
  if (!TOKEN.test(token)) return identifyAnonymous(config, SESSION_ENDED);
  try {
    const session = await findSession(config, sha256(token));
    if (!session || session.revokedAt || session.expiresAt.getTime() <= now)
      return identifyAnonymous(config, SESSION_ENDED);
    // The role is that of the currently configured key: changing a key ends its sessions.
    for (const { key, role } of configuredKeys(config)) {
      const fingerprint = await keyFingerprint(token, key);
      if (isEqual(fingerprint, session.keyFingerprint)) return knownCaller(role, session.actor, "session");
    }
    return identifyAnonymous(config, SESSION_ENDED);
  } catch (thrown) {
    if (thrown instanceof DatabaseUnavailableError)
      return { result: "unavailable", message: DATABASE_UNREACHABLE };
    throw thrown;
  }
}

function identifyAnonymous(config: Config, message: string): WhoAmI {
  const isClosed = configuredKeys(config).length === 0 && accessApplication(config) === "none";
  return readOnlyOr(
    config,
    isClosed ? { result: "closed", message: NO_KEY_CONFIGURED } : { result: "anonymous", message },
  );
}

/** A viewer where everyone may read, else `result`. */
function readOnlyOr(config: Config, result: WhoAmI): WhoAmI {
  return config.DASHBOARD_READ_ONLY ? knownCaller("viewer", "anyone", "read_only") : result;
}

function knownCaller(role: Role, actor: string, via: Via): { result: "known" } & Caller {
  return { result: "known", role, actor, via, readOnly: role !== "administrator" };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
}
