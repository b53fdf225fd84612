/** One service at a time fails or is slow under traffic: streams are not affected, nothing is lost. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startFaultyStack, type Faults, type FaultyStack } from "../support/faulty-stack.ts";
import { soakStack, type SoakReport } from "../support/soak.ts";

const FAULT_MS = 2_000;
/** Longer than every timeout of the hot path and of recording; `npm run soak` uses 30 s. */
const SLOWNESS_MS = 6_000;
/** A hanging KV costs a cached tenant two waits of a second, once. */
const LATE_START_MS = 4_000;

let stack: FaultyStack;
/** The slowest start with nothing broken: how busy the machine is. */
let usualStartMs = 0;
beforeAll(async () => {
  stack = await startFaultyStack();
});
afterEach(() => stack.setFaults({}));
afterAll(() => stack.stop({ finish: false }));

/** For a day that fails. */
const logged = () => stack.lines.slice(-40).join("\n");

function day(name: string, faults: Faults): Promise<SoakReport> {
  return soakStack(stack, {
    seed: name,
    exchanges: 30,
    concurrency: 12,
    pace: 0.6,
    faultMs: { low: 0, high: 0 },
    slowDelayMs: SLOWNESS_MS,
    storedTimeoutMs: 60_000,
    faults: [{ name, faults, from: 0, to: FAULT_MS }],
  });
}

describe("streams stay complete and everything is stored once", () => {
  const days: [string, Faults][] = [
    ["nothing broken", {}],
    ["R2 slow", { JOURNAL: SLOWNESS_MS }],
    ["the queue failing", { EXCHANGES: "fail" }],
    ["the queue slow", { EXCHANGES: SLOWNESS_MS }],
    ["KV failing", { TENANTS: "fail" }],
    ["KV slow", { TENANTS: SLOWNESS_MS }],
    ["Postgres down", { POSTGRES: "down" }],
    ["Postgres slow", { POSTGRES: SLOWNESS_MS }],
    ["the disk of Postgres read-only", { DISK: "read-only" }],
    ["the consumer throwing", { CONSUMER: "fail" }],
  ];
  it.each(days)("with %s", async (name, faults) => {
    const report = await day(name, faults);
    expect(report.problems, logged()).toEqual([]);
    if (name === "nothing broken") usualStartMs = report.slowestStartMs;
    else expect(report.slowestStartMs).toBeLessThan(LATE_START_MS + 2 * usualStartMs);
  });

  it("with R2 failing, except bodies that could not be kept: these exchanges are counted", async () => {
    const report = await day("R2 failing", { JOURNAL: "fail" });
    expect(report.problems, logged()).toEqual([]);
    expect(report.slowestStartMs).toBeLessThan(LATE_START_MS + 2 * usualStartMs);
    const status = await stack.status();
    expect(status.counters?.unrecorded ?? 0).toBeGreaterThanOrEqual(report.unrecorded);
  });
});

it("reports the database as unavailable while it is", async () => {
  await stack.setFaults({ POSTGRES: "down" });
  const down = await stack.status();
  expect([down.state, down.database.reachable, down.journal.reachable]).toEqual(["failing", false, true]);
});
