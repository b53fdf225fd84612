/** Integer pico-dollars as an exact decimal of dollars. */

const PICO_DIGITS = 12;

/** "0.00618" for 6180000000n; no exponent, no trailing zeros. */
export function usdText(pico: bigint): string {
  const digits = (pico < 0n ? -pico : pico).toString().padStart(PICO_DIGITS + 1, "0");
  const fraction = digits.slice(-PICO_DIGITS).replace(/0+$/, "");
  const whole = digits.slice(0, -PICO_DIGITS);
  return `${pico < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** A sum's cost: null when something should have been priced and nothing could be. */
export function sumUsdText(pico: bigint, unpricedCount: number): string | null {
  return pico === 0n && unpricedCount > 0 ? null : usdText(pico);
}
