/** Converts between integer pico-dollars (internal) and exact decimal dollars (API, price table). */

const PICO_DIGITS = 12;

/** "0.00618" for 6180000000n; no exponent, no trailing zeros. */
export function formatUsd(pico: bigint): string {
  const digits = (pico < 0n ? -pico : pico).toString().padStart(PICO_DIGITS + 1, "0");
  const fraction = digits.slice(-PICO_DIGITS).replace(/0+$/, "");
  const whole = digits.slice(0, -PICO_DIGITS);
  return `${pico < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** 6180000000n for "0.00618". Throws unless the text is a decimal with at most twelve places: only for texts of our own. */
export function parseUsd(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) throw new Error(`"${text}" is not a dollar amount`);
  const [, sign = "", whole = "", fraction = ""] = match;
  return BigInt(`${sign}${whole}${fraction.padEnd(PICO_DIGITS, "0")}`);
}
