import { describe, expect, it } from "vitest";
import type { StreamingChunk } from "../../../workers/schemas/api/requests.ts";
import type { StreamEvent } from "./sse.ts";
import { formatExactMs, pauseName, formatRound, streamTimes } from "./stream-times.ts";

const events = (...ends: number[]): StreamEvent[] =>
  ends.map((end, at) => ({ number: at + 1, type: "ping", data: {}, size: 2, end }));
const chunks = (...given: [offsetMs: number, endByte: number][]): StreamingChunk[] =>
  given.map(([offsetMs, endByte], chunkIndex) => ({ chunkIndex, timestamp: "", offsetMs, endByte }));

describe("an event", () => {
  it("has come when the chunk with its last byte has", () => {
    const times = streamTimes(
      events(10, 20, 35, 40),
      chunks([100, 12], [130, 20], [200, 38], [210, 40]),
      250,
    );
    expect(times?.events).toEqual([100, 130, 200, 210]);
  });

  it("came with others where one chunk has several", () => {
    expect(streamTimes(events(10, 20, 30), chunks([100, 30]), 100)?.events).toEqual([100, 100, 100]);
  });

  it("that no chunk reaches has no time", () => {
    const times = streamTimes(events(10, 20, 30), chunks([100, 10], [120, 15]), 9_000);
    expect(times?.events).toEqual([100, null, null]);
    expect(times?.pauses).toEqual([]);
  });
});

describe("a stream", () => {
  it("that was not timed has no times", () => {
    expect(streamTimes(events(10), [], 100)).toBeNull();
  });

  it("lasts until its exchange ended, or its last chunk where that is not known or earlier", () => {
    const total = (durationMs: number | null) =>
      streamTimes(events(10), chunks([80, 5], [120, 10]), durationMs)?.totalMs;
    expect([total(500), total(119), total(null)]).toEqual([500, 120, 120]);
    expect(streamTimes(events(10), chunks([0, 10]), 0)?.totalMs).toBe(1);
  });

  it("names pauses of a twentieth of its time, and none that are too short to notice", () => {
    const from = (durationMs: number) =>
      streamTimes(events(10), chunks([0, 10]), durationMs)?.pauseThresholdMs;
    expect([0, 5_000, 5_001, 60_000, 3_600_000, 9_000_000].map(from)).toEqual([
      250, 250, 500, 5_000, 300_000, 450_000,
    ]);
  });

  it("paused before the events that came late, and before its end", () => {
    const times = streamTimes(
      events(10, 20, 30, 40),
      chunks([900, 10], [1_149, 20], [1_399, 30], [2_400, 40]),
      2_700,
    );
    expect(times).toMatchObject({ firstMs: 900, pauseThresholdMs: 250 });
    expect(times?.pauses).toEqual([
      { event: 3, fromMs: 1_149, toMs: 1_399 },
      { event: 4, fromMs: 1_399, toMs: 2_400 },
      { event: null, fromMs: 2_400, toMs: 2_700 },
    ]);
  });

  it("has fewer pauses than there are letters, however it came", () => {
    const many = Array.from({ length: 40 }, (_, n) => n + 1);
    for (const step of [1, 250, 1_000, 60_000]) {
      const times = streamTimes(
        events(...many),
        chunks(...many.map((n): [number, number] => [n * step, n])),
        41 * step,
      );
      expect(times!.pauses.length).toBeLessThanOrEqual(20);
    }
  });
});

it("times are exact to the millisecond, thresholds are round, pauses have letters", () => {
  expect([0, 999, 1_000, 64_230].map(formatExactMs)).toEqual(["0 ms", "999 ms", "1.000 s", "64.230 s"]);
  expect([250, 2_000, 2_500].map(formatRound)).toEqual(["250 ms", "2 s", "2.5 s"]);
  expect([0, 19, 26].map(pauseName)).toEqual(["A", "T", "27"]);
});
