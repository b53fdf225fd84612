/** Input and result of the load generator. All times in milliseconds. */
import type { ResponseSpec } from "./responses.ts";

export interface LoadSpec {
  port: number;
  headers: Record<string, string>;
  bodyBytes: number;
  response: ResponseSpec;
  /** Number of requests and of concurrent keep-alive connections. */
  requests: number;
  concurrency: number;
  /** Close the connection after this many reads of the response. */
  leaveAfter?: number;
  /** Send bytes of every value and compare the SHA-256 on both sides (`echo`). */
  isChecked?: boolean;
}

export type Measured = ReturnType<typeof noMeasurements>;

export const noMeasurements = () => ({
  /** From the first byte sent to the first byte of the response body. */
  firstByte: [] as number[],
  /** From the last event written upstream to the end of the response. */
  end: [] as number[],
  /** Per event: written upstream → read by the client. */
  delay: [] as number[],
  /** Per stream: reads per event; 1 when no two events arrived together. */
  readsPerEvent: [] as number[],
  /** Per stream: share of its time before the first byte. */
  firstShare: [] as number[],
  total: [] as number[],
  /** Times (clock.ts) at which the client disconnected. */
  left: [] as number[],
  /** Status of the last response. */
  status: 0,
  headers: "",
  /** Number of wrong responses and the reason of the last one. */
  failures: 0,
  failure: "",
});
