/** What somebody waits for: one address asked again and again, one after the other. */
import { median } from "../lib/statistics.ts";
import type { Line } from "../lib/table.ts";

/** Asked once before, then this often. */
const SAMPLES = 21;

export interface Goal {
  ms: number;
  /** Of the largest answer's body. */
  bytes?: number;
}

/** Asks the addresses in turns; the lines are the median time, and the size where the goal has one. */
export async function measureLatency(
  what: string,
  urls: readonly string[],
  {
    headers,
    goal,
    until = "body",
  }: { headers: Record<string, string>; goal: Goal; until?: "body" | "headers" },
): Promise<Line[]> {
  const times: number[] = [];
  let bytes = 0;
  for (let time = 0; time < SAMPLES + urls.length; time++) {
    const url = urls[time % urls.length] ?? "";
    const started = performance.now();
    const response = await fetch(url, { headers, redirect: "manual" });
    const answered = performance.now();
    const body = await response.arrayBuffer();
    const ended = performance.now();
    if (response.status !== 200)
      throw new Error(`${url}: ${response.status} ${new TextDecoder().decode(body).slice(0, 200)}`);
    if (time >= urls.length) times.push((until === "body" ? ended : answered) - started);
    bytes = Math.max(bytes, body.byteLength);
  }
  const ms = median(times);
  const lines: Line[] = [{ what, unit: "ms p50", nexus: ms, goal: `≤ ${goal.ms} ms`, isMet: ms <= goal.ms }];
  if (goal.bytes !== undefined)
    lines.push({
      what,
      unit: "KB",
      nexus: bytes / 1000,
      goal: `≤ ${goal.bytes / 1000} KB`,
      isMet: bytes <= goal.bytes,
    });
  return lines;
}
