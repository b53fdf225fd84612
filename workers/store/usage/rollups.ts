/**
 * Rollups: totals over `requests` per five minutes, domain, account, model, type and outcome. They are written in the
 * transaction of the rows they add up, so that the two always agree. A row whose tokens belong to several models adds to
 * one rollup of each; the requested model's has the request itself, its duration and what no share names, the others count it
 * as `shareRequests`, and as `unpricedShares` if it has no price.
 */
import { and, eq, getTableColumns, inArray, lte, sql, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import { requests, rollups } from "../../../drizzle/schema.ts";
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { hasFailed } from "../../domain/outcome.ts";
import { latencyHistogram } from "../../domain/usage/latency-histogram.ts";
import { byField, TOKEN_KINDS } from "../../schemas/tokens.ts";
import { columnsNamed } from "../db/columns.ts";
import type { Writer, WriterTransaction } from "../db/db.ts";

const KEY_COLUMNS = ["bucket", "domainId", "accountId", "model", "requestType", "outcome"] as const;
const HISTOGRAM_COLUMNS = ["durationHistogram", "firstByteHistogram"] as const;

type Rollup = Required<typeof rollups.$inferInsert>;
type AdditiveColumn = Exclude<
  keyof Rollup,
  (typeof KEY_COLUMNS)[number] | (typeof HISTOGRAM_COLUMNS)[number]
>;

const COLUMNS = Object.keys(getTableColumns(rollups)) as (keyof Rollup)[];
/** Every column that is neither part of the key nor a histogram. */
const ADDITIVE_COLUMNS = COLUMNS.filter(
  (name): name is AdditiveColumn => ![...KEY_COLUMNS, ...HISTOGRAM_COLUMNS].includes(name as never),
);

/** Columns of `requests` that a rollup depends on: those of the same name, and what the others are computed from. */
export const ROLLUP_SOURCE_COLUMNS = columnsNamed(requests, [
  ...COLUMNS,
  "startedAt",
  "status",
  "failed",
  "timeToFirstByteMs",
  "modelShares",
]);
export type RollupSource = Pick<typeof requests.$inferInsert, keyof typeof ROLLUP_SOURCE_COLUMNS>;

/** What one exchange adds to its rollup. */
function toRollup(row: RollupSource): Rollup {
  const source: Partial<Record<AdditiveColumn, number | bigint | null>> = {
    ...row,
    requests: 1,
    errors: hasFailed(row) ? 1 : 0,
    unpricedCount: row.costPico == null ? 1 : 0,
    costPico: row.costPico ?? 0n,
  };
  const additive = Object.fromEntries(ADDITIVE_COLUMNS.map((name) => [name, source[name] ?? 0]));
  return {
    ...(additive as Pick<Rollup, AdditiveColumn>),
    bucket: new Date(Math.floor(row.startedAt.getTime() / ROLLUP_BUCKET_MS) * ROLLUP_BUCKET_MS),
    domainId: row.domainId,
    accountId: row.accountId ?? "",
    model: row.model ?? "",
    requestType: row.requestType,
    outcome: row.outcome,
    durationHistogram: latencyHistogram(row.durationMs ?? null),
    firstByteHistogram: latencyHistogram(row.timeToFirstByteMs ?? null),
  };
}

/** What one exchange adds to the rollups of all models it used. */
function toRollups(row: RollupSource): Rollup[] {
  const whole = toRollup(row);
  const shares = (row.modelShares ?? []).map((share): Rollup => ({
    ...addRollup(whole, whole, -1),
    ...byField(TOKEN_KINDS, ({ field }) => share[field]),
    model: share.model,
    costPico: BigInt(share.costPico),
    unpricedShares: share.isUnpriced ? 1 : 0,
  }));
  const rest = shares.reduce((left, share) => addRollup(left, share, -1), whole);
  const counted = { shareRequests: 1, shareErrors: whole.errors };
  return [
    { ...rest, model: whole.model, unpricedShares: 0 },
    ...shares.map((share) => ({ ...share, ...counted })),
  ];
}

/** Adds the rows of `added` and subtracts those of `removed`. One statement; keys are sorted, so that writers do not deadlock. */
export async function updateRollups(
  tx: WriterTransaction,
  { added, removed }: { added: readonly RollupSource[]; removed: readonly RollupSource[] },
): Promise<void> {
  const totals = new Map<string, Rollup>();
  for (const [rows, sign] of [
    [added, 1],
    [removed, -1],
  ] as const)
    for (const rollup of rows.flatMap(toRollups)) {
      const key = keyOf(rollup);
      totals.set(key, addRollup(totals.get(key), rollup, sign));
    }
  if (totals.size === 0) return;
  const sorted = [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rollup]) => rollup);
  await tx
    .insert(rollups)
    .values(sorted)
    .onConflictDoUpdate({
      target: KEY_COLUMNS.map((name) => rollups[name]),
      set: Object.fromEntries([
        ...ADDITIVE_COLUMNS.map((name) => [name, sql`${rollups[name]} + ${excluded(rollups[name])}`]),
        ...HISTOGRAM_COLUMNS.map((name) => [name, summedArrays(rollups[name])]),
      ]) as Record<string, SQL>,
    });
  const bucketTimes = [...new Set(removed.map((row) => toRollup(row).bucket.getTime()))];
  if (bucketTimes.length > 0) {
    const buckets = bucketTimes.map((time) => new Date(time));
    // A share's rollup has tokens without requests; durations are not exact after a subtraction.
    const isEmpty = [
      lte(rollups.requests, 0),
      lte(rollups.shareRequests, 0),
      eq(rollups.costPico, 0n),
      ...TOKEN_KINDS.map(({ field }) => lte(rollups[field], 0)),
    ];
    await tx.delete(rollups).where(and(inArray(rollups.bucket, buckets), ...isEmpty));
  }
}

/**
 * Counts rows again that a Worker from before the column `failed` stored between a migration and the deploy that followed it. The work is
 * done by the SQL function of the migration that added the column.
 */
export async function recountFailed(db: Writer): Promise<void> {
  await db.execute(sql`SELECT recount_failed()`);
}

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
