/**
 * The audit log: administrative changes, sign-ins, opened transcripts and downloaded bodies. Append-only. Details hold no
 * secrets: callers pass names of settings, not values.
 */
import { and, desc, eq, sql } from "drizzle-orm";
import { auditLog } from "../../../drizzle/schema.ts";
import type { Cursor } from "../../domain/cursor.ts";
import type { Role } from "../../schemas/api/session.ts";
import {
  type DatabaseConfig,
  type Reader,
  withPrimary,
  withReader,
  type WriterTransaction,
} from "../db/db.ts";
import { olderThan, pageOf, timestamptz } from "../db/sql.ts";

export interface AuditEntry {
  actor: string;
  /** `client`: a program with a client key; `none`: someone who is not identified. */
  role: Role | "client" | "none";
  /** "domain.put", "client_key.create", "transcript.open", … */
  action: string;
  target: string;
  details?: Record<string, unknown>;
  now: Date;
}

/** The actor of an entry and its time. */
export type AuditActor = Pick<AuditEntry, "actor" | "role" | "now">;

/** The statement that writes an entry, for a batch or a transaction. */
export function auditInsert<Db extends Reader | WriterTransaction>(db: Db, entry: AuditEntry) {
  const { actor, role, action, target, details = {}, now } = entry;
  return (db as Reader).insert(auditLog).values({ at: now, actor, role, action, target, details });
}

/** Writes one entry. */
export async function writeAudit(config: DatabaseConfig, entry: AuditEntry): Promise<void> {
  await withPrimary(config, async (db) => auditInsert(db, entry));
}

/** Writes an entry unless the same actor, action and target have one from the last `withinMs` milliseconds. */
export async function writeAuditOnce(
  config: DatabaseConfig,
  { actor, role, action, target, details = {}, now }: AuditEntry,
  withinMs: number,
): Promise<void> {
  await withPrimary(config, async (db) =>
    db.execute(sql`
      INSERT INTO ${auditLog} (at, actor, role, action, target, details)
      SELECT ${timestamptz(now)}, ${actor}, ${role}, ${action}, ${target}, ${JSON.stringify(details)}::jsonb
      WHERE NOT EXISTS (
        SELECT 1 FROM ${auditLog}
        WHERE at > ${timestamptz(now.getTime() - withinMs)} AND actor = ${actor} AND action = ${action} AND target = ${target}
      )`),
  );
}

export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  limit: number;
  before: Cursor | null;
}

/** Entries, newest first, after the cursor `before`. */
export async function listAudit(config: DatabaseConfig, filter: AuditFilter) {
  const rows = await withReader(config, (db) =>
    db
      .select()
      .from(auditLog)
      .where(
        and(
          filter.actor === undefined ? undefined : eq(auditLog.actor, filter.actor),
          filter.action === undefined ? undefined : eq(auditLog.action, filter.action),
          filter.target === undefined ? undefined : eq(auditLog.target, filter.target),
          olderThan(auditLog.at, auditLog.id, filter.before),
        ),
      )
      .orderBy(desc(auditLog.at), desc(auditLog.id))
      .limit(filter.limit + 1),
  );
  const { page, nextCursor } = pageOf(rows, filter.limit, ({ at, id }) => ({
    at: at.getTime(),
    id: id.toString(),
  }));
  const entries = page.map((row) => ({ ...row, id: row.id.toString(), at: row.at.toISOString() }));
  return { entries, nextCursor };
}
