import { expect, it } from "vitest";
import { concat } from "./bytes.ts";

it("concat puts pieces one after the other, empty ones and views included", () => {
  const numbers = Uint8Array.of(9, 1, 2, 9);
  expect(concat([numbers.subarray(1, 3), new Uint8Array(0), Uint8Array.of(3)])).toEqual(
    Uint8Array.of(1, 2, 3),
  );
  expect(concat([])).toEqual(new Uint8Array(0));
});

it("concat returns a single piece as it is, without a copy", () => {
  const piece = Uint8Array.of(1, 2);
  expect(concat([piece])).toBe(piece);
});
