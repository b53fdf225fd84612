/** Latency of sequential requests. */
import { median } from "../lib/statistics.ts";
import type { Line } from "../lib/table.ts";
import { limitLine } from "./lines.ts";

/** Measured requests, after one warm-up request per address. */
const SAMPLES = 21;

interface Measurement {
  headers: Record<string, string>;
  /** Goal of the median time. */
  ms: number;
  /** Goal of the size of the largest response body. */
  bytes?: number | undefined;
  /** Default: body. */
  until?: "body" | "headers";
}

/** Requests the addresses in turn; returns a line with the median time and, if the goal has a size, a line with the size. */
export async function measureLatency(
  what: string,
  urls: readonly string[],
  { headers, ms: goalMs, bytes: goalBytes, until = "body" }: Measurement,
): Promise<Line[]> {
  const times: number[] = [];
  let bytes = 0;
  for (let time = 0; time < SAMPLES + urls.length; time++) {
    const url = urls[time % urls.length] ?? "";
    const started = performance.now();
    const response = await fetch(url, { headers, redirect: "manual" });
    const headersAt = performance.now();
    const body = await response.arrayBuffer();
    const ended = performance.now();
    if (response.status !== 200)
      throw new Error(`${url}: ${response.status} ${new TextDecoder().decode(body).slice(0, 200)}`);
    if (time >= urls.length) times.push((until === "body" ? ended : headersAt) - started);
    bytes = Math.max(bytes, body.byteLength);
  }
  const lines = [limitLine(what, "ms p50", median(times), goalMs)];
  if (goalBytes !== undefined) lines.push(limitLine(what, "KB", bytes / 1000, goalBytes / 1000));
  return lines;
}
