import { describe, expect, it } from "vitest";
import type { OAuthState, TokenPair } from "../../schemas/oauth.ts";
import {
  acceptPair,
  afterRefresh,
  recordForcedRefresh,
  isRefreshDue,
  nextStep,
  statusOf,
  nextAlarmAt,
} from "./session.ts";
import type { TokenOutcome } from "./protocol.ts";

const NOW = Date.UTC(2026, 10, 23, 12);
const MINUTE = 60_000;
const pairOf = (name: string, expiresAt = NOW + 60 * MINUTE): TokenPair => ({
  accessToken: `access-${name}`,
  refreshToken: `refresh-${name}`,
  expiresAt,
  scopes: ["user:inference"],
});
function stored(over: Partial<OAuthState> = {}, pair = pairOf("1")): OAuthState {
  const accepted = acceptPair(null, pair, `origin-${pair.refreshToken}`, false, NOW - 60 * MINUTE);
  if (accepted.result !== "stored") throw new Error("an empty account takes any pair");
  return { ...accepted.state, ...over };
}
const granted = (name: string): TokenOutcome => ({
  kind: "granted",
  accessToken: `access-${name}`,
  refreshToken: `refresh-${name}`,
  expiresInMs: 60 * MINUTE,
  scopes: null,
});
const failure: TokenOutcome = { kind: "failed", reason: "500" };
const over: TokenOutcome = { kind: "invalid_grant", reason: "400 invalid_grant" };
const step = (state: OAuthState, now: number, refused: number | null = null) =>
  nextStep(state, refused, now, MINUTE);

describe("a token", () => {
  const { expiresAt } = pairOf("1");

  it("serves until a minute before it expires, is renewed then, and serves on meanwhile until it has expired", () => {
    expect(step(stored(), expiresAt - MINUTE - 1)).toEqual({ do: "serve" });
    expect(step(stored(), expiresAt - MINUTE)).toEqual({ do: "refresh", serves: true });
    expect(step(stored(), expiresAt - 1)).toEqual({ do: "refresh", serves: true });
    expect(step(stored(), expiresAt)).toEqual({ do: "refresh", serves: false });
  });

  it("that upstream refused is renewed at once, unless another has come since", () => {
    const state = stored();
    expect(step(state, NOW, state.generation)).toEqual({ do: "refresh", serves: false });
    expect(step(state, NOW, state.generation - 1)).toEqual({ do: "serve" });
  });

  it("is not renewed without end for an endpoint that refuses every token", () => {
    let state = stored();
    let renewals = 0;
    for (let n = 0; n < 1_000; n++) {
      const now = NOW + n * 1_000;
      if (step(state, now, state.generation).do !== "refresh") continue;
      renewals += 1;
      state = afterRefresh(recordForcedRefresh(state, now), granted(`n${n}`), now, now);
    }
    expect(renewals).toBe(10);
    expect(step(state, NOW + 1_000_001, state.generation)).toEqual({ do: "refuse", why: "refused" });
    expect(step(state, NOW + 3_600_000, state.generation)).toMatchObject({ do: "refresh" });
  });

  it("that lives shorter than a minute is not renewed with every request", () => {
    const outcome: TokenOutcome = { ...granted("2"), expiresInMs: 30_000 } as TokenOutcome;
    const state = afterRefresh(stored(), outcome, NOW, NOW);
    expect(step(state, NOW + 1_000)).toEqual({ do: "serve" });
    expect(step(state, NOW + 2_000)).toEqual({ do: "refresh", serves: true });
    expect(nextAlarmAt(state, NOW)).toBe(NOW + MINUTE);
  });
});

