import { describe, expect, it } from "vitest";
import { formatUsd } from "../../../workers/domain/pricing/usd.ts";
import { formatMoney } from "../../../workers/domain/pricing/format-money.ts";
import { costSeries, type HourlyTokens, OTHERS } from "./cost-series.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-23T00:00:00Z");

function hourlyCosts(costs: Record<string, Record<number, string | null>>): HourlyTokens {
  const data = Object.fromEntries(
    Object.entries(costs).map(([domain, hours]) => [
      domain,
      Object.entries(hours).map(([hour, costUsd]) => ({
        hour: new Date(START + Number(hour) * HOUR).toISOString(),
        count: 1,
        outputTokens: 1,
        inputTokens: 0,
        cacheReadInputTokens: 0,
        cacheCreationInputTokens: 0,
        costUsd,
        unpricedCount: costUsd === null ? 2 : 0,
      })),
    ]),
  );
  return { data, query: { domain: null, days: 7 } };
}

describe("cost over time", () => {
  it("sums exactly, keeps empty buckets and puts the largest first", () => {
    const series = costSeries(hourlyCosts({ a: { 0: "0.1", 1: "0.2" }, b: { 1: "5" } }), {
      from: START,
      to: START + 3 * HOUR,
      bucketMs: HOUR,
      maxNames: 5,
    });
    expect(series.names).toEqual(["b", "a"]);
    expect(series.buckets.map((bucket) => ({ ...bucket.pico }))).toEqual([
      { a: 100_000_000_000n },
      { a: 200_000_000_000n, b: 5_000_000_000_000n },
      {},
    ]);
    expect(formatUsd(series.total)).toBe("5.3");
  });

  it("groups the names beyond the limit and sums hours into days", () => {
    const series = costSeries(
      hourlyCosts({ a: { 0: "3" }, b: { 5: "2" }, c: { 6: "1" }, d: { 30: "0.5" } }),
      {
        from: START,
        to: START + 48 * HOUR,
        bucketMs: 24 * HOUR,
        maxNames: 2,
      },
    );
    expect(series.names).toEqual(["a", "b", OTHERS]);
    expect(series.buckets.map((bucket) => bucket.pico[OTHERS] ?? 0n)).toEqual([10n ** 12n, 5n * 10n ** 11n]);
  });

  it("ignores hours outside the period and counts unpriced requests", () => {
    const series = costSeries(hourlyCosts({ a: { 0: "3", 5: null } }), {
      from: START + 4 * HOUR,
      to: START + 6 * HOUR,
      bucketMs: HOUR,
      maxNames: 2,
    });
    expect(series.total).toBe(0n);
    expect(series.buckets.map((bucket) => bucket.unpriced)).toEqual([0, 2]);
  });

  it.each(["1e-7", "NaN", "", "$1"])("counts the amount %j as unpriced, not as $0", (bad) => {
    const series = costSeries(hourlyCosts({ a: { 0: "3", 1: bad } }), {
      from: START,
      to: START + 2 * HOUR,
      bucketMs: HOUR,
      maxNames: 2,
    });
    expect(series.buckets.map(({ pico, unpriced }) => [pico["a"], unpriced])).toEqual([
      [3n * 10n ** 12n, 0],
      [null, 1],
    ]);
    expect(formatMoney(bad)).not.toContain("$");
  });

  it("accepts any string as a name", () => {
    const data = hourlyCosts({ constructor: { 0: "1" } });
    Object.defineProperty(data.data, "__proto__", {
      value: data.data.constructor,
      enumerable: true,
    });
    const series = costSeries(data, { from: START, to: START + HOUR, bucketMs: HOUR, maxNames: 5 });
    expect(series.names.toSorted()).toEqual(["__proto__", "constructor"]);
    expect(series.buckets[0]!.pico["__proto__"]).toBe(10n ** 12n);
  });
});
