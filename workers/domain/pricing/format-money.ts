/**
 * Money from exact decimal strings ("0.00618"), without floats, so that the shown amount is the summed one. Two decimals from a dollar
 * up, four below; an amount too small for four decimals keeps its first two significant digits. Used by dashboard and CLI.
 */

export const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** "41.2" → "$41.20", "0.00618" → "$0.0062", "1234.5" → "$1,234.50", null → "unpriced", a text that is no amount → "–". */
export function formatMoney(amount: string | null | undefined): string {
  if (amount === null || amount === undefined) return "unpriced";
  const match = DECIMAL.exec(amount);
  if (!match) return "–";
  const [, sign = "", whole = "0", fraction = ""] = match;
  const isWhole = /[1-9]/.test(whole);
  if (!isWhole && !/[1-9]/.test(fraction)) return "$0.00";
  const firstDigit = fraction.search(/[1-9]/);
  const places = isWhole ? 2 : firstDigit < 3 ? 4 : firstDigit + 2;
  const rounded = roundDecimal(whole, fraction, places);
  const [units = "0", decimals = ""] = rounded.split(".");
  return `${sign ? "−" : ""}$${groupThousands(units)}.${isWhole || units !== "0" ? decimals.slice(0, 2) : decimals}`;
}

/** A sum: "$41.20", with a + where exchanges without a price are left out of it: "$41.20+", or "unpriced". */
export function formatMoneySum({ costUsd, unpricedCount }: CostSum): string {
  return `${formatMoney(costUsd)}${costUsd !== null && unpricedCount > 0 ? "+" : ""}`;
}
export interface CostSum {
  costUsd: string | null;
  unpricedCount: number;
}
/** Of no requests. */
export const NO_COST: CostSum = { costUsd: "0", unpricedCount: 0 };

/** Rounds half up in decimal digits. */
function roundDecimal(whole: string, fraction: string, places: number): string {
  const digits = fraction.padEnd(places + 1, "0");
  const kept = BigInt(whole + digits.slice(0, places)) + (digits[places]! >= "5" ? 1n : 0n);
  const text = kept.toString().padStart(places + 1, "0");
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}

const groupThousands = (digits: string) => digits.replace(/\B(?=(\d{3})+$)/g, ",");
