/** Usage windows of an account as text: utilization, reset time and forecast. */
import type { WindowView } from "../../../workers/schemas/api/windows.ts";
import { formatShare } from "../format/number.ts";
import { capitalize } from "../format/text.ts";
import { formatDuration } from "../format/time.ts";

export interface WindowRow {
  name: string;
  /** 0 to 1 and beyond; null if not reported. */
  used: number | null;
  /** Forecast share at the reset at the current pace; null when unknown. */
  atReset: number | null;
  tone: "good" | "warning" | "error";
  /** "resets in 2 h 10 m", "was reset 5 m ago". */
  reset: string;
  /** The forecast as a sentence; empty when unknown. */
  forecast: string;
  isBinding: boolean;
  /** When the vendor reported it; null for what is counted here. */
  reportedAt: string | null;
  /** Reported so long ago that it may be another value now. */
  isStale: boolean;
  /** Text instead of a bar for a window without utilization. */
  state: string | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A report is stale after this: a busy account reports with each response. */
const STALE_MS = 10 * MINUTE_MS;
/** A window is a warning from this share on. */
const WARNING_SHARE = 0.9;

/** The vendor's unified windows, and the custom limit where one is set. */
export function windowRows(window: WindowView, now: number): WindowRow[] {
  const rows = window.unified.map((one): WindowRow => {
    if (one.window === OVERAGE && one.utilization === null) return overageRow(one, now);
    const used = one.hasEnded ? 0 : one.utilization;
    const resetsIn = one.resetsAt === null ? null : Date.parse(one.resetsAt) - now;
    const atReset =
      used === null || resetsIn === null || resetsIn <= 0 || one.perHour === null || one.hasEnded
        ? null
        : used + (Math.max(0, one.perHour) * resetsIn) / HOUR_MS;
    return {
      name: windowName(one.window),
      used,
      atReset,
      tone: toneOf(used, ignoresStatus(one) ? null : one.status, one.hasEnded ? null : one.fullAt),
      reset: resetText(resetsIn, one.hasEnded),
      forecast: forecastText(used, one.hasEnded ? null : one.fullAt, atReset, now),
      isBinding: one.isBinding,
      ...ageOf(one, now),
      state: null,
    };
  });
  if (window.percentageUsed === null) return rows;
  const used = window.percentageUsed / 100;
  return [
    ...rows,
    {
      name: "Custom limit",
      used,
      atReset: null,
      tone: toneOf(used, null, window.fullAt),
      reset: "rolling 5 h",
      forecast: forecastText(used, window.fullAt, null, now),
      isBinding: false,
      reportedAt: null,
      isStale: false,
      state: null,
    },
  ];
}

type Unified = WindowView["unified"][number];
/** The vendor's name for what may be used beyond a plan, at a price. */
const OVERAGE = "overage";

/** The status of a past window, and that of overage, which is usually rejected, does not show how full it is. */
const ignoresStatus = ({ hasEnded, window }: Unified) => hasEnded || window === OVERAGE;

function overageRow(overage: Unified, now: number): WindowRow {
  const { window, status, fields, isBinding } = overage;
  const reason = fields["disabled-reason"];
  const state =
    status === "rejected"
      ? `Off${reason ? ` (${reason.replaceAll("_", " ")})` : ""}`
      : status === null
        ? "Not reported"
        : capitalize(status.replaceAll("_", " "));
  const unmeasured = { ...ageOf(overage, now), used: null, atReset: null, reset: "", forecast: "" };
  return { name: windowName(window), ...unmeasured, tone: "good", isBinding, state };
}

function ageOf({ reportedAt }: Unified, now: number) {
  return { reportedAt, isStale: now - Date.parse(reportedAt) > STALE_MS };
}

/** "5h" → "5 h", "7d_opus" → "7 d opus"; other names as they came. */
export function windowName(name: string): string {
  if (name === OVERAGE) return "Extra usage";
  const parts = /^(\d+)([hdm])(?:_(.+))?$/.exec(name);
  if (!parts) return name.replaceAll("_", " ");
  return [parts[1], parts[2], parts[3]?.replaceAll("_", " ")].filter(Boolean).join(" ");
}

/** How much an account needs attention: the fullest of its windows, 0 when nothing is known. */
export function peakUtilization(window: WindowView): number {
  const shares = window.unified.map((one) => (one.hasEnded ? 0 : (one.utilization ?? 0)));
  return Math.max(0, ...shares, (window.percentageUsed ?? 0) / 100);
}

function toneOf(used: number | null, status: string | null, fullAt: string | null): WindowRow["tone"] {
  if (status === "rejected" || (used !== null && used >= 1)) return "error";
  if (status === "allowed_warning" || fullAt !== null || (used !== null && used >= WARNING_SHARE))
    return "warning";
  return "good";
}

function resetText(resetsIn: number | null, hasEnded: boolean): string {
  if (resetsIn === null) return "";
  if (hasEnded || resetsIn <= 0) return `reset ${formatDuration(Math.abs(resetsIn))} ago`;
  return `resets in ${formatDuration(resetsIn)}`;
}

function forecastText(
  used: number | null,
  fullAt: string | null,
  atReset: number | null,
  now: number,
): string {
  if (used !== null && used >= 1) return "Limit reached.";
  if (fullAt !== null) return `At this pace, full in ${formatDuration(Date.parse(fullAt) - now)}.`;
  return atReset === null ? "" : `At this pace, ${formatShare(atReset)} when it resets.`;
}
