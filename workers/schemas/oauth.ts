/** The login of an account: what its Durable Object keeps (sealed), what it tells the proxy, and what administrators see. */
import { z } from "zod";

/** Access and refresh token of one login, as the vendor gave them. */
export const TokenPair = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Epoch milliseconds. */
  expiresAt: z.number(),
  scopes: z.array(z.string()),
});
export type TokenPair = z.infer<typeof TokenPair>;

/** What the object of an account remembers. Kept sealed as a whole. */
export const OAuthState = z.object({
  v: z.literal(1),
  pair: TokenPair,
  /** Grows with every pair: tells a token that upstream refused from one that has come since. Never starts again. */
  generation: z.number().int(),
  /** Hex SHA-256 of the refresh token this login began with: the same credential put again is recognised after rotations. */
  origin: z.string(),
  /** How often the pair has been renewed here. */
  rotations: z.number().int(),
  /** When this pair came, epoch milliseconds. */
  obtainedAt: z.number(),
  /** Renewals that failed since the last one that did not. */
  failures: z.number().int(),
  /** No renewal before this, epoch milliseconds; null: whenever it is due. */
  retryAt: z.number().nullable(),
  lastError: z.object({ at: z.number(), message: z.string() }).nullable(),
  /** The vendor said that this login is over. */
  needsLogin: z.object({ since: z.number(), reason: z.string() }).nullable(),
  /** Somebody has to be told that it is over, and has not been yet. */
  alertPending: z.boolean(),
  /** When upstream's refusals of a token made us renew it, lately. */
  forcedAt: z.array(z.number()),
});
export type OAuthState = z.infer<typeof OAuthState>;

/** A login that was begun and whose code has not come back yet. Kept sealed. */
export const PendingLogin = z.object({ verifier: z.string(), state: z.string(), expiresAt: z.number() });
export type PendingLogin = z.infer<typeof PendingLogin>;

/** The answer to whoever needs an access token now. */
export type TokenResult =
  | { result: "token"; accessToken: string; expiresAt: number; generation: number }
  /** No login is stored, it is over, or it was sealed with a key that is gone: a person has to log in. */
  | { result: "missing" }
  | { result: "needs_login" }
  | { result: "unreadable" }
  /** Upstream refuses tokens faster than they may be renewed: what it says stands. */
  | { result: "refused" }
  /** The login server does not answer as it should. */
  | { result: "unavailable" };

export const OAuthStateName = z
  .enum(["ready", "expired", "needs_login", "missing", "unreadable"])
  .describe(
    "`expired`: the access token is over and renewing it fails for now; `needs_login`: the vendor ended the login; `unreadable`: sealed with a key that CREDENTIAL_KEYS no longer holds.",
  );
export type OAuthStateName = z.infer<typeof OAuthStateName>;

const time = z.iso.datetime().nullable();

export const OAuthStatus = z.object({
  state: OAuthStateName,
  expiresAt: time.describe("Of the access token."),
  scopes: z.array(z.string()),
  obtainedAt: time.describe("When the present pair of tokens came."),
  rotations: z.number().int().describe("How often the pair has been renewed here since the login."),
  nextRefreshAt: time.describe("When it is renewed by itself."),
  failures: z.number().int().describe("Renewals that failed in a row."),
  lastError: z.object({ at: z.iso.datetime(), message: z.string() }).nullable(),
  needsLogin: z.object({ since: z.iso.datetime(), reason: z.string() }).nullable(),
  loginPendingUntil: time.describe("A login was begun; its code is accepted until then."),
});
export type OAuthStatus = z.infer<typeof OAuthStatus>;

/** How completing a login ended. */
export type LoginResult =
  | { result: "done" }
  /** None was begun, or too long ago. */
  | { result: "not_begun" }
  /** What was pasted is no code, or belongs to another login. */
  | { result: "not_ours" }
  | { result: "refused" | "unavailable"; reason: string };
