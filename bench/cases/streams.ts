/** Times that a client sees: first byte, each event, end of the response; with 1, 16 and 200 connections. */
import { median, percentile } from "../lib/statistics.ts";
import type { Line } from "../lib/table.ts";
import type { Harness } from "../harness/harness.ts";
import { measureInterleaved, type Effort } from "./compare.ts";
import { atMost, ratioLine, valueLine } from "./lines.ts";

const SIZES = [
  { name: "2 KB", bytes: 2_000 },
  { name: "100 KB", bytes: 100_000 },
  { name: "800 KB", bytes: 800_000 },
];
/** Limit of the additional delay at the end of a stream. */
const END_MS = 0.5;

export async function firstByteAndEnd(harness: Harness, effort: Effort): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { name, bytes } of SIZES) {
    const spec = { bodyBytes: bytes, response: "stream 8 2" as const, requests: 30, concurrency: 1 };
    const values = await measureInterleaved(harness, effort, spec);
    lines.push(
      ratioLine(`first byte, stream, ${name}`, "ms p50", values, (one) => median(one.firstByte), 1.4),
      valueLine(`end of stream, ${name}`, "ms p50", values, (one) => median(one.end), {
        goal: `≤ bare + ${END_MS} ms`,
        isMet: (nexus, bare) => nexus <= bare + END_MS,
      }),
    );
  }
  return lines;
}

export async function wholeResponses(harness: Harness, effort: Effort): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { name, bytes } of SIZES) {
    for (const concurrency of [1, 16]) {
      const spec = { bodyBytes: bytes, response: "json 2000" as const, requests: 60, concurrency };
      const values = await measureInterleaved(harness, effort, spec);
      const what = `whole response, not streamed, ${name}, ${concurrency} at once`;
      lines.push(ratioLine(what, "ms p50", values, (one) => median(one.total), null));
    }
  }
  return lines;
}

export async function events(harness: Harness, effort: Effort): Promise<Line[]> {
  const spec = { bodyBytes: 2_000, response: "stream 100 10" as const, requests: 32, concurrency: 16 };
  const values = await measureInterleaved(harness, effort, spec);
  const single = await measureInterleaved(harness, effort, {
    ...spec,
    response: "stream 30 10",
    requests: 2,
    concurrency: 1,
  });
  return [
    ratioLine("delay per event, 16 streams", "ms p50", values, (one) => median(one.delay), 1.3),
    valueLine(
      "delay per event, 16 streams",
      "ms p99",
      values,
      (one) => percentile(one.delay, 0.99),
      atMost(5, "ms"),
    ),
    valueLine(
      "reads per event, 16 streams (1: no two arrive together)",
      "p50",
      values,
      (one) => median(one.readsPerEvent),
      { goal: "≥ 0.95", isMet: (nexus) => nexus >= 0.95 },
    ),
    valueLine("first byte's share of a stream of 30 events", "p50", single, (one) => median(one.firstShare), {
      goal: "< 0.1",
      isMet: (nexus) => nexus < 0.1,
    }),
  ];
}

export async function crowd(harness: Harness, effort: Effort): Promise<Line[]> {
  const spec = { bodyBytes: 2_000, response: "stream 12 250" as const, requests: 200, concurrency: 200 };
  const values = await measureInterleaved(harness, { rounds: Math.min(effort.rounds, 3) }, spec);
  return [
    ratioLine(
      "first byte, 200 streams started at once",
      "ms p50",
      values,
      (one) => median(one.firstByte),
      null,
    ),
    ratioLine("delay per event, 200 slow streams", "ms p50", values, (one) => median(one.delay), null),
    ratioLine("end of stream, 200 slow streams", "ms p50", values, (one) => median(one.end), 2),
  ];
}
