/** Durable Objects on the hot path: none is called before an answer once an account's token is warm. */
import { setTimeout as pause } from "node:timers/promises";
import type { Harness } from "../harness/harness.ts";
import type { Line } from "../lib/table.ts";

const REQUESTS = 50;
/** Notices are gathered for a second. */
const GATHERED_MS = 1_500;

export async function objects(harness: Harness): Promise<Line[]> {
  const target = await harness.fresh("nexus", { credential: "oauth", countsObjects: true });
  const run = (requests: number) =>
    harness.run(target, { bodyBytes: 2_000, answer: "json 500", requests, concurrency: 1 });
  await harness.upstream();
  await run(1);
  const cold = (await harness.upstream()).calls - 1;
  await pause(GATHERED_MS);
  await harness.upstream();
  await run(REQUESTS);
  // Every call of an object is a call of the upstream as well.
  const before = (await harness.upstream()).calls - REQUESTS;
  await pause(GATHERED_MS);
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
    line("Durable Objects asked before the first answer of a login, token cold", cold, "1"),
    line(`Durable Objects asked before ${REQUESTS} answers, token warm`, before, "0"),
    line("Durable Objects told of them afterwards, gathered", after, ""),
  ];
}
