import { v7, validate, version } from "uuid";
import { describe, expect, test } from "vitest";
import { isExchangeId, newExchangeId, startedAtOf } from "./exchange-id.ts";

const random = (fill: number) => new Uint8Array(10).fill(fill);

describe("newExchangeId", () => {
  test.each([0, 1, 1_795_389_378_123, 2 ** 48 - 1])(
    "carries %d ms exactly, whatever the random bytes",
    (ms) => {
      for (const fill of [0x00, 0x5a, 0xff]) {
        const id = newExchangeId(ms, random(fill));
        expect([validate(id), version(id), isExchangeId(id)]).toEqual([true, 7, true]);
        expect(startedAtOf(id)).toBe(ms);
      }
    },
  );

  test("uses the example of RFC 9562, appendix A.6", () => {
    const bytes = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(newExchangeId(0x017f22e279b0, bytes)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  test("sorts by time", () => {
    const times = [9, 10, 255, 256, 65_536, 1_795_389_378_123, 1_795_389_378_124];
    const ids = times.map((ms, n) => newExchangeId(ms, random(255 - n)));
    expect(ids.toSorted()).toEqual(ids);
  });

  test("drops fractions of a millisecond", () => {
    expect(startedAtOf(newExchangeId(1_000.9, random(1)))).toBe(1_000);
  });

  test("leaves the random bytes as they were", () => {
    const bytes = random(0xff);
    newExchangeId(1, bytes);
    expect(bytes).toEqual(random(0xff));
  });

  test.each([-1, 2 ** 48, NaN, Infinity])("refuses the time %d", (ms) => {
    expect(() => newExchangeId(ms, random(0))).toThrow(RangeError);
  });

  test("refuses too little randomness", () => {
    expect(() => newExchangeId(1, new Uint8Array(9))).toThrow(RangeError);
  });
});

test("startedAtOf reads ids that others made", () => {
  expect(startedAtOf(v7({ msecs: 1_234_567_890_123 }))).toBe(1_234_567_890_123);
});

test.each([
  "",
  "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
  "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
  "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
  "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
  "017f22e279b07cc398c4dc0c0c07398f",
  "x017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
])("startedAtOf takes %j for no exchange id", (id) => {
  expect(isExchangeId(id)).toBe(false);
  expect(startedAtOf(id)).toBeNull();
});
