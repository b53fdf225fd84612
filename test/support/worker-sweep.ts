/** Runs the sweep in workerd tests at a time of their choice, with a queue that writes down what is rung for. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { sweepJournal } from "../../workers/scheduled/sweep.ts";

/** Sweeps as it would be `later` milliseconds from now, and answers the ids it rang for and how. */
export async function sweep(
  later: number,
  { startup = false, bindings = {} }: { startup?: boolean; bindings?: Partial<Env> } = {},
) {
  const rung: ExchangeMessage[] = [];
  const EXCHANGES = {
    sendBatch: async (messages: { body: ExchangeMessage }[]) => {
      rung.push(...messages.map(({ body }) => body));
    },
  } as unknown as Queue;
  const count = await sweepJournal({ ...env, EXCHANGES, ...bindings }, { now: Date.now() + later, startup });
  expect(count).toBe(rung.reduce((sum, { exchanges = 1 }) => sum + exchanges, 0));
  return rung;
}
