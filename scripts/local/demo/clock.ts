/**
 * The time at which something of the demo's day happens: a header of the replay says it, the demo's Worker (worker-clock.ts)
 * and the fake Claude go by it. No other Worker looks at it.
 */
export const CLOCK_HEADER = "x-demo-clock";

export interface Clock {
  /** Epoch milliseconds at which the exchange begins. */
  at: number;
  /** How much faster than the machine's its clock runs: answers are played faster than a model gives them. */
  rate: number;
}

export const clockHeader = ({ at, rate }: Clock) => ({ [CLOCK_HEADER]: `${Math.round(at)};${rate}` });

/** Null where none is said. */
export function clockOf(header: string | null | undefined): Clock | null {
  const [, at, rate] = /^(\d{1,15});(\d{1,4}(?:\.\d+)?)$/.exec(header ?? "") ?? [];
  return at === undefined ? null : { at: Number(at), rate: Number(rate) };
}
