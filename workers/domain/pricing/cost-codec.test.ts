import { expect, test } from "vitest";
import type { Bill } from "../../schemas/cost.ts";
import { packBill, unpackBill } from "./cost-codec.ts";

const BILLS: Bill[] = [
  { models: [], lines: [] },
  { models: [], lines: [], notes: ["free_endpoint"] },
  {
    models: ["claude-opus-5-5", 'a "strange" name\u0000'],
    lines: [
      ["input", 12, 4_000_000],
      ["cache_write_5m", 1, 5_000_000],
      ["cache_write_1h", 1, 8_000_000, null, null, "lifetime_not_told"],
      ["cache_read", 2_147_483_647, 200_000],
      ["output", 3, null, 1, "advisor_message", "unknown_model"],
      ["web_search_requests", 2, 10_000_000_000],
    ],
    notes: ["cut_off"],
    received: 0,
  },
  { models: ["m"], lines: [["output", 1, 1]], received: 7 },
];

test.each(BILLS)("a bill is read as it was packed, parsed by the driver or not: %j", (bill) => {
  expect(unpackBill(packBill(bill))).toEqual(bill);
  expect(unpackBill(JSON.parse(packBill(bill)))).toEqual(bill);
});

test("an ordinary one takes little room", () => {
  const bill: Bill = {
    models: ["claude-opus-5-5"],
    lines: [
      ["input", 3, 4_000_000],
      ["output", 900, 20_000_000],
    ],
  };
  expect(packBill(bill)).toBe('[["claude-opus-5-5"],[["i",3,4000000],["o",900,20000000]]]');
});

test.each([null, undefined, 3, "x", "{", "3", [], {}, [[]], '{"lines":[]}', { lines: [] }])(
  "%j is none",
  (stored) => {
    expect(unpackBill(stored)).toBeNull();
  },
);
