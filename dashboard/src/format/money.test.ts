import { describe, expect, it } from "vitest";
import { formatMoney } from "../../../workers/domain/pricing/format-money.ts";
import { formatUsd, parseUsd } from "../../../workers/domain/pricing/usd.ts";
import { approximateAmount, formatMoneyExact, formatMoneyShort } from "./money.ts";

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

  it.each([0n, 1n, 999_999_999_999n, 6_180_000_000n, 300_000_000_000n, 123_456_789_012_345_678_901n])(
    "loses nothing of %s pico-dollars on hover",
    (pico) => {
      expect(parseUsd(formatMoneyExact(formatUsd(pico)).slice(1))).toBe(pico);
    },
  );

  it("does not drift where floats would", () => {
    const sum = (...amounts: string[]) => formatUsd(amounts.reduce((all, one) => all + parseUsd(one), 0n));
    expect(formatMoneyExact(sum("0.1", "0.2"))).toBe("$0.3");
    expect(formatMoney(sum(...Array<string>(10).fill("0.1")))).toBe("$1.00");
    expect(formatMoney(sum("90071992547409.93", "0.01"))).toBe("$90,071,992,547,409.94");
  });

  it.each([null, undefined, "", " ", "NaN", "-", "1e-7", "0x0", "$0", "0,00", "Infinity"])(
    "never shows %j, which is no amount, as $0",
    (amount) => {
      for (const format of [formatMoney, formatMoneyShort, formatMoneyExact])
        expect(format(amount)).not.toMatch(/\d/);
      expect(approximateAmount(amount)).toBeNull();
    },
  );

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
