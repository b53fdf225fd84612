/** The health of the deployment by database and journal; each is read separately, because one may be unavailable. */
import { sql } from "drizzle-orm";
import { DAY_MS } from "../../runtime/constants.ts";
import { errorOf } from "../../domain/outcome.ts";
import { knownWindow } from "../../domain/messages/context-window.ts";
import { hasPrice } from "../../domain/pricing/rates.ts";
import type { Status } from "../../schemas/api/status.ts";
import { type DatabaseConfig, type Reader, withReader } from "../db/db.ts";
import { isoText, timestamptz } from "../db/sql.ts";
import { listJournal } from "../journal/objects.ts";

const MAX_NEWEST = 20;
/** Beyond this, the exact number does not matter. */
const MAX_UNINDEXED = 10_000;
/** Journal entries that are listed: two pages. */
const MAX_JOURNAL_ENTRIES = 1_000;
const JOURNAL_PAGE_SIZE = 500;
/** Models that are looked up in the tables, those with the most requests first. */
const MAX_MODELS = 200;
/** Rows of the default partition that are counted. */
const MAX_DEFAULT_ROWS = 1_000;

type DatabaseStatus = Pick<
  Status,
  | "linking"
  | "searchWaiting"
  | "ingestFailures"
  | "counters"
  | "unrecorded"
  | "unread"
  | "models"
  | "partitions"
  | "lastErrors"
  | "newestRequestAt"
> & {
  migrations: number | null;
  schema: number | null;
  version: string | null;
};

/** The state by the database; rejects as withReader does. One round trip. */
export async function readDatabaseStatus(config: DatabaseConfig, now: Date): Promise<DatabaseStatus> {
  const since = timestamptz(now.getTime() - DAY_MS);
  return withReader(config, async (db) => {
    const [
      failures,
      failed,
      counters,
      errors,
      general,
      linking,
      waiting,
      unrecorded,
      unread,
      models,
      partitions,
    ] = await db.batch([
      db.execute(sql`select count(*) as count from ingest_failures`),
      db.execute(sql`select exchange_id, domain, error, attempts, ${isoText("first_at")} as first_at, ${isoText("last_at")} as last_at
        from ingest_failures order by ingest_failures.last_at desc limit ${MAX_NEWEST}`),
      db.execute(sql`select name, sum(value) as value from counters where bucket > ${since} group by name`),
      db.execute(sql`select r.id, d.name as domain, ${isoText("r.started_at")} as started_at, r.status, r.outcome,
        r.error_type, r.error_message
        from requests r join domains d on d.id = r.domain_id
        where r.failed and r.started_at > ${since}
        order by r.started_at desc, r.id desc limit ${MAX_NEWEST}`),
      db.execute(sql`select ${isoText("max(started_at)")} as newest, current_setting('server_version') as version
        from requests`),
      db.execute(sql`select coalesce(sum(continuations), 0) as continuations, coalesce(sum(orphans), 0) as orphans
        from conversations where last_at > ${timestamptz(now.getTime() - 7 * DAY_MS)}`),
      db.execute(sql`select count(*) as count from
        (select 1 from search_entries where words is null limit ${MAX_UNINDEXED}) waiting`),
      // Implies the condition of the index requests_unhappy, so only that index is read.
      db.execute(sql`select count(*) as count from requests
        where outcome = 'unrecorded' and started_at > ${since}`),
      db.execute(sql`select count(*) as count from requests
        where unread is not null and started_at > ${since}`),
      db.execute(sql`select model, sum(unpriced_count + unpriced_shares) > 0 as may_be_unpriced from rollups
        where bucket > ${timestamptz(now.getTime() - 7 * DAY_MS)} and model <> ''
        group by model having sum(input_tokens + output_tokens) > 0 order by sum(requests) desc, model limit ${MAX_MODELS}`),
      db.execute(sql`select
          (select array_to_json(array_agg(relname))::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent in ('requests'::regclass, 'response_bodies'::regclass)) as names,
          (select count(*) from (select 1 from requests_default limit ${MAX_DEFAULT_ROWS}) rows) as in_default`),
    ]);
    const continuations = Number(linking.rows[0]?.continuations ?? 0);
    const orphans = Number(linking.rows[0]?.orphans ?? 0);
    return {
      ingestFailures: {
        count: Number(failures.rows[0]?.count ?? 0),
        newest: (failed.rows as Record<string, string>[]).map((row) => ({
          exchangeId: row.exchange_id ?? "",
          domain: row.domain ?? "",
          error: row.error ?? "",
          attempts: Number(row.attempts),
          firstAt: row.first_at ?? "",
          lastAt: row.last_at ?? "",
        })),
      },
      linking: {
        continuations,
        orphans,
        linkedShare: continuations === 0 ? null : (continuations - orphans) / continuations,
      },
      searchWaiting: Number(waiting.rows[0]?.count ?? 0),
      unrecorded: Number(unrecorded.rows[0]?.count ?? 0),
      unread: Number(unread.rows[0]?.count ?? 0),
      models: unknownModels(models.rows as { model: string; may_be_unpriced: boolean }[]),
      partitions: {
        until: partitionedUntil(JSON.parse(String(partitions.rows[0]?.names)) as string[], now),
        rowsInDefault: Number(partitions.rows[0]?.in_default),
      },
      counters: Object.fromEntries(counters.rows.map((row) => [String(row.name), Number(row.value)])),
      lastErrors: (errors.rows as Record<string, string | null>[]).map((row) => {
        const { error_type: errorType = null, error_message: errorMessage = null } = row;
        const status = row.status === null ? null : Number(row.status);
        const end = { outcome: String(row.outcome), failed: true, errorType };
        return {
          requestId: String(row.id),
          domain: String(row.domain),
          timestamp: String(row.started_at),
          responseStatus: status,
          ...end,
          error: errorOf({ ...end, status, errorMessage }),
        };
      }),
      newestRequestAt: (general.rows[0]?.newest ?? null) as string | null,
      ...(await readMigrations(db)),
      version: (general.rows[0]?.version ?? null) as string | null,
    };
  });
}

