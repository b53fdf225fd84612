/** An isolate's counts and pending messages, sent through a failing queue. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeEach, expect, it } from "vitest";
import { count, flushCounters } from "../../workers/proxy/record/counters.ts";
import { addPendingMessage } from "../../workers/proxy/record/pending-notifications.ts";
import type { CountersMessage, QueueMessage } from "../../workers/schemas/exchange.ts";
import { exchangeMessage, makeExchange } from "../support/exchanges.ts";

/** A queue that calls `take` for each send, and what it received. */
function queueThat(take: () => void) {
  const got: QueueMessage[] = [];
  const put = async (...messages: QueueMessage[]) => {
    got.push(...messages);
    take();
  };
  const EXCHANGES = {
    send: (body: QueueMessage) => put(body),
    sendBatch: (batch: { body: QueueMessage }[]) => put(...batch.map(({ body }) => body)),
  } as unknown as Queue;
  return { env: { EXCHANGES }, got };
}
const healthy = () => undefined;
const down = () => {
  throw new Error("the queue is down");
};

/** Flushes never wait here: each is a minute after the previous one. */
let now = Date.now();
async function flush(env: Pick<Env, "EXCHANGES">): Promise<void> {
  now += 60_000;
  const ctx = createExecutionContext();
  const waiting: Promise<unknown>[] = [];
  flushCounters(env, { waitUntil: (promise) => void waiting.push(promise) }, now);
  // A flush planned after a failure uses the real clock and is not awaited here.
  await waiting[0];
  await waitOnExecutionContext(ctx);
}
beforeEach(() => flush(queueThat(healthy).env));

const countersIn = (got: QueueMessage[]) =>
  got.filter((message): message is CountersMessage => message.kind === "counters");

it("counts whose send failed are sent again as the same message, and later ones separately", async () => {
  count("unrecorded");
  count("unrecorded");
  const broken = queueThat(down);
  await flush(broken.env);
  count("unrecorded");
  await flush(broken.env);
  const repaired = queueThat(healthy);
  await flush(repaired.env);
  const [first, second] = countersIn(repaired.got);
  expect([first?.counts, second?.counts]).toEqual([{ unrecorded: 2 }, { unrecorded: 1 }]);
  expect(countersIn(broken.got).map(({ id }) => id)).toEqual([first?.id, first?.id]);
  expect(second?.id).not.toBe(first?.id);
  const after = queueThat(healthy);
  await flush(after.env);
  expect(after.got).toEqual([]);
});

it("pending messages are sent with the next counts, or alone, once the queue works", async () => {
  const notifications = Array.from({ length: 3 }, () => {
    const exchange = makeExchange();
    return exchangeMessage(exchange, { request: exchange.request.metadata });
  });
  for (const notification of notifications) addPendingMessage(notification);
  const broken = queueThat(down);
  await flush(broken.env);
  const repaired = queueThat(healthy);
  await flush(repaired.env);
  expect(repaired.got).toEqual(notifications);
});