describe("a renewal", () => {
  const { expiresAt } = pairOf("1");

  it("brings a new pair of a higher generation, whose life counts from the question", () => {
    const state = afterRefresh(stored({ failures: 3, retryAt: NOW }), granted("2"), NOW, NOW + 5_000);
    expect(state).toMatchObject({
      pair: pairOf("2"),
      rotations: 1,
      failures: 0,
      retryAt: null,
      lastError: null,
    });
    expect(state.generation).toBeGreaterThan(stored().generation);
  });

  it("keeps the refresh token and the scopes where the response names none", () => {
    const outcome = { ...granted("2"), refreshToken: null } as TokenOutcome;
    expect(afterRefresh(stored(), outcome, NOW, NOW).pair).toMatchObject({
      accessToken: "access-2",
      refreshToken: "refresh-1",
      scopes: ["user:inference"],
    });
  });

  it("keeps a new refresh token even where the access token is missing", () => {
    const outcome: TokenOutcome = { kind: "partial", refreshToken: "refresh-2", reason: "odd" };
    const state = afterRefresh(stored(), outcome, NOW, NOW);
    expect(state.pair).toEqual({ ...pairOf("1"), refreshToken: "refresh-2" });
    expect(state.retryAt).toBe(NOW + 1_000);
  });

  it("that fails is tried again after 1, 2, 4 … seconds, at most five minutes, while the old token serves", () => {
    let state = stored();
    const waits: number[] = [];
    for (let n = 0; n < 12; n++) {
      state = afterRefresh(state, failure, NOW, NOW);
      waits.push((state.retryAt ?? 0) - NOW);
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(Math.max(...waits)).toBe(300_000);
    const late = afterRefresh(stored(), failure, 0, expiresAt - MINUTE);
    expect(step(late, expiresAt - MINUTE + 500)).toEqual({ do: "serve" });
    expect(step(late, expiresAt - MINUTE + 1_000)).toEqual({ do: "refresh", serves: true });
    const expired = afterRefresh(stored(), failure, 0, expiresAt);
    expect(step(expired, expiresAt + 500)).toEqual({ do: "refuse", why: "unavailable" });
    expect(step(expired, expiresAt + 1_000)).toEqual({ do: "refresh", serves: false });
    expect(statusOf(expired, expiresAt)).toMatchObject({ state: "expired", failures: 1 });
  });

  it("is not put off by a clock that jumps back", () => {
    const state = { ...afterRefresh(stored(), failure, NOW, NOW + 86_400_000), pair: pairOf("1", NOW) };
    expect(step(state, NOW)).toEqual({ do: "refresh", serves: false });
  });

  it("that the vendor refuses for good ends the login, and one alert is sent", () => {
    const state = afterRefresh(stored(), over, NOW, NOW);
    expect(step(state, NOW)).toEqual({ do: "refuse", why: "needs_login" });
    expect(state).toMatchObject({ alertPending: true, needsLogin: { since: NOW } });
    expect(nextAlarmAt(state, NOW + 1)).toBe(NOW + 1);
    const notified = { ...state, alertPending: false };
    expect(nextAlarmAt(notified, NOW)).toBeNull();
    expect(afterRefresh(notified, over, NOW, NOW + 1).alertPending).toBe(false);
    expect(isRefreshDue(notified, NOW + 86_400_000)).toBe(false);
    const revived = afterRefresh(notified, granted("2"), NOW, NOW);
    expect(step(revived, NOW)).toEqual({ do: "serve" });
  });

  it("comes by itself five minutes before expiry, after a failure when it may be tried again", () => {
    expect(nextAlarmAt(stored(), NOW)).toBe(expiresAt - 5 * MINUTE);
    expect(isRefreshDue(stored(), expiresAt - 5 * MINUTE - 1)).toBe(false);
    expect(isRefreshDue(stored(), expiresAt - 5 * MINUTE)).toBe(true);
    const failed = afterRefresh(stored(), failure, 0, expiresAt);
    expect(nextAlarmAt(failed, expiresAt)).toBe(expiresAt + 1_000);
    expect(nextAlarmAt(stored(), expiresAt + MINUTE)).toBe(expiresAt + MINUTE);
  });
});

describe("a pair that somebody enters", () => {
  const accept = (state: OAuthState | null, pair: TokenPair, force = false) =>
    acceptPair(state, pair, `origin-${pair.refreshToken}`, force, NOW);
  const rotated = afterRefresh(stored(), granted("2"), NOW, NOW);

  it("is taken by an empty account, and in place of one that was never renewed here", () => {
    expect(accept(null, pairOf("1")).result).toBe("stored");
    expect(accept(stored(), pairOf("9")).result).toBe("stored");
  });

  it("never takes the place of one that was renewed here, except by force", () => {
    expect(accept(rotated, pairOf("9")).result).toBe("conflict");
    const taken = accept(rotated, pairOf("9"), true);
    expect(taken).toMatchObject({ result: "stored", state: { pair: pairOf("9"), rotations: 0 } });
    if (taken.result === "stored") expect(taken.state.generation).toBeGreaterThan(rotated.generation);
  });

  it("is recognised when it is the one this login began with, or the one it has now", () => {
    expect(accept(rotated, pairOf("1"))).toEqual({ result: "kept" });
    expect(accept(rotated, pairOf("2"))).toEqual({ result: "kept" });
  });

  it("revives an account whose login has ended, unless it is the ended one", () => {
    const ended = afterRefresh(rotated, over, NOW, NOW);
    expect(accept(ended, pairOf("9"))).toMatchObject({ result: "stored", state: { needsLogin: null } });
    expect(accept(ended, pairOf("1"))).toEqual({ result: "kept" });
  });
});

it("the status shows no part of a token", () => {
  const text = JSON.stringify(statusOf(afterRefresh(stored(), over, NOW, NOW), NOW));
  expect(text).not.toMatch(/access-|refresh-|origin-/);
  expect(statusOf(stored(), NOW)).toMatchObject({ state: "ready", expiresAt: "2026-11-23T13:00:00.000Z" });
});
