/** The sums of a period in the shape the charts draw: tokens by kind, names with sums, buckets in order. */
import type { Overview as ApiOverview, Sums as ApiSums } from "../../../workers/schemas/api/stats.ts";
import type { InFlight } from "../../../workers/schemas/api/live.ts";
import type { TokensByKind } from "../format/token-kinds.ts";
import type { Result } from "./client.ts";

export interface PeriodTotals {
  requests: number;
  errors: number;
  tokens: TokensByKind;
  /** Exact decimal; null when nothing could be priced though something should. */
  costUsd: string | null;
  unpricedCount: number;
  /** Share of prompt tokens that came from the cache; null without a prompt. */
  cacheShare: number | null;
  /** Median milliseconds to the upstream's response headers; null where not known. */
  firstByteP50Ms: number | null;
}

export interface Bucket {
  /** Epoch milliseconds. */
  start: number;
  totals: PeriodTotals;
}

export interface NamedTotals {
  name: string;
  totals: PeriodTotals;
}

export interface Overview {
  current: PeriodTotals;
  /** The period of equal length before. */
  previous: PeriodTotals;
  buckets: Bucket[];
  bucketMs: number;
  domains: NamedTotals[];
  accounts: NamedTotals[];
  models: NamedTotals[];
  types: NamedTotals[];
  /** Exchanges under way; null when nobody could tell just now. */
  inFlight: InFlight | null;
}

export function parseOverview(overview: ApiOverview): Overview {
  return {
    current: toTotals(overview.totals),
    previous: toTotals(overview.previous),
    buckets: overview.series.map((point) => ({ start: Date.parse(point.time), totals: toTotals(point) })),
    bucketMs: overview.bucketMs,
    domains: overview.domains.map((entry) => ({ name: entry.domain, totals: toTotals(entry) })),
    accounts: overview.accounts.map((entry) => ({ name: entry.accountId, totals: toTotals(entry) })),
    models: overview.models.map((entry) => ({ name: entry.model, totals: toTotals(entry) })),
    types: overview.requestTypes.map((entry) => ({ name: entry.requestType, totals: toTotals(entry) })),
    inFlight: overview.inFlight,
  };
}

/** `readOverview` of an answer that may have failed. */
export const mapOverview = (result: Result<ApiOverview>): Result<Overview> =>
  result.ok ? { ok: true, data: parseOverview(result.data) } : result;

function toTotals(totals: ApiSums & { firstByteP50Ms?: number | null }): PeriodTotals {
  return {
    requests: totals.requests,
    errors: totals.errors,
    tokens: {
      input: totals.inputTokens,
      output: totals.outputTokens,
      cacheRead: totals.cacheReadInputTokens,
      cacheWrite: totals.cacheCreationInputTokens,
    },
    costUsd: totals.costUsd,
    unpricedCount: totals.unpricedCount,
    cacheShare: totals.cacheHitShare,
    firstByteP50Ms: totals.firstByteP50Ms ?? null,
  };
}
