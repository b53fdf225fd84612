/** Bells that had to wait for the queue: in order, bounded, forgotten once taken. */
import { expect, it } from "vitest";
import type { ExchangeMessage } from "../../schemas/exchange.ts";
import { hasPendingMessages, addPendingMessage, sendPendingMessages } from "./pending-notifications.ts";

const bell = (n: number, domain = "team.example"): ExchangeMessage => ({
  v: 1,
  kind: "exchange",
  id: `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`,
  domain,
  journalBytes: n,
  rungBy: "recorder",
  request: null,
  response: null,
});
const numbers = (bells: ExchangeMessage[]) => bells.map(({ journalBytes }) => journalBytes);

it("sends bells in their order, as many together as a queue takes, and forgets what was taken", async () => {
  const wide = "x".repeat(30_000);
  const given = [
    ...Array.from({ length: 150 }, (_, n) => bell(n)),
    ...[150, 151, 152].map((n) => bell(n, wide)),
  ];
  for (const each of given) expect(addPendingMessage(each)).toBe(true);
  const sent: ExchangeMessage[][] = [];
  await sendPendingMessages(async (bells) => sent.push(bells));
  expect(sent.flatMap(numbers)).toEqual(given.map((_, n) => n));
  for (const together of sent) {
    expect(together.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(together).length * 3).toBeLessThan(256_000);
  }
  expect(hasPendingMessages()).toBe(false);
});

it("keeps what the queue did not take", async () => {
  for (let n = 0; n < 101; n++) addPendingMessage(bell(n));
  let calls = 0;
  const once = async () => {
    if (++calls > 1) throw new Error("the queue is down");
  };
  await expect(sendPendingMessages(once)).rejects.toThrow("the queue is down");
  const sent: number[] = [];
  await sendPendingMessages(async (bells) => sent.push(...numbers(bells)));
  expect(sent).toEqual([100]);
});

it("takes two million characters and no more, and has room again once they are sent", async () => {
  const large = bell(1, "x".repeat(99_000));
  let kept = 0;
  while (addPendingMessage(large)) kept += 1;
  expect(kept).toBe(20);
  await sendPendingMessages(async () => undefined);
  expect(addPendingMessage(large)).toBe(true);
  await sendPendingMessages(async () => undefined);
});

it("loses none when one sending overtakes another", async () => {
  for (let n = 0; n < 250; n++) addPendingMessage(bell(n));
  const sent = new Set<number>();
  const slowly = async (bells: ExchangeMessage[]) => {
    await new Promise((resolve) => setImmediate(resolve));
    for (const n of numbers(bells)) sent.add(n);
  };
  await Promise.all([sendPendingMessages(slowly), sendPendingMessages(slowly)]);
  expect(sent.size).toBe(250);
  expect(hasPendingMessages()).toBe(false);
});
