/**
 * The audit log: who changed something, signed in, opened a transcript or took raw bytes away. Only ever added to.
 * Details hold no secret: callers name what was set, not what it was set to.
 */
import { and, desc, eq, lte, sql } from "drizzle-orm";
import { auditLog } from "../../../drizzle/schema.ts";
import { type Cursor, encodeCursor } from "../../domain/cursor.ts";
import type { Role } from "../../schemas/api/session.ts";
import {
  type DatabaseConfig,
  type Reader,
  withPrimary,
  withReader,
  type WriterTransaction,
} from "../db/db.ts";

export interface AuditEntry {
  actor: string;
  role: Role;
  /** "domain.put", "client_key.create", "transcript.open", … */
  action: string;
  target: string;
  details?: Record<string, unknown>;
  now: Date;
}

/** The statement that writes an entry, for a batch or a transaction. */
export function auditInsert<Db extends Reader | WriterTransaction>(db: Db, entry: AuditEntry) {
  const { actor, role, action, target, details = {}, now } = entry;
  return (db as Reader).insert(auditLog).values({ at: now, actor, role, action, target, details });
}

/** Writes one entry by itself. */
export async function writeAudit(config: DatabaseConfig, entry: AuditEntry): Promise<void> {
  await withPrimary(config, async (db) => auditInsert(db, entry));
}

/** Writes it unless the same actor did the same to the same target within `withinMs` before. */
export async function writeAuditOnce(
  config: DatabaseConfig,
  { actor, role, action, target, details = {}, now }: AuditEntry,
  withinMs: number,
): Promise<void> {
  const since = new Date(now.getTime() - withinMs).toISOString();
  await withPrimary(config, async (db) =>
    db.execute(sql`
      INSERT INTO ${auditLog} (at, actor, role, action, target, details)
      SELECT ${now.toISOString()}::timestamptz, ${actor}, ${role}, ${action}, ${target}, ${JSON.stringify(details)}::jsonb
      WHERE NOT EXISTS (
        SELECT 1 FROM ${auditLog}
        WHERE at > ${since}::timestamptz AND actor = ${actor} AND action = ${action} AND target = ${target}
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

/** Entries, newest first, after the place `before`. */
export async function listAudit(config: DatabaseConfig, filter: AuditFilter) {
  const { before } = filter;
  const position = before && {
    at: new Date(before.at),
    id: BigInt(before.id),
  };
  const rows = await withReader(config, (db) =>
    db
      .select()
      .from(auditLog)
      .where(
        and(
          filter.actor === undefined ? undefined : eq(auditLog.actor, filter.actor),
          filter.action === undefined ? undefined : eq(auditLog.action, filter.action),
          filter.target === undefined ? undefined : eq(auditLog.target, filter.target),
          position
            ? and(
                lte(auditLog.at, position.at),
                sql`(${auditLog.at}, ${auditLog.id}) < (${position.at.toISOString()}::timestamptz, ${position.id.toString()}::bigint)`,
              )
            : undefined,
        ),
      )
      .orderBy(desc(auditLog.at), desc(auditLog.id))
      .limit(filter.limit + 1),
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    entries: page.map((row) => ({
      id: row.id.toString(),
      at: row.at.toISOString(),
      actor: row.actor,
      role: row.role,
      action: row.action,
      target: row.target,
      details: row.details,
    })),
    nextCursor:
      rows.length > page.length && last
        ? encodeCursor({ at: last.at.getTime(), id: last.id.toString() })
        : null,
  };
}
