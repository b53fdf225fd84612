import { expect, test } from "vitest";
import {
  addWrongKey,
  delayMs,
  FORGET_AFTER_MS,
  FREE_IN_TOTAL,
  FREE_PER_ADDRESS,
  isAudited,
  throttleKey,
} from "./key-throttle.ts";

const START = Date.UTC(2026, 0, 1);
const counted = (count: number) => ({ count, lastAt: START });

test("the delay of a wrong key begins after the free ones of its address and doubles up to ten seconds", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 4_000].map((n) =>
    delayMs(counted(FREE_PER_ADDRESS + n), counted(FREE_PER_ADDRESS + n)),
  );
  expect(delays).toEqual([0, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
});

test("the delay of a wrong key applies to an address without wrong keys after the free ones in total", () => {
  expect(delayMs(counted(1), counted(FREE_IN_TOTAL))).toBe(0);
  expect(delayMs(counted(1), counted(FREE_IN_TOTAL + 2))).toBe(2_000);
});

test("counts are forgotten after a quarter of an hour without a wrong key", () => {
  expect(addWrongKey(null, START)).toEqual({ count: 1, lastAt: START });
  const last = START + FORGET_AFTER_MS - 1;
  expect(addWrongKey(counted(5), last)).toEqual({ count: 6, lastAt: last });
  expect(addWrongKey(counted(5), last + 1)).toEqual({ count: 1, lastAt: last + 1 });
  // A clock that was set back keeps them.
  expect(addWrongKey(counted(5), START - 3_600_000).count).toBe(6);
});

test("the first twenty wrong keys and each power of ten are audited", () => {
  const audited = Array.from({ length: 2_000 }, (_, n) => n + 1).filter(isAudited);
  expect(audited).toEqual([...Array.from({ length: 20 }, (_, n) => n + 1), 100, 1_000]);
});

test("an address counts as one person: IPv4 whole, IPv6 by its /64", () => {
  expect(throttleKey(" 203.0.113.9 ")).toBe("203.0.113.9");
  expect(throttleKey("::ffff:203.0.113.9")).toBe("203.0.113.9");
  const same = ["2001:db8:0:1::1", "2001:0DB8:0000:0001:ffff:1:2:3", "2001:db8:0:1::"];
  expect(new Set(same.map(throttleKey))).toEqual(new Set(["2001:db8:0:1::/64"]));
  expect(throttleKey("::1")).toBe("0:0:0:0::/64");
  expect(throttleKey("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(throttleKey("")).toBe("unknown");
  expect(throttleKey("x".repeat(500))).toHaveLength(64);
});
