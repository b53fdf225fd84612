/** Exact decimals of dollars as integer pico-dollars and back: sums of money never go through floats. */

/** "0.00618" → 6_180_000_000n. */
export function picoOf(amount: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?\d*$/.exec(amount);
  if (!match) return 0n;
  const value = BigInt(match[2]!) * 1_000_000_000_000n + BigInt((match[3] ?? "").padEnd(12, "0"));
  return match[1] ? -value : value;
}

/** The way back: 6_180_000_000n → "0.00618". */
export function decimalOf(pico: bigint): string {
  const digits = (pico < 0n ? -pico : pico).toString().padStart(13, "0");
  const fraction = digits.slice(-12).replace(/0+$/, "");
  return `${pico < 0n ? "-" : ""}${digits.slice(0, -12)}${fraction ? `.${fraction}` : ""}`;
}
