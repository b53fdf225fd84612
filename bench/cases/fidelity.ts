/** What must never differ: bytes, calls, vendor headers; and how soon upstream hears of a client that left. */
import { setTimeout as pause } from "node:timers/promises";
import { median, percentile } from "../lib/statistics.ts";
import type { Harness } from "../harness/harness.ts";
import type { Target } from "../harness/target.ts";
import type { Line } from "../lib/table.ts";
import { interleaved, type Effort } from "./compare.ts";
import { valueLine } from "./lines.ts";

/** Sizes of request bodies with bytes of every value; odd, so that no buffer's size divides them. */
const CHECKED_SIZES = [1, 2_003, 100_003, 800_003, 3_000_017];
const VENDOR_HEADERS = /^(request-id|anthropic-[\w-]+|x-should-retry|retry-after|cf-ray|x-envoy[\w-]+):/gim;

export async function fidelity(harness: Harness, effort: Effort): Promise<Line[]> {
  const compared = await interleaved(harness, { rounds: 1 }, (target) => checked(harness, target));
  const refused = await interleaved(harness, { rounds: 1 }, async (target) => {
    await harness.upstream();
    const { status, headers } = await harness.run(target, {
      bodyBytes: 2_000,
      answer: "status 429",
      requests: 10,
      concurrency: 1,
    });
    const { calls } = await harness.upstream();
    return { calls: calls / 10, status, vendorHeaders: headers.match(VENDOR_HEADERS)?.length ?? 0 };
  });
  const gone = await interleaved(harness, effort, (target) => hangUps(harness, target));
  const same = (nexus: number, bare: number) => nexus === bare;
  return [
    valueLine(
      "bodies identical both ways, 5 sizes",
      "of 10",
      compared,
      (one) => one,
      "all",
      (n) => n === 10,
    ),
    valueLine(
      "upstream calls per 429",
      "calls",
      refused,
      (one) => one.calls,
      "1",
      (nexus) => nexus === 1,
    ),
    valueLine(
      "vendor headers kept on a 429",
      "headers",
      refused,
      (one) => one.vendorHeaders,
      "as bare",
      same,
    ),
    valueLine(
      "hang-up → upstream hears, p50",
      "ms",
      gone,
      (one) => median(one),
      "",
      () => true,
    ),
    valueLine(
      "hang-up → upstream hears, worst",
      "ms",
      gone,
      (one) => percentile(one, 1),
      "≤ 200 ms",
      (n) => n <= 200,
    ),
  ].map((line) => (line.goal === "" ? { ...line, isMet: null } : line));
}

/** `run` rejects when a hash differs. */
async function checked(harness: Harness, target: Target): Promise<number> {
  let identical = 0;
  for (const bodyBytes of CHECKED_SIZES) {
    const answer = `echo ${bodyBytes}` as const;
    await harness.run(target, { bodyBytes, answer, requests: 2, concurrency: 2, isChecked: true });
    identical += 2;
  }
  return identical;
}

/** Clients leave in the middle of streams with an event every 20 ms; how long until upstream's connection closes. */
async function hangUps(harness: Harness, target: Target): Promise<number[]> {
  await harness.upstream();
  const spec = {
    bodyBytes: 2_000,
    answer: "stream 200 20" as const,
    requests: 8,
    concurrency: 8,
    leaveAfter: 10,
  };
  const { left } = await harness.run(target, spec);
  const heard: number[] = [];
  for (let waited = 0; heard.length < left.length && waited < 3_000; waited += 50) {
    await pause(50);
    heard.push(...(await harness.upstream()).hangUps);
  }
  // They leave within a few milliseconds of each other: which connection is whose does not matter.
  heard.sort((a, b) => a - b);
  return [...left].sort((a, b) => a - b).map((at, index) => (heard[index] ?? Infinity) - at);
}
