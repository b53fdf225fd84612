import { expect, test } from "vitest";
import { formatUsd } from "../pricing/usd.ts";
import { analysisCost, budgetFor, estimateCost } from "./price.ts";

const usage = { inputTokens: 1_000_000, cachedInputTokens: 0, outputTokens: 100_000, thinkingTokens: 40_000 };
const cost = (
  ...[provider, model, day, changed = {}]: ["gemini" | "claude", string, string, Partial<typeof usage>?]
) => {
  const pico = analysisCost(provider, model, { ...usage, ...changed }, new Date(day));
  return pico === null ? null : formatUsd(pico);
};

test.each([
  ["gemini", "gemini-3.8-flash", "2026-12-31T23:59:59Z", {}, "1.125"],
  ["gemini", "gemini-3.8-flash", "2027-01-01", {}, "2.25"],
  ["gemini", "gemini-3.8-flash", "2026-12-01", { cachedInputTokens: 400_000 }, "0.855"],
  ["gemini", "gemini-4-argon", "2026-11-30", {}, "3"],
  ["gemini", "gemini-4-argon", "2026-12-01", {}, "6"],
  ["gemini", "gemini-5", "2026-12-01", {}, null],
  ["claude", "gemini-3.8-flash", "2026-12-01", {}, null],
] as const)("%s %s on %s with %j costs %s", (provider, model, day, changed, expected) => {
  expect(cost(provider, model, day, changed)).toBe(expected);
});

test("a model of Claude costs what proxied requests cost", () => {
  expect(cost("claude", "claude-opus-5-5", "2026-12-01", { inputTokens: 1_000, outputTokens: 100 })).toBe(
    "0.006",
  );
});

test.each([
  [null, 99n, null, "covered"],
  [0n, 0n, 1n, "waits"],
  [10n, 0n, null, "never"],
  [10n, 0n, 11n, "never"],
  [10n, 5n, 5n, "covered"],
  [10n, 6n, 5n, "waits"],
] as const)(
  "a budget of %s of which %s is spent and an estimate of %s: %s",
  (budget, spent, estimate, verdict) => {
    expect(budgetFor(budget, spent, estimate)).toBe(verdict);
  },
);

test("an estimate assumes a response, and a prompt where none is known", () => {
  const estimate = (tokens: number | null, model = "gemini-3.8-flash") =>
    estimateCost("gemini", model, tokens, new Date("2026-12-01"));
  expect(formatUsd(estimate(1_000_000)!)).toBe("0.765");
  expect(estimate(null)).toBeGreaterThan(estimate(1)!);
  expect(estimate(1, "gemini-5")).toBeNull();
});
