import { describe, expect, it } from "vitest";
import { approximateAmount, formatMoney, formatMoneyExact, formatMoneyShort } from "./money.ts";

describe("money", () => {
  it.each([
    ["0", "$0.00"],
    ["0.000", "$0.00"],
    ["0.00618", "$0.0062"],
    ["0.00000012345", "$0.00000012"],
    ["0.99996", "$1.00"],
    ["1", "$1.00"],
    ["41.2", "$41.20"],
    ["1.005", "$1.01"],
    ["1234.5", "$1,234.50"],
    ["123456789.999", "$123,456,790.00"],
    ["-0.5", "−$0.5000"],
    ["-12.345", "−$12.35"],
    [null, "unpriced"],
    [undefined, "unpriced"],
    ["NaN", "–"],
    ["1e5", "–"],
  ])("writes %s as %s", (amount, text) => {
    expect(formatMoney(amount)).toBe(text);
  });

  it("keeps every digit for the hover", () => {
    expect(formatMoneyExact("0.006180000001")).toBe("$0.006180000001");
    expect(formatMoneyExact(null)).toMatch(/no price/);
    expect(formatMoneyExact("x")).toBe("–");
  });

  it("shortens only what would not fit into a tile", () => {
    expect(formatMoneyShort("99999.99")).toBe("$99,999.99");
    expect(formatMoneyShort("123456.7")).toBe("$123k");
    expect(formatMoneyShort("-5555555510.56")).toBe("−$5.56B");
    expect(formatMoneyShort(null)).toBe("unpriced");
  });

  it("gives floats only for drawing", () => {
    expect(approximateAmount("0.25")).toBe(0.25);
    expect(approximateAmount(null)).toBeNull();
    expect(approximateAmount("abc")).toBeNull();
  });
});
