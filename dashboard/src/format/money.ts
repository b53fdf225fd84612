/** Money for tiles, hovers and charts. */
import { DECIMAL, formatMoney } from "../../../workers/domain/pricing/format-money.ts";
import { formatShort, UNKNOWN } from "./number.ts";

/** For tiles: like formatMoney, but three significant digits from $100,000 up: "123456.7" → "$123k". */
export function formatMoneyShort(amount: string | null | undefined): string {
  const value = approximateAmount(amount);
  if (value === null || Math.abs(value) < 100_000) return formatMoney(amount);
  return `${value < 0 ? "−" : ""}$${formatShort(Math.abs(value))}`;
}

/** The exact amount for a hover: "$0.00618". */
export function formatMoneyExact(amount: string | null | undefined): string {
  if (amount === null || amount === undefined) return "no price known";
  return DECIMAL.test(amount) ? `$${amount}` : UNKNOWN;
}

/** For comparing and drawing only, never for showing: the amount as a float, null where unpriced. */
export function approximateAmount(amount: string | null | undefined): number | null {
  if (amount === null || amount === undefined || !DECIMAL.test(amount)) return null;
  return Number(amount);
}
