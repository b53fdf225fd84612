/** CPU per exchange and memory. */
import { setTimeout as pause } from "node:timers/promises";
import { forgetPeak, peakMiB, rssMiB } from "../harness/process-tree.ts";
import type { Harness } from "../harness/harness.ts";
import type { Target } from "../harness/target.ts";
import type { Line } from "../lib/table.ts";
import { interleaved, type Effort, type PerTarget } from "./compare.ts";
import { atMost, ratioLine, valueLine } from "./lines.ts";

/** Warm-up until the runtime's caches and heap have their usual size. */
const WARM_UP = { bodyBytes: 2_000, response: "stream 10 1" as const, requests: 200, concurrency: 8 };

export async function cpu(harness: Harness, effort: Effort): Promise<Line[]> {
  const perExchange = async (target: Target, response: "stream 100 4" | "json 500", requests: number) => {
    const spec = { bodyBytes: 2_000, response, requests, concurrency: 4 };
    return (await harness.cpuOf(target, () => harness.run(target, spec))) / requests;
  };
  const compare = (response: "stream 100 4" | "json 500", requests: number) =>
    interleaved(harness, effort, (target) => perExchange(target, response, requests), ["bare", "nexus"]);
  const streams = await compare("stream 100 4", 40);
  const small = await compare("json 500", 400);
  return [
    ratioLine("CPU per stream of 100 events", "ms", streams, (one) => one, 2),
    ratioLine("CPU per small request", "ms", small, (one) => one, 3),
  ];
}

export async function memory(harness: Harness, effort: Effort): Promise<Line[]> {
  const crowd: PerTarget<number> = { direct: [], bare: [], nexus: [] };
  const large: PerTarget<number> = { direct: [], bare: [], nexus: [] };
  for (let round = 0; round < Math.min(effort.rounds, 3); round++) {
    for (const name of ["bare", "nexus"] as const) {
      const target = await harness.fresh(name);
      await harness.run(target, WARM_UP);
      const slow = { bodyBytes: 2_000, response: "stream 12 250" as const, requests: 200, concurrency: 200 };
      const streaming = harness.run(target, slow);
      await pause(2_000);
      crowd[name].push(rssMiB(target.pid ?? 0));
      await streaming;
      await pause(500);
      const before = rssMiB(target.pid ?? 0);
      forgetPeak(target.pid ?? 0);
      await harness.run(target, {
        bodyBytes: 800_000,
        response: "stream 20 20",
        requests: 16,
        concurrency: 16,
      });
      large[name].push(peakMiB(target.pid ?? 0) - before);
      await target.stop();
    }
  }
  return [
    ratioLine("memory with 200 slow streams", "MiB RSS", crowd, (one) => one, 1.3),
    valueLine("memory added by 16 requests of 800 KB at once", "MiB", large, (one) => one, atMost(64, "MiB")),
  ];
}
