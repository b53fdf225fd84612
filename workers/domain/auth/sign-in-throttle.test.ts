import { describe, expect, test } from "vitest";
import type { GuardState } from "./sign-in-throttle.ts";
import {
  ADDRESS_POLICY,
  GLOBAL_POLICY,
  decideAttempt,
  throttleKey,
  TRUST_MS,
  waitMs,
} from "./sign-in-throttle.ts";

const START = Date.UTC(2026, 0, 1);
const fresh: GuardState = { address: null, global: null, trustedAt: null };

function fail(times: number, from: GuardState = fresh, at = START): GuardState {
  let state = from;
  for (let n = 0; n < times; n++) state = decideAttempt(state, false, at).next;
  return state;
}

describe("guessing from one address", () => {
  test("five wrong keys cost nothing, the sixth attempt waits a second", () => {
    expect(decideAttempt(fail(4), false, START).attempt).toEqual({ result: "wrong" });
    expect(decideAttempt(fail(5), false, START).attempt).toEqual({
      result: "slow_down",
      retryAfterSeconds: 1,
    });
    expect(decideAttempt(fail(5), false, START + 1_000).attempt).toEqual({ result: "wrong" });
  });

  test("the wait doubles with each wrong key up to a quarter of an hour", () => {
    const waits = Array.from({ length: 14 }, (_, n) =>
      waitMs({ count: 5 + n, lastAt: START }, ADDRESS_POLICY, START),
    );
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBe(900_000);
    expect(waitMs({ count: 4_000, lastAt: START }, ADDRESS_POLICY, START)).toBe(900_000);
  });

  test("a right key during the wait is answered like a wrong one and changes nothing", () => {
    const blocked = fail(5);
    const right = decideAttempt(blocked, true, START + 500);
    expect(right).toEqual(decideAttempt(blocked, false, START + 500));
    expect(right.next).toBe(blocked);
  });

  test("knocking while waiting does not lengthen the wait", () => {
    let state = fail(5);
    for (let n = 0; n < 50; n++) state = decideAttempt(state, false, START + n).next;
    expect(decideAttempt(state, true, START + 1_000).attempt).toEqual({ result: "allowed" });
  });

  test("a right key clears the address", () => {
    const after = decideAttempt(fail(5), true, START + 1_000).next;
    expect(after.address).toBeNull();
    expect(decideAttempt(after, false, START + 1_001).attempt).toEqual({ result: "wrong" });
  });

  test("a day without a wrong key forgets", () => {
    const later = START + ADDRESS_POLICY.forgetAfterMs;
    expect(decideAttempt(fail(5), false, later).next.address).toEqual({
      count: 1,
      lastAt: later,
    });
  });

  test("a clock that goes back never makes the wait longer than the delay", () => {
    expect(waitMs({ count: 5, lastAt: START + 3_600_000 }, ADDRESS_POLICY, START)).toBe(1_000);
  });
});

describe("guessing from many addresses", () => {
  const crowd: GuardState = {
    ...fresh,
    global: { count: GLOBAL_POLICY.free + 10, lastAt: START },
  };

  test("slows down a stranger who has not failed yet, at most half a minute", () => {
    expect(decideAttempt(crowd, true, START).attempt).toEqual({ result: "slow_down", retryAfterSeconds: 30 });
  });

  test("does not slow down an address that signed in lately", () => {
    const known = { ...crowd, trustedAt: START - TRUST_MS + 1 };
    expect(decideAttempt(known, true, START).attempt).toEqual({ result: "allowed" });
    expect(decideAttempt({ ...crowd, trustedAt: START - TRUST_MS }, true, START).attempt.result).toBe(
      "slow_down",
    );
  });
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