/** The start of the first month, from that of `now` on, without a partition of both tables. ISO 8601. */
function partitionedUntil(names: readonly string[], now: Date): string {
  const existing = new Set(names);
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()));
  const has = (table: string) =>
    existing.has(`${table}_${month.toISOString().slice(0, 7).replace("-", "_")}`);
  while (has("requests") && has("response_bodies")) month.setUTCMonth(month.getUTCMonth() + 1);
  return month.toISOString();
}

function unknownModels(
  rows: readonly { model: string; may_be_unpriced: boolean }[],
): NonNullable<Status["models"]> {
  const named = (models: typeof rows) => models.map(({ model }) => model);
  return {
    withoutPrice: named(rows.filter((row) => row.may_be_unpriced && !hasPrice(row.model))),
    withoutWindow: named(rows.filter(({ model }) => knownWindow(model) === null)),
  };
}

/** Exchanges that wait in the journal, counted up to MAX_JOURNAL_ENTRIES entries from the oldest on. Rejects when R2 does. */
export async function readJournalStatus(
  env: Pick<Env, "JOURNAL">,
  now: Date,
): Promise<Omit<Status["journal"], "reachable">> {
  const seen = { entries: 0, ended: 0, bytes: 0, oldest: Infinity };
  let startAfter: string | undefined;
  do {
    const page = await listJournal(env.JOURNAL, {
      limit: JOURNAL_PAGE_SIZE,
      ...(startAfter ? { startAfter } : {}),
    });
    for (const { hasResponse, bytes, uploadedAt, exchanges = 1 } of page.entries) {
      seen.entries += exchanges;
      seen.bytes += bytes;
      if (!hasResponse) continue;
      seen.ended += exchanges;
      seen.oldest = Math.min(seen.oldest, uploadedAt);
    }
    startAfter = page.cursor ?? undefined;
  } while (startAfter && seen.entries < MAX_JOURNAL_ENTRIES);
  const oldestAgeMs = seen.ended === 0 ? null : Math.max(0, now.getTime() - seen.oldest);
  return {
    entries: seen.entries,
    ended: seen.ended,
    bytes: seen.bytes,
    oldestAgeMs,
    isMore: startAfter !== undefined,
  };
}

/** Null where the reading role lacks permission. */
async function readMigrations(db: Reader): Promise<Pick<DatabaseStatus, "migrations" | "schema">> {
  try {
    const { rows } = await db.execute(
      sql`select count(*) as count, max(created_at) as newest from drizzle.__drizzle_migrations`,
    );
    return { migrations: Number(rows[0]?.count ?? 0), schema: Number(rows[0]?.newest ?? 0) };
  } catch {
    return { migrations: null, schema: null };
  }
}
