/** What only the Worker can try: its own database roles, bucket, namespace and cron. For `POST /api/admin/diagnose`. */
import { sql } from "drizzle-orm";
import { CRON_SCHEDULE_NAME, DAY_MS } from "../../runtime/constants.ts";
import type { Diagnosis } from "../../schemas/api/upkeep.ts";
import { type DatabaseConfig, withReader, withWriter } from "../db/db.ts";
import { missingRights } from "../db/rights.ts";
import { timestamptz } from "../db/sql.ts";

/** No entry of the projection: `npx nexus project` leaves it alone. */
const KV_NAME = "doctor";
/** Not below `journal/`: the sweep does not see it. */
const objectName = (nonce: string) => `doctor/${nonce}`;

type Found<T extends keyof Diagnosis> = Omit<NonNullable<Diagnosis[T]>, "problem">;

/** Both roles as the Worker connects: the writer by WebSocket, the reader by HTTP. Rejects as withWriter and withReader do. */
export async function diagnoseDatabase(config: DatabaseConfig, now: number): Promise<Found<"database">> {
  const writer = await withWriter(config, async (db) => {
    const lacking = await db.execute<{ missing: string }>(sql.raw(missingRights("writer")));
    const started = performance.now();
    const settings = await db.execute<{ connections: string }>(
      sql`select current_setting('max_connections') as connections`,
    );
    const roundTripMs = Math.round(performance.now() - started);
    // It takes long in a large database.
    const size = await db.execute<{ bytes: string }>(
      sql`select pg_database_size(current_database()) as bytes`,
    );
    return {
      roundTripMs,
      bytes: Number(size.rows[0]?.bytes),
      maxConnections: Number(settings.rows[0]?.connections),
      lacking: lacking.rows,
    };
  });
  const { lacking, ...figures } = writer;
  return withReader(config, async (db) => {
    const missing = await db.execute<{ missing: string }>(sql.raw(missingRights("reader")));
    const counted = await db.execute<{ count: string }>(
      sql`select count(*) as count from requests where started_at > ${timestamptz(now - DAY_MS)}`,
    );
    return {
      ...figures,
      missingRights: [
        ...lacking.map((row) => `writer: ${row.missing}`),
        ...missing.rows.map((row) => `reader: ${row.missing}`),
      ],
      exchangesOfDay: Number(counted.rows[0]?.count),
    };
  });
}

/** Writes an object, reads it back and deletes it. Rejects when R2 does, or with other bytes. */
export async function diagnoseJournal({ JOURNAL }: Pick<Env, "JOURNAL">, nonce: string): Promise<void> {
  await JOURNAL.put(objectName(nonce), nonce);
  const read = await JOURNAL.get(objectName(nonce));
  const text = await read?.text();
  await JOURNAL.delete(objectName(nonce));
  if (text !== nonce) throw new Error("the object that was written is not the one that is read");
}

/** Whether an earlier call's `nonce` is read; otherwise it is written, to expire after a minute. Rejects when KV does. */
export async function diagnoseProjection(
  { TENANTS }: Pick<Env, "TENANTS">,
  nonce: string,
): Promise<Found<"kv">> {
  const isRead = (await TENANTS.get(KV_NAME)) === nonce;
  // KV refuses more than one write a second of a name.
  if (!isRead) await TENANTS.put(KV_NAME, nonce, { expirationTtl: 60 });
  return { isRead };
}

/** When cron last looked for work in the database. Rejects when its object does. */
export async function diagnoseCron({ CRON_SCHEDULE }: Pick<Env, "CRON_SCHEDULE">): Promise<Found<"cron">> {
  const ranAt = await CRON_SCHEDULE.getByName(CRON_SCHEDULE_NAME).lastRun();
  return { ranAt: ranAt === null ? null : new Date(ranAt).toISOString() };
}
