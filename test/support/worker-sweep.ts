/** Runs the sweep in workerd tests at a given time, with a queue that records the messages. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { sweepJournal } from "../../workers/scheduled/sweep.ts";
import { recordingQueue } from "./worker-ingest.ts";

/** Sweeps as of `later` milliseconds from now, and returns the messages. */
export async function sweep(
  later: number,
  { startup = false, bindings = {} }: { startup?: boolean; bindings?: Partial<Env> } = {},
) {
  const { enqueued, bindings: queue } = recordingQueue();
  const count = await sweepJournal({ ...env, ...queue, ...bindings }, { now: Date.now() + later, startup });
  expect(count).toBe(enqueued.reduce((sum, { exchanges = 1 }) => sum + exchanges, 0));
  return enqueued;
}
