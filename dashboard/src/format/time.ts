/**
 * Times and durations. Relative for reading, absolute for the hover, both in the viewer's zone (a cookie the page's
 * script sets; UTC until then, and then it says so). `now` is passed in, so that a page says one time.
 */
import { isTimeZone } from "../../../workers/schemas/calendar.ts";
import { UNKNOWN } from "./number.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 812 → "812 ms", 4230 → "4.2 s", 64000 → "1 m 4 s", 7260000 → "2 h 1 m". */
export function formatDuration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined || !Number.isFinite(milliseconds)) return UNKNOWN;
  const ms = Math.max(0, milliseconds);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joinUnits(Math.floor(seconds / 60), "m", seconds % 60, "s");
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 48 * 60) return joinUnits(Math.floor(minutes / 60), "h", minutes % 60, "m");
  const hours = Math.round(ms / HOUR);
  return joinUnits(Math.floor(hours / 24), "d", hours % 24, "h");
}

const joinUnits = (big: number, bigUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;

/** "just now", "12 s ago", "5 m ago", "2 h ago", "3 d ago", then the date; the future as "in 5 m". */
export function formatRelative(at: number, now: number, zone: string): string {
  const gap = now - at;
  const size = Math.abs(gap);
  if (size < 5_000) return "just now";
  const text =
    size < MINUTE
      ? `${Math.floor(size / 1000)} s`
      : size < HOUR
        ? `${Math.floor(size / MINUTE)} m`
        : size < DAY
          ? `${Math.floor(size / HOUR)} h`
          : size < 7 * DAY
            ? `${Math.floor(size / DAY)} d`
            : null;
  if (text === null) return formatDay(at, zone);
  return gap > 0 ? `${text} ago` : `in ${text}`;
}

/** "2026-11-23 12:41:03 UTC": absolute, sortable, with the zone's own short name. */
export function formatAbsolute(at: number, zone: string): string {
  const parts = dateParts(at, zone, { second: "2-digit", timeZoneName: "short" });
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second} ${parts.timeZoneName}`;
}

/** "12:41". */
export function formatHour(at: number, zone: string): string {
  const parts = dateParts(at, zone, {});
  return `${parts.hour}:${parts.minute}`;
}

/** Formats many times of one page as "12:41:03" with one formatter: creating one is slow. */
export function clockFormatter(zone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: zone });
  return (at) => format.format(at);
}

/** "23 Nov 2026". */
export function formatDay(at: number, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: zone,
  }).format(at);
}

/** "23 Nov". */
export function formatShortDay(at: number, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone }).format(at);
}

function dateParts(at: number, zone: string, extra: Intl.DateTimeFormatOptions): Record<string, string> {
  const format = new Intl.DateTimeFormat("en-GB", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
    ...extra,
  });
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
}

/** The zone if this runtime knows it, else UTC: the name comes from a cookie anyone can write. */
export function supportedZone(name: string | undefined): string {
  return name !== undefined && isTimeZone(name) ? name : "UTC";
}
