/** Calls of Durable Objects on the hot path: none before a response once the account's token is cached. */
import { setTimeout as pause } from "node:timers/promises";
import type { Harness } from "../harness/harness.ts";
import type { Line } from "../lib/table.ts";

const REQUESTS = 50;
/** Longer than the second for which notifications are batched. */
const BATCH_MS = 1_500;

export async function objects(harness: Harness): Promise<Line[]> {
  const target = await harness.fresh("nexus", { credential: "oauth", countsObjects: true });
  const run = (requests: number) =>
    harness.run(target, { bodyBytes: 2_000, response: "json 500", requests, concurrency: 1 });
  await harness.upstream();
  await run(1);
  const cold = (await harness.upstream()).calls - 1;
  await pause(BATCH_MS);
  await harness.upstream();
  await run(REQUESTS);
  // The object stubs call the upstream once per call.
  const before = (await harness.upstream()).calls - REQUESTS;
  await pause(BATCH_MS);
  const after = (await harness.upstream()).calls;
  await target.stop();
  const line = (what: string, nexus: number, goal: string): Line => ({
    what,
    unit: "calls",
    nexus,
    goal,
    isMet: goal === "" ? null : nexus === Number(goal),
  });
  return [
    line("Durable Object calls before the first response of a login, token not cached", cold, "1"),
    line(`Durable Object calls before ${REQUESTS} responses, token cached`, before, "0"),
    line("Durable Object calls afterwards, batched", after, ""),
  ];
}
