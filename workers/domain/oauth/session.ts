/**
 * Decisions about an account's login: when its token is used or renewed, the state after a renewal, and which tokens may
 * replace it. Pure; the OAuthAccount Durable Object keeps the state and acts on the decisions.
 */
import type { OAuthState, OAuthStatus, TokenPair } from "../../schemas/oauth.ts";
import type { TokenOutcome } from "./protocol.ts";

/** The alarm renews a token this long before it expires, so that requests seldom wait for it. */
const PROACTIVE_MS = 300_000;
/** Minimum interval of the alarm, for tokens with a lifetime below PROACTIVE_MS. */
const MIN_ALARM_GAP_MS = 60_000;
/** A pair is not renewed on demand within this time after its last renewal. */
const MIN_RENEWAL_GAP_MS = 2_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 300_000;
/**
 * Renewals of rejected tokens within FORCED_WINDOW_MS. An endpoint that rejects every token must not rotate the login with
 * each request.
 */
const MAX_FORCED_REFRESHES = 5;
const FORCED_WINDOW_MS = 600_000;

export type Step =
  | { do: "serve" }
  /** `serves`: the current token can be used during the renewal. */
  | { do: "refresh"; serves: boolean }
  | { do: "refuse"; why: "needs_login" | "refused" | "unavailable" };

/**
 * The step for a caller that needs a token at `now`. `rejected`: the generation of the token that upstream has just rejected,
 * or null. Renewal is due `earlyMs` before expiry.
 */
export function nextStep(state: OAuthState, rejected: number | null, now: number, earlyMs: number): Step {
  if (state.needsLogin) return { do: "refuse", why: "needs_login" };
  const isBackingOff = inBackoff(state, now);
  if (rejected !== null && rejected >= state.generation) {
    if (isBackingOff) return { do: "refuse", why: "unavailable" };
    if (recentlyForced(state, now).length >= MAX_FORCED_REFRESHES) return { do: "refuse", why: "refused" };
    return { do: "refresh", serves: false };
  }
  const left = state.pair.expiresAt - now;
  const age = now - state.obtainedAt;
  const isFresh = state.rotations > 0 && age >= 0 && age < MIN_RENEWAL_GAP_MS;
  if (left > earlyMs || (isFresh && left > 0)) return { do: "serve" };
  if (!isBackingOff) return { do: "refresh", serves: left > 0 };
  return left > 0 ? { do: "serve" } : { do: "refuse", why: "unavailable" };
}

/** Whether the alarm has to renew the token. */
export function isRefreshDue(state: OAuthState, now: number): boolean {
  return !state.needsLogin && !inBackoff(state, now) && now >= state.pair.expiresAt - PROACTIVE_MS;
}

/** Records a renewal of a token that upstream rejected. */
export function recordForcedRefresh(state: OAuthState, now: number): OAuthState {
  return { ...state, forcedAt: [...recentlyForced(state, now), now] };
}

/** The state after `outcome` of the token endpoint. `requestedAt`: the time from which lifetimes count. */
export function afterRefresh(
  state: OAuthState,
  outcome: TokenOutcome,
  requestedAt: number,
  now: number,
): OAuthState {
  switch (outcome.kind) {
    case "granted":
      return {
        ...state,
        pair: grantedPair(outcome, state.pair, requestedAt),
        generation: nextGeneration(state, now),
        rotations: state.rotations + 1,
        obtainedAt: now,
        failures: 0,
        retryAt: null,
        lastError: null,
        needsLogin: null,
        alertPending: false,
      };
    case "partial":
      return failed({ ...state, pair: { ...state.pair, refreshToken: outcome.refreshToken } }, outcome, now);
    case "failed":
      return failed(state, outcome, now);
    case "invalid_grant":
      return {
        ...failed(state, outcome, now),
        retryAt: null,
        needsLogin: state.needsLogin ?? { since: now, reason: outcome.reason },
        alertPending: state.alertPending || state.needsLogin === null,
      };
  }
}

