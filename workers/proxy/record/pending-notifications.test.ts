/** Messages that wait for the queue: in order, bounded, forgotten once sent. */
import { expect, it } from "vitest";
import type { ExchangeMessage } from "../../schemas/exchange.ts";
import { hasPendingMessages, addPendingMessage, sendPendingMessages } from "./pending-notifications.ts";

const notification = (n: number, domain = "team.example"): ExchangeMessage => ({
  v: 1,
  kind: "exchange",
  id: `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`,
  domain,
  journalBytes: n,
  rungBy: "recorder",
  request: null,
  response: null,
});
const numbers = (notifications: ExchangeMessage[]) => notifications.map(({ journalBytes }) => journalBytes);

it("sends messages in order, in batches that fit the queue, and forgets those sent", async () => {
  const wide = "x".repeat(30_000);
  const given = [
    ...Array.from({ length: 150 }, (_, n) => notification(n)),
    ...[150, 151, 152].map((n) => notification(n, wide)),
  ];
  for (const each of given) expect(addPendingMessage(each)).toBe(true);
  const sent: ExchangeMessage[][] = [];
  await sendPendingMessages(async (notifications) => sent.push(notifications));
  expect(sent.flatMap(numbers)).toEqual(given.map((_, n) => n));
  for (const together of sent) {
    expect(together.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(together).length * 3).toBeLessThan(256_000);
  }
  expect(hasPendingMessages()).toBe(false);
});

it("keeps messages whose send failed", async () => {
  for (let n = 0; n < 101; n++) addPendingMessage(notification(n));
  let calls = 0;
  const once = async () => {
    if (++calls > 1) throw new Error("the queue is down");
  };
  await expect(sendPendingMessages(once)).rejects.toThrow("the queue is down");
  const sent: number[] = [];
  await sendPendingMessages(async (notifications) => sent.push(...numbers(notifications)));
  expect(sent).toEqual([100]);
});

it("takes two million characters and no more, until they are sent", async () => {
  const large = notification(1, "x".repeat(99_000));
  let kept = 0;
  while (addPendingMessage(large)) kept += 1;
  expect(kept).toBe(20);
  await sendPendingMessages(async () => undefined);
  expect(addPendingMessage(large)).toBe(true);
  await sendPendingMessages(async () => undefined);
});

it("loses none when one send overtakes another", async () => {
  for (let n = 0; n < 250; n++) addPendingMessage(notification(n));
  const sent = new Set<number>();
  const slowly = async (notifications: ExchangeMessage[]) => {
    await new Promise((resolve) => setImmediate(resolve));
    for (const n of numbers(notifications)) sent.add(n);
  };
  await Promise.all([sendPendingMessages(slowly), sendPendingMessages(slowly)]);
  expect(sent.size).toBe(250);
  expect(hasPendingMessages()).toBe(false);
});
