/**
 * Prices stored rows again with the current table: one batch per call, domain by domain, each domain in one transaction with
 * its rollups, conversations and audit entry. Safe beside ingest, because both hold the lock of the domain; idempotent,
 * because only changed prices are written.
 */
import { and, asc, eq, gte, inArray, sql } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import { modelsWithoutPrice, toCostBreakdown } from "../../domain/pricing/cost-breakdown.ts";
import { packBill, unpackBill } from "../../domain/pricing/cost-codec.ts";
import { PRICE_VERSION } from "../../domain/pricing/rates.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";
import {
  encodeRepriceCursor,
  type RepriceBatch,
  type RepriceInput,
  type RepriceCursor,
} from "../../schemas/api/reprice.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { updateConversationTotals } from "../conversations/totals.ts";
import { type DatabaseConfig, withWriter, type Writer, type WriterTransaction } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";
import { lockDomainById } from "../db/domain-lock.ts";
import { readBatchPriceInputs } from "./batches.ts";
import { PRICE_INPUT_COLUMNS, priceColumns, type PriceColumns, type PriceInput } from "./price.ts";
import type { ModelShare } from "../../schemas/cost.ts";
import { TOKEN_KINDS } from "../../schemas/tokens.ts";
import { ROLLUP_SOURCE_COLUMNS, type RollupSource, updateRollups } from "../usage/rollups.ts";

type Totals = Omit<RepriceBatch, "deltaUsd" | "nextCursor"> & { deltaPico: bigint };

/** Sorts before every exchange of a domain. */
const BEFORE_FIRST = { at: 0, id: "00000000-0000-0000-0000-000000000000" };

/** Domains per call, which bounds the time for many empty ones. */
const MAX_DOMAINS = 100;

/** Prices one batch. Null if `domain` names an unknown domain. */
export async function repriceBatch(
  config: DatabaseConfig,
  input: RepriceInput,
  by: AuditActor,
): Promise<RepriceBatch | null> {
  const { domain, cursor, limit, dryRun } = input;
  return withWriter(config, async (db) => {
    const candidates = await domainsFrom(db, cursor?.domainId ?? 0, domain ?? null);
    if (domain && candidates.length === 0) return null;
    const totals = emptyTotals(dryRun);
    let next: RepriceCursor | null = null;
    for (const [n, each] of candidates.entries()) {
      const from = each.id === cursor?.domainId ? cursor : { domainId: each.id, ...BEFORE_FIRST };
      if (totals.examined >= limit || n >= MAX_DOMAINS) {
        next = from;
        break;
      }
      const remaining = limit - totals.examined;
      const last = await db.transaction((tx) =>
        repriceDomain(tx, { ...input, limit: remaining }, { each, from, totals, by }),
      );
      if (last) {
        next = last;
        break;
      }
    }
    const { deltaPico, ...counts } = totals;
    return { ...counts, deltaUsd: formatUsd(deltaPico), nextCursor: next && encodeRepriceCursor(next) };
  });
}

function emptyTotals(dryRun: boolean): Totals {
  return {
    examined: 0,
    changed: 0,
    newlyPriced: 0,
    newlyUnpriced: 0,
    unpriced: 0,
    unpricedModels: {},
    deltaPico: 0n,
    priceVersion: PRICE_VERSION,
    dryRun,
    reached: null,
  };
}

interface Domain {
  id: number;
  name: string;
}

function domainsFrom(db: Writer, firstId: number, name: string | null): Promise<Domain[]> {
  return db
    .select({ id: domains.id, name: domains.name })
    .from(domains)
    .where(name === null ? gte(domains.id, firstId) : eq(domains.name, name))
    .orderBy(asc(domains.id))
    .limit(MAX_DOMAINS + 1);
}

const COLUMNS = {
  ...ROLLUP_SOURCE_COLUMNS,
  ...PRICE_INPUT_COLUMNS,
  id: requests.id,
  conversationId: requests.conversationId,
};
type PricedRow = RollupSource & PriceInput & { id: string };

/** Prices stored rows again, with their rollups: the creations of batches whose results are counted now. They belong to no conversation. */
export async function priceAgain(tx: WriterTransaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await tx
    .select(COLUMNS)
    .from(requests)
    .where(inArray(requests.id, [...ids]));
  const changed = (await pricesOf(tx, rows)).filter(({ row, price }) => hasChanged(row, price));
  if (changed.length > 0) await writeChanges(tx, changed);
}

async function pricesOf<Row extends PricedRow>(tx: WriterTransaction, rows: readonly Row[]) {
  const inputs = await readBatchPriceInputs(tx, rows);
  return rows.map((row) => ({ row, price: priceColumns(row, { batch: inputs.get(row.id) }) }));
}

async function writeChanges(
  tx: WriterTransaction,
  changed: readonly { row: PricedRow; price: PriceColumns }[],
): Promise<void> {
  await writePrices(tx, changed);
  await updateRollups(tx, {
    added: changed.map(({ row, price }) => ({ ...row, ...price })),
    removed: changed.map(({ row }) => row),
  });
}

