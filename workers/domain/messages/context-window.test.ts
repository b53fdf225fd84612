import { describe, expect, it } from "vitest";
import { PRICES } from "../pricing/price-table.ts";
import { contextWindow, knownWindow } from "./context-window.ts";

describe("the context window", () => {
  it.each([
    ["claude-opus-5-5", 1_000_000],
    ["claude-opus-4-6-20260205", 1_000_000],
    ["claude-sonnet-5", 1_000_000],
    ["claude-fable-5-1", 1_000_000],
    ["claude-opus-4-5-20251101", 200_000],
    ["claude-sonnet-4-20250514", 200_000],
    ["claude-opus-4-20250514", 200_000],
    ["claude-haiku-5-5", 1_000_000],
    ["claude-haiku-5-5-20261007", 1_000_000],
    ["claude-fable-5-2", 1_000_000],
    ["claude-mythos-5-2", 1_000_000],
    ["claude-opus-6", 1_000_000],
    ["claude-haiku-4-5", 200_000],
    ["claude-haiku-6", 200_000],
    ["claude-3-5-haiku-latest", 200_000],
    ["somebody-elses-model", 200_000],
    [null, 200_000],
  ])("of %s is %i tokens", (model, tokens) => {
    expect(contextWindow(model, 1_000).tokens).toBe(tokens);
  });

  it("is known for every model with a price", () => {
    const models = PRICES.flatMap((row) => row.models);
    expect(models.filter((model) => knownWindow(model) === null)).toEqual([]);
    for (const model of ["claude-opus-6", "claude-haiku-5-6", "CLAUDE-OPUS-5", "", null])
      expect(knownWindow(model), model ?? "null").toBeNull();
  });

  it("is the large one where a beta or the name selects it", () => {
    expect(contextWindow("claude-sonnet-4-5", 10, "oauth-2025-04-20,context-1m-2025-08-07").tokens).toBe(
      1_000_000,
    );
    expect(contextWindow("claude-sonnet-4-5[1m]", 10).tokens).toBe(1_000_000);
  });

  it("is the large one where more was taken than fits the usual one", () => {
    expect(contextWindow("claude-sonnet-4-5", 200_001).tokens).toBe(1_000_000);
    expect(contextWindow("claude-sonnet-4-5", 200_000).tokens).toBe(200_000);
  });
});
