/**
 * Rollups: sums over `requests` per five minutes, domain, account, model, type and outcome, kept in the transaction of
 * the rows they sum, so that they are never more or less than these. Written by exchanges.ts.
 */
import { and, inArray, lte, sql, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { requests, rollups } from "../../../drizzle/schema.ts";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { isFailed } from "../../domain/outcome.ts";
import { latencyHistogram } from "../../domain/usage/latency-histogram.ts";
import type { WriterTransaction } from "../db/db.ts";

/** Of a row of `requests` what its rollup depends on. */
export const ROLLUP_SOURCE_COLUMNS = {
  startedAt: requests.startedAt,
  domainId: requests.domainId,
  accountId: requests.accountId,
  model: requests.model,
  requestType: requests.requestType,
  outcome: requests.outcome,
  status: requests.status,
  inputTokens: requests.inputTokens,
  outputTokens: requests.outputTokens,
  cacheReadInputTokens: requests.cacheReadInputTokens,
  cacheCreation5mInputTokens: requests.cacheCreation5mInputTokens,
  cacheCreation1hInputTokens: requests.cacheCreation1hInputTokens,
  cacheCreationInputTokens: requests.cacheCreationInputTokens,
  thinkingTokens: requests.thinkingTokens,
  toolCallCount: requests.toolCallCount,
  costPico: requests.costPico,
  durationMs: requests.durationMs,
  timeToFirstByteMs: requests.timeToFirstByteMs,
};
export type RollupSource = Pick<typeof requests.$inferInsert, keyof typeof ROLLUP_SOURCE_COLUMNS>;

type Rollup = typeof rollups.$inferInsert;

/** What one exchange adds to its rollup. */
function toRollup(row: RollupSource): Rollup {
  return {
    bucket: new Date(Math.floor(row.startedAt.getTime() / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS),
    domainId: row.domainId,
    accountId: row.accountId ?? "",
    model: row.model ?? "",
    requestType: row.requestType,
    outcome: row.outcome,
    requests: 1,
    errors: isFailed(row) ? 1 : 0,
    inputTokens: row.inputTokens ?? 0,
    outputTokens: row.outputTokens ?? 0,
    cacheReadInputTokens: row.cacheReadInputTokens ?? 0,
    cacheCreation5mInputTokens: row.cacheCreation5mInputTokens ?? 0,
    cacheCreation1hInputTokens: row.cacheCreation1hInputTokens ?? 0,
    cacheCreationInputTokens: row.cacheCreationInputTokens ?? 0,
    thinkingTokens: row.thinkingTokens ?? 0,
    toolCallCount: row.toolCallCount ?? 0,
    costPico: row.costPico ?? 0n,
    unpricedCount: row.costPico == null ? 1 : 0,
    durationMs: row.durationMs ?? 0,
    durationHistogram: latencyHistogram(row.durationMs ?? null),
    firstByteHistogram: latencyHistogram(row.timeToFirstByteMs ?? null),
  };
}

/** Adds the rows of `added` and takes away those of `removed`. One statement, keys in one order for all writers. */
export async function updateRollups(
  tx: WriterTransaction,
  { added, removed }: { added: readonly RollupSource[]; removed: readonly RollupSource[] },
): Promise<void> {
  const totals = new Map<string, Rollup>();
  for (const [rows, sign] of [
    [added, 1],
    [removed, -1],
  ] as const)
    for (const row of rows) {
      const rollup = toRollup(row);
      const key = keyOf(rollup);
      totals.set(key, addRollup(totals.get(key), rollup, sign));
    }
  if (totals.size === 0) return;
  const sorted = [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rollup]) => rollup);
  await tx
    .insert(rollups)
    .values(sorted)
    .onConflictDoUpdate({
      target: [
        rollups.bucket,
        rollups.domainId,
        rollups.accountId,
        rollups.model,
        rollups.requestType,
        rollups.outcome,
      ],
      set: Object.fromEntries([
        ...ADDITIVE_COLUMNS.map((name) => [name, sql`${rollups[name]} + ${excluded(rollups[name])}`]),
        ...HISTOGRAM_COLUMNS.map((name) => [name, summedArrays(rollups[name])]),
      ]) as Record<AdditiveColumn | HistogramColumn, SQL>,
    });
  const bucketTimes = [...new Set(removed.map((row) => toRollup(row).bucket.getTime()))];
  if (bucketTimes.length > 0) {
    const buckets = bucketTimes.map((time) => new Date(time));
    await tx.delete(rollups).where(and(inArray(rollups.bucket, buckets), lte(rollups.requests, 0)));
  }
}

const ADDITIVE_COLUMNS = [
  "requests",
  "errors",
  "inputTokens",
  "outputTokens",
  "cacheReadInputTokens",
  "cacheCreation5mInputTokens",
  "cacheCreation1hInputTokens",
  "cacheCreationInputTokens",
  "thinkingTokens",
  "toolCallCount",
  "unpricedCount",
  "durationMs",
  "costPico",
] as const;
const HISTOGRAM_COLUMNS = ["durationHistogram", "firstByteHistogram"] as const;
type AdditiveColumn = (typeof ADDITIVE_COLUMNS)[number];
type HistogramColumn = (typeof HISTOGRAM_COLUMNS)[number];

function keyOf({ bucket, domainId, accountId, model, requestType, outcome }: Rollup): string {
  return JSON.stringify([bucket.getTime(), domainId, accountId, model, requestType, outcome]);
}

function addRollup(total: Rollup | undefined, rollup: Rollup, sign: 1 | -1): Rollup {
  const result = { ...rollup };
  for (const name of ADDITIVE_COLUMNS) {
    if (name === "costPico") result.costPico = (total?.costPico ?? 0n) + BigInt(sign) * rollup.costPico;
    else result[name] = (total?.[name] ?? 0) + sign * rollup[name];
  }
  for (const name of HISTOGRAM_COLUMNS)
    result[name] = rollup[name].map((count, i) => (total?.[name][i] ?? 0) + sign * count);
  return result;
}

function excluded(column: PgColumn): SQL {
  return sql`excluded.${sql.identifier(column.name)}`;
}

function summedArrays(column: PgColumn): SQL {
  return sql`(SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY position)
    FROM unnest(${column}, ${excluded(column)}) WITH ORDINALITY AS pairs (a, b, position))`;
}