/** Returns where it stopped; null at the end of the domain. */
async function repriceDomain(
  tx: WriterTransaction,
  { since, limit, dryRun }: RepriceInput,
  {
    each,
    from,
    totals,
    by,
  }: { each: Domain; from: Omit<RepriceCursor, "domainId">; totals: Totals; by: AuditActor },
): Promise<RepriceCursor | null> {
  if (!dryRun) await lockDomainById(tx, each.id);
  const rows = await tx
    .select(COLUMNS)
    .from(requests)
    .where(
      and(
        eq(requests.domainId, each.id),
        gte(requests.startedAt, new Date(Math.max(from.at, since?.getTime() ?? 0))),
        sql`(${requests.startedAt}, ${requests.id}) > (${timestamptz(from.at)}, ${from.id}::uuid)`,
      ),
    )
    .orderBy(asc(requests.startedAt), asc(requests.id))
    .limit(limit);
  const priced = await pricesOf(tx, rows);
  const changed = priced.filter(({ row, price }) => hasChanged(row, price));
  const deltaPico = changed.reduce(
    (sum, { row, price }) => sum + (price.costPico ?? 0n) - (row.costPico ?? 0n),
    0n,
  );
  if (changed.length > 0 && !dryRun) {
    await writeChanges(tx, changed);
    const touched = new Set(changed.flatMap(({ row }) => row.conversationId ?? []));
    await updateConversationTotals(tx, { changed: touched, added: [] });
    const details = { changed: changed.length, deltaUsd: formatUsd(deltaPico), priceVersion: PRICE_VERSION };
    await auditInsert(tx, { ...by, action: "prices.reprice", target: each.name, details });
  }
  totals.examined += rows.length;
  totals.changed += changed.length;
  totals.newlyPriced += changed.filter(
    ({ row, price }) => row.costPico === null && price.costPico !== null,
  ).length;
  totals.newlyUnpriced += changed.filter(
    ({ row, price }) => row.costPico !== null && price.costPico === null,
  ).length;
  totals.deltaPico += deltaPico;
  for (const { price } of priced) countUnpriced(totals, price);
  const last = rows.at(-1);
  if (!last) return null;
  totals.reached = { domain: each.name, startedAt: last.startedAt.toISOString() };
  return rows.length < limit ? null : { domainId: each.id, at: last.startedAt.getTime(), id: last.id };
}

function countUnpriced(totals: Totals, { costPico, costBreakdown }: PriceColumns): void {
  if (costPico !== null) return;
  totals.unpriced++;
  const bill = unpackBill(costBreakdown);
  const counted = new Map(Object.entries(totals.unpricedModels));
  for (const model of bill ? modelsWithoutPrice(toCostBreakdown(bill)) : [])
    counted.set(model, (counted.get(model) ?? 0) + 1);
  totals.unpricedModels = Object.fromEntries(counted);
}

/** A new price version alone is no change. */
function hasChanged(row: PricedRow, price: PriceColumns): boolean {
  const bill = unpackBill(row.costBreakdown);
  return (
    row.costPico !== price.costPico ||
    (row.contextTokens ?? null) !== price.contextTokens ||
    !bill ||
    packBill(bill) !== price.costBreakdown ||
    TOKEN_KINDS.some(({ field }) => (row[field] ?? null) !== price[field]) ||
    !isSame(row.modelShares ?? null, price.modelShares)
  );
}

/** jsonb does not keep the order of members. */
function isSame(a: readonly ModelShare[] | null, b: readonly ModelShare[] | null): boolean {
  const sorted = (shares: readonly ModelShare[] | null) =>
    JSON.stringify(
      shares?.map((share) => Object.entries(share).sort(([one], [other]) => (one < other ? -1 : 1))),
    );
  return sorted(a) === sorted(b);
}

/** One statement. The times let PostgreSQL skip partitions. */
async function writePrices(
  tx: WriterTransaction,
  changed: readonly { row: { id: string; startedAt: Date }; price: PriceColumns }[],
): Promise<void> {
  const values = changed.map(({ row, price }) =>
    Object.fromEntries(
      Object.entries({ id: row.id, startedAt: row.startedAt, ...price }).map(([name, value]) => [
        requests[name as keyof PriceColumns].name,
        typeof value === "bigint" ? value.toString() : value,
      ]),
    ),
  );
  const columns = Object.keys(changed[0]!.price).map((name) => requests[name as keyof PriceColumns].name);
  const assignments = columns.map((column) => sql.raw(`${column} = priced.${column}`));
  const [first, last] = [changed[0]!.row.startedAt, changed.at(-1)!.row.startedAt];
  await tx.execute(sql`
    update requests set ${sql.join(assignments, sql`, `)}
    from jsonb_populate_recordset(null::requests, ${JSON.stringify(values)}::jsonb) as priced
    where requests.id = priced.id and requests.started_at = priced.started_at
      and requests.started_at between ${timestamptz(first)} and ${timestamptz(last)}`);
}
