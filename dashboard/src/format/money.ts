/**
 * Money from exact decimal strings ("0.00618"): never through a float, so that what is shown is what was summed.
 * Two decimals from a dollar up, four below; an amount too small for four decimals keeps its first two digits that count.
 */
import { formatShort, UNKNOWN } from "./number.ts";

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** "41.2" → "$41.20", "0.00618" → "$0.0062", "1234.5" → "$1,234.50", null → "unpriced". */
export function formatMoney(amount: string | null | undefined): string {
  if (amount === null || amount === undefined) return "unpriced";
  const match = DECIMAL.exec(amount);
  if (!match) return UNKNOWN;
  const [, sign = "", whole = "0", fraction = ""] = match;
  const isWhole = /[1-9]/.test(whole);
  if (!isWhole && !/[1-9]/.test(fraction)) return "$0.00";
  const firstDigit = fraction.search(/[1-9]/);
  const places = isWhole ? 2 : firstDigit < 3 ? 4 : firstDigit + 2;
  const rounded = roundDecimal(whole, fraction, places);
  const [units = "0", decimals = ""] = rounded.split(".");
  return `${sign ? "−" : ""}$${groupThousands(units)}.${isWhole || units !== "0" ? decimals.slice(0, 2) : decimals}`;
}

/** For tiles: like formatMoney, but three significant digits from $100,000 up: "123456.7" → "$123k". */
export function formatMoneyShort(amount: string | null | undefined): string {
  const value = approximateAmount(amount);
  if (value === null || Math.abs(value) < 100_000) return formatMoney(amount);
  return `${value < 0 ? "−" : ""}$${formatShort(Math.abs(value))}`;
}

/** The exact amount for a hover: "$0.00618". */
export function formatMoneyExact(amount: string | null | undefined): string {
  if (amount === null || amount === undefined) return "no price known for this model";
  return DECIMAL.test(amount) ? `$${amount}` : UNKNOWN;
}

/** Rounds half up in decimal digits. */
function roundDecimal(whole: string, fraction: string, places: number): string {
  const digits = fraction.padEnd(places + 1, "0");
  const kept = BigInt(whole + digits.slice(0, places)) + (digits[places]! >= "5" ? 1n : 0n);
  const text = kept.toString().padStart(places + 1, "0");
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}

const groupThousands = (digits: string) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

/** For comparing and drawing only, never for showing: the amount as a float, null where unpriced. */
export function approximateAmount(amount: string | null | undefined): number | null {
  if (amount === null || amount === undefined || !DECIMAL.test(amount)) return null;
  return Number(amount);
}
