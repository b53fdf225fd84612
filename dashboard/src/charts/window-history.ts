/** The history of a usage window as a line over time. */
import type { WindowView } from "../../../workers/schemas/api/windows.ts";
import type { LinePoint } from "./line-chart.tsx";

const MINUTE_MS = 60_000;
/** Nothing is drawn between two reports that are further apart. */
export const MAX_GAP_MS = 30 * MINUTE_MS;

interface Report {
  at: number;
  value: number;
  /** NaN where the vendor named no reset. */
  resetsAt: number;
}

/** The utilization drops to 0 when the window is reset; without reports for longer than MAX_GAP_MS the line breaks. */
export function windowHistory(history: WindowView["unified"][number]["history"]): LinePoint[] {
  const line: LinePoint[] = [];
  let before: Report | null = null;
  for (const { time, utilization, resetsAt } of history) {
    if (utilization === null) continue;
    const point: Report = { at: Date.parse(time), value: utilization, resetsAt: Date.parse(resetsAt ?? "") };
    if (before !== null) line.push(...between(before, point));
    line.push({ at: point.at, value: point.value });
    before = point;
  }
  return line;
}

function between(before: Report, next: Report): LinePoint[] {
  const gap = (at: number): LinePoint => ({ at, value: null });
  const isOther = Math.abs(next.resetsAt - before.resetsAt) > MINUTE_MS;
  const reset = before.resetsAt;
  if (!isOther || reset > next.at) return isOther || next.at - before.at > MAX_GAP_MS ? [gap(before.at)] : [];
  const [isSoon, wasRecent] = [reset - before.at <= MAX_GAP_MS, next.at - reset <= MAX_GAP_MS];
  if (!isSoon && !wasRecent) return [gap(before.at)];
  return [
    isSoon ? { at: reset, value: before.value } : gap(before.at),
    { at: reset, value: 0 },
    ...(wasRecent ? [] : [gap(reset)]),
  ];
}
