/** The sums of a period in the shape the charts draw: tokens by kind, names with sums, buckets in order. */
import type { Overview as ApiOverview, Sums as ApiSums } from "../../../workers/schemas/api/stats.ts";
import type { InFlight } from "../../../workers/schemas/api/live.ts";
import type { TokensByKind } from "../format/token-kinds.ts";
import type { Result } from "./client.ts";

export interface Sums {
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
  sums: Sums;
}

export interface Named {
  name: string;
  sums: Sums;
}

export interface Overview {
  now: Sums;
  /** The period of equal length before. */
  before: Sums;
  buckets: Bucket[];
  bucketMs: number;
  domains: Named[];
  accounts: Named[];
  models: Named[];
  types: Named[];
  /** Exchanges under way; null when nobody could tell just now. */
  inFlight: InFlight | null;
}

export function readOverview(answer: ApiOverview): Overview {
  return {
    now: sumsOf(answer.totals),
    before: sumsOf(answer.previous),
    buckets: answer.series.map((point) => ({ start: Date.parse(point.time), sums: sumsOf(point) })),
    bucketMs: answer.bucketMs,
    domains: answer.domains.map((entry) => ({ name: entry.domain, sums: sumsOf(entry) })),
    accounts: answer.accounts.map((entry) => ({ name: entry.accountId, sums: sumsOf(entry) })),
    models: answer.models.map((entry) => ({ name: entry.model, sums: sumsOf(entry) })),
    types: answer.requestTypes.map((entry) => ({ name: entry.requestType, sums: sumsOf(entry) })),
    inFlight: answer.inFlight,
  };
}

/** `readOverview` of an answer that may have failed. */
export const overviewOf = (result: Result<ApiOverview>): Result<Overview> =>
  result.ok ? { ok: true, data: readOverview(result.data) } : result;

function sumsOf(sums: ApiSums & { firstByteP50Ms?: number | null }): Sums {
  return {
    requests: sums.requests,
    errors: sums.errors,
    tokens: {
      input: sums.inputTokens,
      output: sums.outputTokens,
      cacheRead: sums.cacheReadInputTokens,
      cacheWrite: sums.cacheCreationInputTokens,
    },
    costUsd: sums.costUsd,
    unpricedCount: sums.unpricedCount,
    cacheShare: sums.cacheHitShare,
    firstByteP50Ms: sums.firstByteP50Ms ?? null,
  };
}
