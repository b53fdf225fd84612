import { describe, expect, test } from "vitest";
import { BILLED_KINDS } from "../../schemas/tokens.ts";
import { type RateQuery, findRates } from "./rates.ts";
import { PRICES } from "./price-table.ts";
import { parseUsd } from "./usd.ts";

const NOON = new Date("2026-11-22T12:00:00Z");
const plain = { at: NOON, promptTokens: 1, isFast: false, isBatch: false, isUsGeography: false };
const all = (questions: Partial<RateQuery>[]) =>
  PRICES.flatMap((row) =>
    row.models.flatMap((model) =>
      questions.map((question) => ({
        row,
        result: findRates({
          ...plain,
          model,
          at: new Date(row.from ?? NOON),
          promptTokens: row.promptAbove + 1,
          ...question,
        }),
      })),
    ),
  );

describe("the table", () => {
  test("has one price for every model, day and length of prompt", () => {
    const days = PRICES.flatMap(({ from, to }) => [from, to]).filter((day) => day !== null);
    for (const model of new Set(PRICES.flatMap(({ models }) => models))) {
      const rows = PRICES.filter(({ models }) => models.includes(model));
      const first = rows.some(({ from }) => from === null)
        ? "2024-01-01"
        : rows.map(({ from }) => from!).sort()[0]!;
      for (const day of [first, ...days, "2030-01-01"].filter((each) => each >= first))
        for (const promptTokens of [0, 1, 100_000, 100_001, 1_000_000])
          for (const time of ["T00:00:00Z", "T23:59:59.999Z"]) {
            const at = new Date(`${day}${time}`);
            const holding = rows.filter(
              (row) =>
                (row.from ?? "") <= day &&
                day < (row.to ?? "9") &&
                (row.promptAbove === 0 || promptTokens > row.promptAbove) &&
                promptTokens <= (row.promptUpTo ?? Infinity),
            );
            expect([model, day, promptTokens, holding.length]).toEqual([model, day, promptTokens, 1]);
            expect(findRates({ ...plain, model, at, promptTokens }).problem).toBeNull();
          }
    }
  });

  test("is exact in pico-dollars for every rate under every combination of modifiers", () => {
    const flags = [false, true];
    const questions = flags.flatMap((isFast) =>
      flags.flatMap((isBatch) => flags.map((isUsGeography) => ({ isFast, isBatch, isUsGeography }))),
    );
    let exact = 0;
    for (const { row, result } of all(questions)) {
      if (!result.rates) continue;
      const has = (name: string) => result.modifiers.some((modifier) => modifier === name);
      const isFast = has("fast_mode") && typeof row.fast === "object" && row.fast !== null;
      const published = {
        input: row.input,
        cache_write_5m: row.write5m,
        cache_write_1h: row.write1h,
        cache_read: row.read,
      };
      const input = parseUsd(row.input);
      const fastInput = isFast ? parseUsd((row.fast as { input: string }).input) : input;
      for (const kind of BILLED_KINDS) {
        const base =
          kind === "output"
            ? parseUsd(isFast ? (row.fast as { output: string }).output : row.output) * input
            : parseUsd(published[kind]) * fastInput;
        // rate × 10⁶ × input × (10 for the US) × (2 for a batch) = published × fast input × (11) × (1): no division, no rounding.
        const left =
          result.rates[kind] *
          1_000_000n *
          input *
          (has("us_geography") ? 10n : 1n) *
          (has("batch") ? 2n : 1n);
        expect(left).toBe(base * (has("us_geography") ? 11n : 1n));
        exact++;
      }
    }
    expect(exact).toBeGreaterThan(400);
  });

  test("keeps the published proportions: 1.25 and 2 times input for writes, never more than a tenth for reads", () => {
    for (const { models, input, write5m, write1h, read } of PRICES) {
      const [one, five, hour, hit] = [input, write5m, write1h, read].map(parseUsd) as [
        bigint,
        bigint,
        bigint,
        bigint,
      ];
      expect([models[0], five * 4n, hour, hit * 10n <= one]).toEqual([models[0], one * 5n, one * 2n, true]);
    }
  });

  test("says where and when each price was read", () => {
    for (const { source, checked } of PRICES) {
      expect(source).toMatch(/^https:\/\/|^The model catalogue of Claude Code \d/);
      expect(checked).toMatch(/^\d{4}-\d\d-\d\d$/);
    }
  });
});

test.each([
  ["claude-opus-5[1m]", "claude-opus-5"],
  ["claude-opus-5-5[1M]", "claude-opus-5-5"],
  ["claude-opus-4-6-20260205[1m]", "claude-opus-4-6"],
])("%s has the rates of %s", (spelling, model) => {
  const { rates } = findRates({ ...plain, model });
  expect(rates).not.toBeNull();
  expect(findRates({ ...plain, model: spelling }).rates).toEqual(rates);
});

test("Fable 5.2 and Mythos 5.2 have the rates of Claude Code's catalogue", () => {
  const catalogue = [
    [false, { input: 8, cache_write_5m: 10, cache_write_1h: 16, cache_read: 0.2, output: 40 }],
    [true, { input: 16, cache_write_5m: 20, cache_write_1h: 32, cache_read: 0.4, output: 80 }],
  ] as const;
  for (const model of ["claude-fable-5-2", "claude-mythos-5-2"])
    for (const [isFast, dollars] of catalogue) {
      const { rates } = findRates({ ...plain, model, isFast });
      for (const kind of BILLED_KINDS) expect(Number(rates![kind]) / 1e6, kind).toBe(dollars[kind]);
    }
});

test.each<[string, Partial<RateQuery> & { model: string | null }]>([
  ["unknown_model", { model: null }],
  ["unknown_model", { model: "claude-opus-5-50" }],
  ["unknown_model", { model: "claude-opus-5[2m]" }],
  ["unknown_model", { model: "claude-opus-5[1m][1m]" }],
  ["unknown_model", { model: "[1m]" }],
  ["unknown_model", { model: "claude-opus-5 [1m]" }],
  ["no_price_at_date", { model: "claude-haiku-5-5", at: new Date("2026-10-06T23:59:59.999Z") }],
  ["no_fast_price", { model: "claude-opus-4-7", isFast: true }],
  ["fast_in_batch", { model: "claude-opus-5-5", isFast: true, isBatch: true }],
])("a rate that is not known is not guessed %s: %j", (problem, question) => {
  expect(findRates({ ...plain, ...question })).toEqual({ rates: null, problem });
});
