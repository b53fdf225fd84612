/**
 * The filters of the toolbar. They are in the URL and are kept from page to page, so that a URL shows the same to
 * others. Parsing never fails: an invalid value, which pages behind the sign-in reject, counts as absent.
 */
import { instantOf } from "../../../workers/domain/usage/calendar.ts";
import { queryString } from "../api/client.ts";
import type { PageQuery } from "./page-parameters.ts";

export const RANGES = {
  "1h": { label: "Last hour", ms: 3_600_000 },
  "24h": { label: "Last 24 hours", ms: 86_400_000 },
  "7d": { label: "Last 7 days", ms: 7 * 86_400_000 },
  "30d": { label: "Last 30 days", ms: 30 * 86_400_000 },
} as const;
export type Range = keyof typeof RANGES;
export const DEFAULT_RANGE: Range = "24h";

/** What follows from page to page. `from` and `to` (ISO 8601) override `range`. */
export interface Filters {
  domain: string | null;
  accountId: string | null;
  model: string | null;
  range: Range;
  from: string | null;
  to: string | null;
}

export interface Period {
  /** Epoch milliseconds. */
  from: number;
  to: number;
  /** False when `to` is now: the last bucket is unfinished. */
  isPast: boolean;
  label: string;
}

/** Longest value taken from a URL; names of hosts, accounts and models are far shorter. */
const MAX_VALUE_LENGTH = 300;

/** `zone`: of local times, which name no zone. */
export function parseFilters(query: PageQuery, zone: string): Filters {
  return {
    domain: textValue(query.domain),
    accountId: textValue(query.accountId),
    model: textValue(query.model),
    range: query.range && Object.hasOwn(RANGES, query.range) ? (query.range as Range) : DEFAULT_RANGE,
    from: toIsoTime(query.from, zone),
    to: toIsoTime(query.to, zone),
  };
}

/** What is allowed for a filter of which parseFilters cannot read this value; null where it can. */
export function filterRule(name: string, value: string, zone: string): string | null {
  if (value === "") return null;
  if (name === "range") return Object.hasOwn(RANGES, value) ? null : Object.keys(RANGES).join(", ");
  if (name === "from" || name === "to")
    return toIsoTime(value, zone) === null ? "a date or time such as 2026-11-23 or 2026-11-23T08:00Z" : null;
  const isName = name === "domain" || name === "accountId" || name === "model";
  return isName && textValue(value) === null ? `at most ${MAX_VALUE_LENGTH} characters` : null;
}

/** The period the filters mean at `now`. */
export function periodOf(filters: Filters, now: number): Period {
  const to = filters.to ? Math.min(Date.parse(filters.to), now) : now;
  const custom = filters.from !== null || filters.to !== null;
  const from = filters.from ? Math.min(Date.parse(filters.from), to) : to - RANGES[filters.range].ms;
  return { from, to, isPast: to < now, label: custom ? "Custom range" : RANGES[filters.range].label };
}

/** Filters as query parameters, defaults left out. */
export function filterQuery(filters: Filters): Record<string, string | null> {
  return {
    domain: filters.domain,
    accountId: filters.accountId,
    model: filters.model,
    range: filters.range === DEFAULT_RANGE || filters.from ? null : filters.range,
    from: filters.from,
    to: filters.to,
  };
}

/** Filters as parameters of the API: the period in ISO times instead of a range. */
export function apiQuery(filters: Filters, now: number): Record<string, string | null> {
  const period = periodOf(filters, now);
  return {
    domain: filters.domain,
    accountId: filters.accountId,
    model: filters.model,
    from: new Date(period.from).toISOString(),
    to: period.isPast ? new Date(period.to).toISOString() : null,
  };
}

/** A link to `path` with these filters and what else the page needs; null removes. */
export function linkTo(
  path: string,
  filters: Filters,
  extra: Record<string, string | number | null | undefined> = {},
): string {
  return path + queryString({ ...filterQuery(filters), ...extra });
}

const textValue = (text: string | undefined) => (text && text.length <= MAX_VALUE_LENGTH ? text : null);

/** A time as ISO 8601 with zone, or a date or a browser's datetime-local, which are in `zone`; normalised, or null. */
function toIsoTime(text: string | undefined, zone: string): string | null {
  if (!text || text.length > 40) return null;
  const isLocal = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text);
  const at = Date.parse(isLocal && text.includes("T") ? `${text}Z` : text);
  return Number.isNaN(at) ? null : new Date(isLocal ? instantOf(at, zone) : at).toISOString();
}
