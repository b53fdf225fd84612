/** What overview, usage and errors should say of the API's sums: tiles, charts and their tables, names with shares, windows. */
import { niceAxis, sampleEvenly } from "../../../dashboard/src/charts/axis.ts";
import { windowRows } from "../../../dashboard/src/api/windows.ts";
import { formatMoney, formatMoneyExact, formatMoneyShort } from "../../../dashboard/src/format/money.ts";
import { formatExact, formatShare, formatShort } from "../../../dashboard/src/format/number.ts";
import {
  formatAbsolute,
  formatDuration,
  formatHour,
  formatShortDay,
} from "../../../dashboard/src/format/time.ts";
import type { Overview, OverviewTotals as Sums } from "../../../workers/schemas/api/overview.ts";
import type { WindowView } from "../../../workers/schemas/api/windows.ts";
import { ZONE } from "../../support/demo-stack.ts";
import { change, several, wire } from "./words.ts";

const DAY_MS = 86_400_000;

/** Input, cache read, cache write, output: the order of every chart and table. */
const KINDS = [
  ["Input tokens", "inputTokens"],
  ["Cache read", "cacheReadInputTokens"],
  ["Cache write", "cacheCreationInputTokens"],
  ["Output tokens", "outputTokens"],
] as const;
export const tokensOf = (sums: Sums) => KINDS.map(([, key]) => sums[key]);
export const allTokens = (sums: Sums) => tokensOf(sums).reduce((sum, count) => sum + count, 0);

export const unitOf = (bucketMs: number) =>
  bucketMs >= DAY_MS ? "day" : bucketMs >= 3_600_000 ? "hour" : `${bucketMs / 60_000} minutes`;

export function tiles({ totals: now, previous: before }: Overview): string[] {
  const share = ({ errors, requests }: Sums) => (requests === 0 ? null : errors / requests);
  const points = (one: number | null, other: number | null) =>
    one === null || other === null
      ? ""
      : `${one === other ? "±" : one > other ? "+" : "−"}${Math.abs(Math.round((one - other) * 1000) / 10)} pp {Compared with the previous period}`;
  const numberOf = (amount: string | null) => (amount === null ? null : Number(amount));
  const unpriced =
    now.unpricedCount === 0
      ? ""
      : `+ ${several(now.unpricedCount, "unpriced request")} {No price is known for their model; they are not included in the cost.}`;
  return [
    `Requests ${formatShort(now.requests)} {${formatExact(now.requests)}} ${change(now.requests, before.requests)}`,
    `Cost ${formatMoneyShort(now.costUsd)} {${formatMoneyExact(now.costUsd)}} ${change(numberOf(now.costUsd), numberOf(before.costUsd))} ${unpriced}`,
    `Cache hit rate ${formatShare(now.cacheHitShare)} {${formatExact(now.cacheReadInputTokens)} prompt tokens read from the cache} ${points(now.cacheHitShare, before.cacheHitShare)}`,
    `Error rate ${formatShare(share(now))} {${formatExact(now.errors)} of ${several(now.requests, "request")}} ${points(share(now), share(before))}`,
    `Time to first byte ${formatDuration(now.firstByteP50Ms)} {Median time to the upstream's response headers}`,
  ];
}

export interface Chart {
  label: string;
  names: readonly string[];
  points: {
    start: number;
    values: readonly number[];
    texts: readonly string[];
    notes: readonly string[];
    before?: string;
    after?: string;
  }[];
  bucketMs: number;
  isWhole: boolean;
  short: (value: number) => string;
}

/** A chart of bars below `place`: its axes, what each bar says, its table. */
export function chart(
  place: string,
  { label, names, points, bucketMs, isWhole, short }: Chart,
): Record<string, string[]> {
  const most = Math.max(0, ...points.map(({ values }) => values.reduce((sum, value) => sum + value, 0)));
  const timeOf = (start: number) =>
    bucketMs >= DAY_MS
      ? formatShortDay(start, ZONE)
      : points.length * bucketMs > 2 * DAY_MS
        ? `${formatShortDay(start, ZONE)} ${formatHour(start, ZONE)}`
        : formatHour(start, ZONE);
  const hovers = points.map(({ start, values, texts, notes }) =>
    [
      formatAbsolute(start, ZONE),
      ...notes,
      ...names.map((name, n) => (values[n]! > 0 ? `${name}: ${texts[n]}` : "")).filter((line) => line !== ""),
    ].join(" "),
  );
  return {
    [`${place} .axis-y span`]: niceAxis(most, { isWhole }).ticks.toReversed().map(short),
    [`${place} .axis-x span`]: sampleEvenly(points, 7).map(({ start }) => timeOf(start)),
    [`${place} svg.bars`]: [
      `${hovers.map((hover) => `{${hover}}`).join(" ")} {${label}. The table below lists the values.}`,
    ],
    [`${place} .chart-table tbody tr`]: points.map(({ start, texts, before, after }) =>
      [formatAbsolute(start, ZONE), before, ...texts, after].filter((cell) => cell !== undefined).join(" | "),
    ),
  };
}