/** The token pair of a grant; members missing in the response are taken from `before`. */
export function grantedPair(
  granted: Extract<TokenOutcome, { kind: "granted" }>,
  before: Pick<TokenPair, "refreshToken" | "scopes">,
  requestedAt: number,
): TokenPair {
  return {
    accessToken: granted.accessToken,
    refreshToken: granted.refreshToken ?? before.refreshToken,
    expiresAt: requestedAt + granted.expiresInMs,
    scopes: granted.scopes ?? before.scopes,
  };
}

export type Acceptance =
  | { result: "stored"; state: OAuthState }
  /** It is the stored login, which may have been renewed since. */
  | { result: "kept" }
  /** The stored pair was renewed and is another login; it would be lost. */
  | { result: "conflict" };

/**
 * Whether an entered pair replaces the stored one. `origin`: hex SHA-256 of its refresh token.
 * `force`: for a new login, and for administrators who confirm it.
 */
export function acceptPair(
  state: OAuthState | null,
  pair: TokenPair,
  origin: string,
  force: boolean,
  now: number,
): Acceptance {
  if (state && !force && state.rotations > 0) {
    if (origin === state.origin || pair.refreshToken === state.pair.refreshToken) return { result: "kept" };
    if (!state.needsLogin) return { result: "conflict" };
  }
  return {
    result: "stored",
    state: {
      v: 1,
      pair,
      generation: nextGeneration(state, now),
      origin,
      rotations: 0,
      obtainedAt: now,
      failures: 0,
      retryAt: null,
      lastError: null,
      needsLogin: null,
      alertPending: false,
      forcedAt: [],
    },
  };
}

/** The time of the next alarm, epoch milliseconds; null: none. */
export function nextAlarmAt(state: OAuthState, now: number): number | null {
  if (state.alertPending) return now;
  if (state.needsLogin) return null;
  const due = state.pair.expiresAt - PROACTIVE_MS;
  const gap = state.rotations > 0 && state.failures === 0 ? state.obtainedAt + MIN_ALARM_GAP_MS : 0;
  return Math.max(now, due, gap, state.retryAt ?? 0);
}

/** The status for administrators. Contains no part of a token. */
export function statusOf(state: OAuthState, now: number): Omit<OAuthStatus, "loginPendingUntil"> {
  const { pair, needsLogin, lastError } = state;
  const next = nextAlarmAt(state, now);
  return {
    state: needsLogin ? "needs_login" : pair.expiresAt <= now && state.failures > 0 ? "expired" : "ready",
    expiresAt: new Date(pair.expiresAt).toISOString(),
    scopes: pair.scopes,
    obtainedAt: new Date(state.obtainedAt).toISOString(),
    rotations: state.rotations,
    nextRefreshAt: needsLogin || next === null ? null : new Date(next).toISOString(),
    failures: state.failures,
    lastError: lastError && { ...lastError, at: new Date(lastError.at).toISOString() },
    needsLogin: needsLogin && { ...needsLogin, since: new Date(needsLogin.since).toISOString() },
  };
}

/** Greater than any earlier generation, even if the previous state is lost. */
function nextGeneration(state: OAuthState | null, now: number): number {
  return Math.max(now, (state?.generation ?? 0) + 1);
}

function failed(state: OAuthState, { reason }: { reason: string }, now: number): OAuthState {
  const failures = state.failures + 1;
  const backoff = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 20));
  return { ...state, failures, retryAt: now + backoff, lastError: { at: now, message: reason } };
}

/** Not longer than MAX_BACKOFF_MS if the clock was set back. */
function inBackoff({ retryAt }: OAuthState, now: number): boolean {
  return retryAt !== null && now < retryAt && retryAt - now <= MAX_BACKOFF_MS;
}

function recentlyForced({ forcedAt }: OAuthState, now: number): number[] {
  return forcedAt.filter((at) => at <= now && now - at < FORCED_WINDOW_MS);
}
