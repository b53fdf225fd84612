/**
 * The time of a replayed exchange, in a request header that only the demo's Worker (worker-clock.ts) and the fake Claude
 * read.
 */
export const CLOCK_HEADER = "x-demo-clock";

export interface Clock {
  /** Epoch milliseconds at which the exchange begins. */
  at: number;
  /** Speed of its clock relative to the machine's: responses are replayed faster than a model sends them. */
  rate: number;
}

export const clockHeader = ({ at, rate }: Clock) => ({ [CLOCK_HEADER]: `${Math.round(at)};${rate}` });

/** Null without the header. */
export function clockOf(header: string | null | undefined): Clock | null {
  const [, at, rate] = /^(\d{1,15});(\d{1,4}(?:\.\d+)?)$/.exec(header ?? "") ?? [];
  return at === undefined ? null : { at: Number(at), rate: Number(rate) };
}