export function tokenChart(place: string, { series, bucketMs, totals }: Overview): Record<string, string[]> {
  return {
    [`${place} > h2`]: [`Tokens per ${unitOf(bucketMs)} ${formatShort(allTokens(totals))} total`],
    ...chart(place, {
      label: `Tokens per ${unitOf(bucketMs)} by kind`,
      names: KINDS.map(([name]) => name),
      points: series.map((sums) => {
        const cost = sums.requests === 0 ? "–" : formatMoney(sums.costUsd);
        return {
          start: Date.parse(sums.time),
          values: tokensOf(sums),
          texts: tokensOf(sums).map((count) => formatExact(count)),
          notes: [`${formatExact(sums.requests)} requests, ${cost}`],
          before: formatExact(sums.requests),
          after: cost,
        };
      }),
      bucketMs,
      isWhole: true,
      short: formatShort,
    }),
  };
}

export type Named = Sums & { name: string };

export const byTokens = (entries: readonly Named[]) =>
  entries.toSorted((left, right) => allTokens(right) - allTokens(left));

/** Names with what they used, their share and cost: the largest six. */
export function busiest(entries: readonly Named[], words = (name: string) => name): string[] {
  const total = entries.reduce((sum, entry) => sum + allTokens(entry), 0);
  return byTokens(entries)
    .slice(0, 6)
    .map((entry) => {
      const tokens = allTokens(entry);
      return `${wire(words(entry.name), 48)} ${formatShort(tokens)} {${formatExact(tokens)} tokens, ${several(entry.requests, "request")}} ${formatShare(tokens / total)} ${formatMoney(entry.costUsd)}`;
    });
}

/** How much those beyond the first six used; nothing where there are none. */
export function othersOf(entries: readonly Named[]): string[] {
  const others = byTokens(entries).slice(6);
  const tokens = others.reduce((sum, entry) => sum + allTokens(entry), 0);
  return others.length === 0 ? [] : [`and ${others.length} more (${formatShort(tokens)} tokens)`];
}

/** The bars of an account's windows. What is used is the vendor's figure; reset and forecast are put in words elsewhere. */
export function windowBars(window: WindowView, isDetailed = false): string {
  const rows = windowRows(window, Date.now());
  if (rows.length === 0) return "No usage windows reported. API keys have none.";
  return rows
    .map((row, n) => {
      if (row.state !== null) return `${wire(row.name, 24)} ${wire(row.state, 120)}`;
      const vendor = window.unified[n];
      const used = vendor ? (vendor.hasEnded ? 0 : vendor.utilization) : window.percentageUsed! / 100;
      const said = [used === null ? "not reported" : `${formatShare(used)} used`, row.forecast]
        .filter(Boolean)
        .join(". ");
      const isForecast = (isDetailed || row.tone !== "good") && row.forecast !== "";
      return `${wire(row.name, 24)} {${said}} {${said}} ${row.tone === "good" ? "" : `{${row.tone}}`} ${formatShare(used)} ${row.reset} ${isForecast ? row.forecast : ""}`;
    })
    .join(" ");
}

export function windowList(windows: readonly WindowView[], most = Infinity): string[] {
  const fullness = (one: WindowView) =>
    Math.max(
      0,
      ...one.unified.map((limit) => (limit.hasEnded ? 0 : (limit.utilization ?? 0))),
      (one.percentageUsed ?? 0) / 100,
    );
  return windows
    .toSorted((left, right) => fullness(right) - fullness(left))
    .slice(0, most)
    .map(({ totals, ...window }) => {
      const cost = formatMoney(totals.requests === 0 ? "0" : totals.costUsd);
      return `${wire(window.accountId, 48)} Last 5 h: ${several(totals.requests, "request")}, ${formatShort(totals.outputTokens)} output tokens, ${cost} ${windowBars({ ...window, totals })}`;
    });
}
