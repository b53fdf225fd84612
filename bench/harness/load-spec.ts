/** What the load generator is asked and what it tells; all times in milliseconds. */
import type { Answer } from "./responses.ts";

export interface LoadSpec {
  port: number;
  headers: Record<string, string>;
  bodyBytes: number;
  answer: Answer;
  /** Requests in all, and how many are under way at once, each on a connection of its own that is kept. */
  requests: number;
  concurrency: number;
  /** Close the connection after this many reads of the answer. */
  leaveAfter?: number;
  /** Send bytes of every value, and compare SHA-256 of what arrived on both sides (`echo`). */
  isChecked?: boolean;
}

export interface Measured {
  /** From the first byte sent to the first byte of the answer's body. */
  firstByte: number[];
  /** From the last event written upstream to the end of the answer. */
  end: number[];
  /** Of each event: written upstream → read by the client. */
  delay: number[];
  /** Of each stream: reads it took per event; 1 when no two events ever arrived together. */
  readsPerEvent: number[];
  /** Of each stream: share of its whole time that passed before the first byte. */
  firstShare: number[];
  total: number[];
  /** Times (clock.ts) at which the client left. */
  left: number[];
  /** Of the last answer. */
  status: number;
  headers: string;
  /** Answers that were not what was expected, and why the last of them was not. */
  failures: number;
  failure: string;
}
