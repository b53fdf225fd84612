/** Runs the sweep in workerd tests at a given time, with a queue that records the messages. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { sweepJournal } from "../../workers/scheduled/sweep.ts";

/** Sweeps as of `later` milliseconds from now, and returns the messages. */
export async function sweep(
  later: number,
  { startup = false, bindings = {} }: { startup?: boolean; bindings?: Partial<Env> } = {},
) {
  const enqueued: ExchangeMessage[] = [];
  const EXCHANGES = {
    sendBatch: async (messages: { body: ExchangeMessage }[]) => {
      enqueued.push(...messages.map(({ body }) => body));
    },
  } as unknown as Queue;
  const count = await sweepJournal({ ...env, EXCHANGES, ...bindings }, { now: Date.now() + later, startup });
  expect(count).toBe(enqueued.reduce((sum, { exchanges = 1 }) => sum + exchanges, 0));
  return enqueued;
}
