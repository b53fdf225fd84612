/** Exchanges a dashboard key for a session; wrong keys are slowed down. Called through the DashboardApi entrypoint. */
import { toBase64Url, toHex } from "../../domain/bytes.ts";
import { sha256 } from "../../domain/sha256.ts";
import { loadConfig } from "../../runtime/config.ts";
import { LIVE_FEED_NAME, SESSION_MS } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { SignInResult } from "../../schemas/api/session.ts";
import { SignInRequest } from "../../schemas/api/session.ts";
import { createSession, revokeSession } from "../../store/admin/sessions.ts";
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

const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;

const ERROR_MESSAGES = {
  wrong: "This key is not valid.",
  unavailable: "Sign-in is unavailable, because the database cannot be reached. Try again in a minute.",
};

/** One attempt at `now` (epoch milliseconds). SignInResult lists the outcomes. */
export async function signIn(env: Env, request: SignInRequest, now: number): Promise<SignInResult> {
  const config = loadConfig(env);
  if (configuredKeys(config).length === 0) return { result: "closed", message: NO_KEY_CONFIGURED };
  const problem = shortKeyProblem(config);
  if (problem) return { result: "unavailable", message: problem };
  if (!keysOpenDashboard(config)) return { result: "closed", message: ACCESS_ONLY };
  const parsed = SignInRequest.safeParse(request);
  const found = parsed.success ? roleOfKey(config, parsed.data.key) : null;
  if (!found) {
    const attempt = { address: parsed.data?.address ?? "unknown", way: "sign-in" } as const;
    const tooMany = await slowDownWrongKey(env, config, attempt, now);
    return tooMany ?? { result: "wrong", message: ERROR_MESSAGES.wrong };
  }
  try {
    const token = newToken();
    const tokenHash = sha256(token);
    const expiresAt = new Date(now + SESSION_MS);
    await createSession(config, {
      tokenHash,
      role: found.role,
      actor: sessionActor(tokenHash),
      keyFingerprint: await keyFingerprint(token, found.key),
      now: new Date(now),
      expiresAt,
    });
    return { result: "signed_in", token, role: found.role, expiresAt: expiresAt.toISOString() };
  } catch (thrown) {
    log.error("sign-in: failed", { error: errorText(thrown) });
    return { result: "unavailable", message: ERROR_MESSAGES.unavailable };
  }
}

/**
 * Revokes the session with this token and ends its live streams; unknown and ended sessions are ignored. Rejects when the database
 * is unavailable.
 */
export async function signOut(env: Env, token: string, now: number): Promise<void> {
  if (typeof token !== "string" || !TOKEN.test(token)) return;
  const tokenHash = sha256(token);
  const feed = env.LIVE_FEED.getByName(LIVE_FEED_NAME);
  await revokeSession(loadConfig(env), tokenHash, new Date(now));
  await feed
    .endReader(sessionActor(tokenHash))
    .catch((thrown: unknown) => log.error("sign-out: live streams not ended", { error: errorText(thrown) }));
}

/** The name of a session in the audit log: identifies it, but cannot be used to sign in. */
function sessionActor(tokenHash: Uint8Array): string {
  return `session:${toHex(tokenHash.subarray(0, 4))}`;
}

function newToken(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
}
