/** Body bytes, upstream calls and vendor headers compared with a bare Worker; time until upstream sees a client disconnect. */
import { setTimeout as pause } from "node:timers/promises";
import { median, percentile } from "../lib/statistics.ts";
import type { Harness } from "../harness/harness.ts";
import type { Target } from "../harness/target.ts";
import type { Line } from "../lib/table.ts";
import { interleaved, type Effort } from "./compare.ts";
import { atMost, valueLine } from "./lines.ts";

/** Sizes of request bodies with bytes of every value; odd, so that no buffer's size divides them. */
const CHECKED_SIZES = [1, 2_003, 100_003, 800_003, 3_000_017];
const VENDOR_HEADERS = /^(request-id|anthropic-[\w-]+|x-should-retry|retry-after|cf-ray|x-envoy[\w-]+):/gim;

export async function fidelity(harness: Harness, effort: Effort): Promise<Line[]> {
  const compared = await interleaved(harness, { rounds: 1 }, (target) => checked(harness, target));
  const refused = await interleaved(harness, { rounds: 1 }, async (target) => {
    await harness.upstream();
    const { status, headers } = await harness.run(target, {
      bodyBytes: 2_000,
      response: "status 429",
      requests: 10,
      concurrency: 1,
    });
    const { calls } = await harness.upstream();
    return { calls: calls / 10, status, vendorHeaders: headers.match(VENDOR_HEADERS)?.length ?? 0 };
  });
  const gone = await interleaved(harness, effort, (target) => hangUps(harness, target));
  const exactly = (wanted: number, goal: string) => ({ goal, isMet: (nexus: number) => nexus === wanted });
  const asBare = { goal: "as bare", isMet: (nexus: number, bare: number) => nexus === bare };
  const [last, limit] = [(one: number[]) => percentile(one, 1), atMost(200, "ms")];
  return [
    valueLine("bodies identical both ways, 5 sizes", "of 10", compared, (one) => one, exactly(10, "all")),
    valueLine("upstream calls per 429", "calls", refused, (one) => one.calls, exactly(1, "1")),
    valueLine("vendor headers kept on a 429", "headers", refused, (one) => one.vendorHeaders, asBare),
    valueLine("disconnect → upstream disconnect, p50", "ms", gone, median),
    valueLine("disconnect → upstream disconnect, worst", "ms", gone, last, limit),
  ];
}

/** `run` rejects when a hash differs. */
async function checked(harness: Harness, target: Target): Promise<number> {
  let identical = 0;
  for (const bodyBytes of CHECKED_SIZES) {
    const response = `echo ${bodyBytes}` as const;
    await harness.run(target, {
      bodyBytes,
      response,
      requests: 2,
      concurrency: 2,
      isChecked: true,
    });
    identical += 2;
  }
  return identical;
}

/** Clients leave in the middle of streams with an event every 20 ms; how long until upstream's connection closes. */
async function hangUps(harness: Harness, target: Target): Promise<number[]> {
  await harness.upstream();
  const spec = {
    bodyBytes: 2_000,
    response: "stream 200 20" as const,
    requests: 8,
    concurrency: 8,
    leaveAfter: 10,
  };
  const { left } = await harness.run(target, spec);
  const closedAt: number[] = [];
  for (let waited = 0; closedAt.length < left.length && waited < 3_000; waited += 50) {
    await pause(50);
    closedAt.push(...(await harness.upstream()).hangUps);
  }
  // All disconnect within a few milliseconds: both lists are compared in order of time.
  closedAt.sort((a, b) => a - b);
  return [...left].sort((a, b) => a - b).map((at, index) => (closedAt[index] ?? Infinity) - at);
}
