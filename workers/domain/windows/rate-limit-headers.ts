/**
 * Rate-limit headers of Claude's responses as readings. Subscriptions report `anthropic-ratelimit-unified-<window>-<field>`
 * for windows whose names change with plans and models; API keys report `anthropic-ratelimit-<kind>-{limit,remaining,reset}`
 * (and `anthropic-priority-…`, `anthropic-fast-…`). Windows and kinds are not listed here. Called by the AccountWindow object.
 * https://docs.claude.com/en/api/rate-limits; the unified ones are as observed.
 */
import type { LimitReading } from "../../schemas/window.ts";

export interface LimitReadings {
  readings: LimitReading[];
  /** Of the unified limits as a whole: `status`, `reset`, `representative-claim`, `fallback-percentage`, …, as sent. */
  overall: Record<string, string>;
}

const UNIFIED = "anthropic-ratelimit-unified-";
const CLASSIC = /^anthropic-(?:ratelimit-)?([a-z0-9_-]{1,60})-(limit|remaining|reset)$/;
/** A window's name and a known field. Longest fields first, so that the name does not contain one. */
const WINDOW_FIELD = /^([a-z0-9_.-]{1,60})-(surpassed-threshold|disabled-reason|utilization|status|reset)$/;

/** Names of windows in `representative-claim`, and in headers. */
const CLAIMS: Readonly<Record<string, string>> = {
  five_hour: "5h",
  seven_day: "7d",
  seven_day_overage_included: "7d_oi",
  seven_day_opus: "7d_opus",
  seven_day_sonnet: "7d_sonnet",
};

/** Limits the storage that invented header names can take. */
const MAX_READINGS = 40;

/** Names in lower case. Other headers are ignored; a value that is not a number gives null. */
export function readLimits(headers: Readonly<Record<string, string>>): LimitReadings {
  const windows = new Map<string, Record<string, string>>();
  const kinds = new Map<string, Record<string, string>>();
  const rest: [string, string][] = [];
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(UNIFIED)) {
      const suffix = header.slice(UNIFIED.length);
      const [, window, field] = WINDOW_FIELD.exec(suffix) ?? [];
      if (window !== undefined && field !== undefined) setField(windows, window, field, value);
      else rest.push([suffix, value]);
    } else {
      const [, kind, field] = CLASSIC.exec(header) ?? [];
      if (kind !== undefined && field !== undefined) setField(kinds, kind, field, value);
    }
  }
  const overall: Record<string, string> = {};
  for (const [suffix, value] of rest) {
    // An unknown field of a window that has a known field too.
    const window = [...windows.keys()].find((name) => suffix.startsWith(`${name}-`));
    if (window === undefined) overall[suffix] = value;
    else setField(windows, window, suffix.slice(window.length + 1), value);
  }
  return {
    readings: [
      ...[...windows].map(([name, fields]) => unified(name, fields)),
      ...[...kinds].map(([name, fields]) => classic(name, fields)),
    ].slice(0, MAX_READINGS),
    overall,
  };
}

/** The window that currently limits requests, by its name in headers; null if not reported. */
export function bindingWindow(overall: Readonly<Record<string, string>>): string | null {
  const claim = overall["representative-claim"];
  if (claim === undefined) return null;
  return (Object.hasOwn(CLAIMS, claim) && CLAIMS[claim]) || claim;
}

/** The length in a window's name ("5h", "7d_oi"), in milliseconds; null without one. */
export function windowLength(name: string): number | null {
  const [, parseNumber, unit] = /^(\d{1,3})([mhd])(?![a-z0-9])/.exec(name) ?? [];
  if (parseNumber === undefined || unit === undefined) return null;
  return Number(parseNumber) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as "m" | "h" | "d"];
}

function unified(name: string, fields: Record<string, string>): LimitReading {
  return {
    name,
    style: "unified",
    utilization: parseNumber(fields["utilization"]),
    status: fields["status"] ?? null,
    resetAt: parseInstant(fields["reset"]),
    limit: null,
    remaining: null,
    fields,
  };
}

function classic(name: string, fields: Record<string, string>): LimitReading {
  const limit = parseNumber(fields["limit"]);
  const remaining = parseNumber(fields["remaining"]);
  return {
    name,
    style: "classic",
    utilization: limit !== null && limit > 0 && remaining !== null ? 1 - remaining / limit : null,
    status: null,
    resetAt: parseInstant(fields["reset"]),
    limit,
    remaining,
    fields,
  };
}

function setField(to: Map<string, Record<string, string>>, name: string, field: string, value: string): void {
  to.set(name, { ...to.get(name), [field]: value });
}

function parseNumber(text: string | undefined): number | null {
  const value = text === undefined || !/^\s*[\d.]+(?:e[+-]?\d+)?\s*$/i.test(text) ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Unix seconds (unified), RFC 3339 (classic); milliseconds are recognised by their size. */
function parseInstant(text: string | undefined): number | null {
  const seconds = parseNumber(text);
  const ms = seconds === null ? Date.parse(text ?? "") : seconds > 1e11 ? seconds : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 && ms < 8.64e15 ? Math.round(ms) : null;
}
