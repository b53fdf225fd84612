import { expect, it } from "vitest";
import { filledSeries, limitFigures, planSliding, slidingTotals, slotsBetween } from "./time-series.ts";
import type { TokenTotals } from "../../schemas/tokens.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 3, 20);
const MINUTE = 60_000;

const used = (outputTokens: number): TokenTotals => ({
  requests: 1,
  inputTokens: 0,
  outputTokens,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  costPico: BigInt(outputTokens),
  unpricedCount: 0,
});

it("series have every slot, from the one the window begins in to the one it ends in", () => {
  const slots = slotsBetween(NOW - 10 * MINUTE + 1, NOW + 1, 5 * MINUTE);
  expect(slots.map((at) => new Date(at).toISOString().slice(11, 16))).toEqual(["11:50", "11:55", "12:00"]);
  const series = filledSeries(slots, new Map([[slots[1]!, used(7)]]));
  expect(series.map(({ outputTokens }) => outputTokens)).toEqual([0, 7, 0]);
});

it.each([
  [10, 5],
  [7, 5],
  [45, 2],
  [60, 24],
  [1, 1],
  [59, 3],
])(
  "a sliding window every %i minutes over %i hours sums what began in them, and marks what was in them",
  (bucketMinutes, windowHours) => {
    const options = { days: 2, bucketMinutes, windowHours };
    const plan = planSliding(NOW, options);
    const rows = Array.from({ length: 500 }, (_, n) => ({
      at: NOW - ((n * 7_919) % 2_900) * MINUTE - n,
      tokens: n,
    }));
    const marks = [NOW - 1_500 * MINUTE, NOW - 60 * MINUTE];
    const sums = new Map<number, TokenTotals>();
    for (const { at, tokens } of rows) {
      if (at < plan.from) continue;
      const slot = Math.floor(at / plan.slotMs) * plan.slotMs;
      const before = sums.get(slot)?.outputTokens ?? 0;
      sums.set(slot, used(before + tokens));
    }
    const points = slidingTotals(plan, options, sums, marks);
    expect(points.at(-1)!.time).toBeGreaterThan(NOW - bucketMinutes * MINUTE);
    expect(points.length).toBeGreaterThanOrEqual((2 * 1_440) / bucketMinutes);
    for (const { time, outputTokens, costPico, isMarked } of points) {
      const [from, to] = [time + (bucketMinutes - windowHours * 60) * MINUTE, time + bucketMinutes * MINUTE];
      const inside = rows.filter(({ at }) => at >= from && at < to);
      expect(outputTokens).toBe(inside.reduce((sum, { tokens }) => sum + tokens, 0));
      expect(costPico).toBe(BigInt(outputTokens));
      expect(isMarked).toBe(marks.some((at) => at >= from && at < to));
    }
  },
);

it("a sliding window reads slots as long as they may be", () => {
  const slot = (bucketMinutes: number, windowHours: number) =>
    planSliding(NOW, { days: 1, bucketMinutes, windowHours }).slotMs / MINUTE;
  expect([slot(10, 5), slot(60, 5), slot(45, 1), slot(7, 5)]).toEqual([10, 60, 15, 1]);
});

it("limits are null where there is none, and may be exceeded", () => {
  expect(limitFigures(null, 5)).toEqual({ remaining: null, percentageUsed: null });
  expect(limitFigures(200, 50)).toEqual({ remaining: 150, percentageUsed: 25 });
  expect(limitFigures(200, 300)).toEqual({ remaining: 0, percentageUsed: 150 });
});
