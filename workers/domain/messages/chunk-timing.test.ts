import { describe, expect, it } from "vitest";
import { StreamTiming } from "../../schemas/exchange.ts";
import { EXCHANGE_ID_RANDOM_BYTES, newExchangeId } from "../exchange-id.ts";
import {
  isTimingSampled,
  newArrivalLog,
  recordArrival,
  packTiming,
  streamTiming,
  type ArrivalLog,
  unpackTiming,
} from "./chunk-timing.ts";

/** Ids whose randomness is spread evenly. */
const ids = Array.from({ length: 1_000 }, (_, n) => {
  const random = new Uint8Array(EXCHANGE_ID_RANDOM_BYTES).fill(7);
  new DataView(random.buffer).setUint32(6, Math.floor(((n + 0.5) / 1_000) * 2 ** 32));
  return newExchangeId(1_790_000_000_000 + n, random);
});
const timedOf = (share: number) => ids.filter((id) => isTimingSampled(id, share)).length;

describe("the share of exchanges that is timed", () => {
  it("is none at 0, even of the smallest id, and all at 1, even of the largest", () => {
    expect([timedOf(0), timedOf(1)]).toEqual([0, 1_000]);
    expect(isTimingSampled("01980000-0000-7000-8000-000000000000", 0)).toBe(false);
    expect(isTimingSampled("01980000-0000-7000-8000-ffffffffffff", 1)).toBe(true);
  });

  it.each([0.001, 0.1, 0.5, 0.999])("is %f of them", (share) => {
    expect(timedOf(share)).toBe(Math.round(1_000 * share));
  });

  it("includes whatever a smaller share includes, and depends on the id alone", () => {
    for (const id of ids) {
      expect(isTimingSampled(id, 0.5)).toBe(isTimingSampled(id, 0.5));
      if (isTimingSampled(id, 0.2)) expect(isTimingSampled(id, 0.3)).toBe(true);
    }
  });
});

type Arrival = readonly [ms: number, end: number];
function logWithin(limit: number | undefined, arrivals: readonly Arrival[]): ArrivalLog {
  const log = newArrivalLog();
  for (const [ms, end] of arrivals) recordArrival(log, ms, end, limit);
  return log;
}
const logOf = (...arrivals: Arrival[]) => logWithin(undefined, arrivals);

describe("arrivals", () => {
  it("are kept one by one, as differences", () => {
    const log = logOf([120, 30], [121, 60], [940, 61]);
    expect(streamTiming(log)).toEqual({ resolutionMs: 1, gapsMs: [120, 1, 819], bytes: [30, 30, 1] });
  });

  it("in the same millisecond are one, the first among them", () => {
    expect(logOf([5, 10], [5, 20], [9, 30], [9, 40])).toMatchObject({ times: [5, 9], ends: [20, 40] });
  });

  it("never go back, whatever the clock does, and begin at 0 at the earliest", () => {
    const log = logOf([-3, 1], [50, 2], [20, 3], [60, 4]);
    expect(log).toMatchObject({ times: [0, 50, 60], ends: [1, 3, 4] });
  });

  it("are nothing where nothing came", () => {
    expect(streamTiming(newArrivalLog())).toBeNull();
  });
});

describe("more arrivals than are kept", () => {
  const steady = (count: number, everyMs: number) =>
    Array.from({ length: count }, (_, n) => [100 + n * everyMs, (n + 1) * 7] as const);

  it.each([
    [101, 1],
    [1_000, 3],
    [20_000, 20],
    [5_000, 720],
  ])("%i of them, one each %i ms, stay below the limit and keep first, last and bytes", (count, everyMs) => {
    const arrivals = steady(count, everyMs);
    const { times, ends, resolutionMs } = logWithin(100, arrivals);
    expect(times.length).toBeLessThanOrEqual(100);
    expect(times.length).toBeGreaterThan(25);
    expect([times[0], ends[0]]).toEqual(arrivals[0]);
    expect([times.at(-1), ends.at(-1)]).toEqual(arrivals.at(-1));
    for (let at = 1; at < times.length; at++) {
      expect(times[at]).toBeGreaterThan(times[at - 1]!);
      // A point says what had come by then: exactly what came.
      expect(ends[at]).toBe((Math.floor((times[at]! - 100) / everyMs) + 1) * 7);
      expect(times[at]! - times[at - 1]!).toBeLessThan(2 * resolutionMs + everyMs);
    }
  });

  it("do not hide a pause that is longer than the resolution", () => {
    const { times, resolutionMs } = logWithin(100, [
      ...steady(400, 2),
      ...steady(400, 2).map(([ms, end]) => [ms + 5_000, end + 2_800] as const),
    ]);
    const longest = Math.max(...times.map((time, at) => time - (times[at - 1] ?? time)));
    expect(Math.abs(longest - 4_202)).toBeLessThanOrEqual(resolutionMs);
  });

  it("fit into the facts, whatever their sizes", () => {
    const arrivals = Array.from({ length: 50_000 }, (_, n) => [n * 71, n * 40] as const);
    const timing = streamTiming(logOf(...arrivals))!;
    expect(StreamTiming.safeParse(timing).success).toBe(true);
    expect(JSON.stringify(timing).length).toBeLessThan(60_000);
  });
});

describe("packed times", () => {
  it.each([
    ["nothing", { resolutionMs: 1, gapsMs: [], bytes: [] }],
    ["one piece", { resolutionMs: 1, gapsMs: [420], bytes: [0] }],
    [
      "the edges of each length",
      { resolutionMs: 128, gapsMs: [0, 127, 128, 16_383], bytes: [16_384, 1, 2, 3] },
    ],
    ["the largest", { resolutionMs: 1_024, gapsMs: [0x7fffffff, 1], bytes: [0x7fffffff, 0x7fffffff] }],
  ])("of %s come back as sums", (_, timing) => {
    let [ms, end] = [0, 0];
    expect(unpackTiming(packTiming(timing))).toEqual({
      resolutionMs: timing.resolutionMs,
      chunks: timing.gapsMs.map((gap, at) => ({ ms: (ms += gap), end: (end += timing.bytes[at]!) })),
    });
  });

  it("of a usual stream take about two and a half bytes per piece", () => {
    const gapsMs = Array.from({ length: 100 }, (_, n) => 20 + (n % 40));
    const bytes = Array.from({ length: 100 }, (_, n) => 110 + (n % 30));
    expect(packTiming({ resolutionMs: 1, gapsMs, bytes }).length).toBeLessThan(260);
  });

  it("that were damaged are null", () => {
    const packed = packTiming({ resolutionMs: 1, gapsMs: [420, 1], bytes: [300, 300] });
    for (const length of [0, 2, 3, 4, 6]) expect(unpackTiming(packed.subarray(0, length))).toBeNull();
    expect(unpackTiming(new Uint8Array([0, 1, 1]))).toBeNull();
  });
});
