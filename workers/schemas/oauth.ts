/** The login of an account: the sealed state of its Durable Object, results for the proxy, and the status for administrators. */
import { z } from "zod";

/** Access and refresh token of one login. */
export const TokenPair = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Epoch milliseconds. */
  expiresAt: z.number(),
  scopes: z.array(z.string()),
});
export type TokenPair = z.infer<typeof TokenPair>;

/** State of an OAuthAccount object, sealed as a whole. */
export const OAuthState = z.object({
  v: z.literal(1),
  pair: TokenPair,
  /** Grows with every pair, which distinguishes a rejected token from a newer one. Never reset. */
  generation: z.number().int(),
  /** Hex SHA-256 of the login's first refresh token, to recognise the same credential after rotations. */
  origin: z.string(),
  /** Renewals of the pair since the login. */
  rotations: z.number().int(),
  /** When this pair was obtained, epoch milliseconds. */
  obtainedAt: z.number(),
  /** Failed renewals since the last successful one. */
  failures: z.number().int(),
  /** No renewal before this, epoch milliseconds; null: when it is due. */
  retryAt: z.number().nullable(),
  lastError: z.object({ at: z.number(), message: z.string() }).nullable(),
  /** The vendor ended this login. */
  needsLogin: z.object({ since: z.number(), reason: z.string() }).nullable(),
  /** The alert about that has not been raised yet. */
  alertPending: z.boolean(),
  /** Times of recent renewals after upstream rejected a token. */
  forcedAt: z.array(z.number()),
});
export type OAuthState = z.infer<typeof OAuthState>;

/** A pending login, before its code is pasted. Sealed. */
export const PendingLogin = z.object({ verifier: z.string(), state: z.string(), expiresAt: z.number() });
export type PendingLogin = z.infer<typeof PendingLogin>;

/** Result of requesting an access token. */
export type TokenResult =
  | { result: "token"; accessToken: string; expiresAt: number; generation: number }
  /** No login is stored, it has ended, or it was sealed with a removed key: an administrator has to log in. */
  | { result: "missing" }
  | { result: "needs_login" }
  | { result: "unreadable" }
  /** Upstream rejects tokens faster than they may be renewed: its response is passed on. */
  | { result: "refused" }
  /** The login server fails. */
  | { result: "unavailable" };

export const OAuthStateName = z
  .enum(["ready", "expired", "needs_login", "missing", "unreadable"])
  .describe(
    "`expired`: the access token has expired and its renewal fails at the moment; `needs_login`: the vendor ended the login; `unreadable`: sealed with a key that is no longer in CREDENTIAL_KEYS.",
  );
export type OAuthStateName = z.infer<typeof OAuthStateName>;

const time = z.iso.datetime().nullable();

export const OAuthStatus = z.object({
  state: OAuthStateName,
  expiresAt: time.describe("Of the access token."),
  scopes: z.array(z.string()),
  obtainedAt: time.describe("When the current pair of tokens was obtained."),
  rotations: z.number().int().describe("Renewals of the pair since the login."),
  nextRefreshAt: time.describe("Next scheduled renewal."),
  failures: z.number().int().describe("Consecutive failed renewals."),
  lastError: z.object({ at: z.iso.datetime(), message: z.string() }).nullable(),
  needsLogin: z.object({ since: z.iso.datetime(), reason: z.string() }).nullable(),
  loginPendingUntil: time.describe("A login is pending; its code is accepted until then."),
});
export type OAuthStatus = z.infer<typeof OAuthStatus>;

/** Result of completing a login. */
export type LoginResult =
  | { result: "done" }
  /** No login is pending, or it has expired. */
  | { result: "not_begun" }
  /** The pasted text is no code, or belongs to another login. */
  | { result: "not_ours" }
  | { result: "refused" | "unavailable"; reason: string };
