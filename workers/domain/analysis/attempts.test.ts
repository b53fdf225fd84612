import { expect, test } from "vitest";
import { countedAttempts, isLastAttempt, mayBeBilled, retryDelayMs, waitAfter } from "./attempts.ts";

const NOW = new Date("2026-12-01T12:00:00Z");
/** Attempts that ended with these codes so many hours ago, and the one that ends now. */
const tries = (codes: string[], hours = 1) => ({
  attempts: codes.length + 1,
  errors: codes.map((code) => ({ code, at: new Date(NOW.getTime() - hours * 3_600_000).toISOString() })),
});
const many = (code: string, count: number) => Array.from({ length: count }, () => code);

test("refusals do not count towards the limit of attempts", () => {
  expect(countedAttempts(tries(["rate_limited", "timeout", "quota_day", "over_budget"]))).toBe(2);
});

test.each([
  [tries(many("rate_limited", 5)), "timeout", false],
  [tries(["timeout", "rate_limited", "timeout"]), "timeout", true],
  [tries(many("rate_limited", 5)), "rate_limited", false],
  [tries(["timeout", "timeout"]), "rate_limited", false],
  [tries(many("rate_limited", 29)), "rate_limited", true],
  [tries(["quota_day", "quota_day"], 71), "quota_day", false],
  [tries(["quota_day", "quota_day"], 73), "quota_day", true],
  [tries(["timeout"], 73), "quota_day", false],
])("after %j, one that ends with %s is the last: %s", (before, code, isLast) => {
  expect(isLastAttempt(before, code, 3, NOW)).toBe(isLast);
});

test.each([
  [tries([]), "timeout", undefined, 1_000],
  [tries(["rate_limited", "timeout"]), "timeout", undefined, 2_500],
  [tries([]), "unexpected_end", 0, 0],
  [tries([]), "rate_limited", 7_000, 7_000],
  [tries(many("rate_limited", 20)), "rate_limited", 7_000, 900_000],
])("after %j, the next attempt after %s (asked for %s ms) comes in %i ms", (before, code, asked, delay) => {
  expect(retryDelayMs(before, code, asked)).toBe(delay);
});

test("a call may have been billed unless it was not made or was rejected unread", () => {
  for (const code of [
    "timeout",
    "provider_error",
    "interrupted",
    "invalid_response",
    "response_too_large",
    "of later",
  ])
    expect(mayBeBilled(code), code).toBe(true);
  for (const code of [
    "rate_limited",
    "key_rejected",
    "model_gone",
    "rejected",
    "domain_off",
    "no_branch",
    "no_transcript",
    "not_configured",
  ])
    expect(mayBeBilled(code), code).toBe(false);
});

test("only a refusal makes an analysis wait for something", () => {
  expect(["rate_limited", "over_budget", "timeout"].map(waitAfter)).toEqual(["provider", "budget", null]);
});
