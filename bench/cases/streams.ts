/** What a client notices: first byte, each event, the end; at rest, with company, and in a crowd. */
import { median, percentile } from "../lib/statistics.ts";
import type { Line } from "../lib/table.ts";
import type { Harness } from "../harness/harness.ts";
import { measureInterleaved, type Effort } from "./compare.ts";
import { ratioLine, valueLine } from "./lines.ts";

const SIZES = [
  { name: "2 KB", bytes: 2_000 },
  { name: "100 KB", bytes: 100_000 },
  { name: "800 KB", bytes: 800_000 },
];
/** Later than bare by at most this, at the end of a stream. */
const END_MS = 0.5;

export async function firstByteAndEnd(harness: Harness, effort: Effort): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { name, bytes } of SIZES) {
    const spec = { bodyBytes: bytes, answer: "stream 8 2" as const, requests: 30, concurrency: 1 };
    const values = await measureInterleaved(harness, effort, spec);
    lines.push(
      ratioLine(`first byte, stream, ${name}`, "ms p50", values, (one) => median(one.firstByte), 1.4),
      valueLine(
        `end of stream, ${name}`,
        "ms p50",
        values,
        (one) => median(one.end),
        `≤ bare + ${END_MS} ms`,
        (nexus, bare) => nexus <= bare + END_MS,
      ),
    );
  }
  return lines;
}

export async function wholeAnswers(harness: Harness, effort: Effort): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { name, bytes } of SIZES) {
    for (const concurrency of [1, 16]) {
      const spec = { bodyBytes: bytes, answer: "json 2000" as const, requests: 60, concurrency };
      const values = await measureInterleaved(harness, effort, spec);
      const what = `whole answer, not streamed, ${name}, ${concurrency} at once`;
      lines.push(ratioLine(what, "ms p50", values, (one) => median(one.total), null));
    }
  }
  return lines;
}

export async function events(harness: Harness, effort: Effort): Promise<Line[]> {
  const spec = { bodyBytes: 2_000, answer: "stream 100 10" as const, requests: 32, concurrency: 16 };
  const values = await measureInterleaved(harness, effort, spec);
  const single = await measureInterleaved(harness, effort, {
    ...spec,
    answer: "stream 30 10",
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
      "≤ 5 ms",
      (nexus) => nexus <= 5,
    ),
    valueLine(
      "reads per event, 16 streams (1: no lumps)",
      "p50",
      values,
      (one) => median(one.readsPerEvent),
      "≥ 0.95",
      (nexus) => nexus >= 0.95,
    ),
    valueLine(
      "first byte's share of a stream of 30 events",
      "p50",
      single,
      (one) => median(one.firstShare),
      "< 0.1",
      (nexus) => nexus < 0.1,
    ),
  ];
}

export async function crowd(harness: Harness, effort: Effort): Promise<Line[]> {
  const spec = { bodyBytes: 2_000, answer: "stream 12 250" as const, requests: 200, concurrency: 200 };
  const values = await measureInterleaved(harness, { rounds: Math.min(effort.rounds, 3) }, spec);
  return [
    ratioLine(
      "first byte, 200 streams begun at once",
      "ms p50",
      values,
      (one) => median(one.firstByte),
      null,
    ),
    ratioLine("delay per event, 200 slow streams", "ms p50", values, (one) => median(one.delay), null),
    ratioLine("end of stream, 200 slow streams", "ms p50", values, (one) => median(one.end), 2),
  ];
}
