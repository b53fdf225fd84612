/**
 * Dashboard sessions. Only the SHA-256 of a token is stored. All statements go to the primary, because a session must be
 * valid at once and revoked at once; a read replica lags.
 */
import { and, eq, isNull, lt } from "drizzle-orm";
import { sessions } from "../../../drizzle/schema.ts";
import type { Role } from "../../schemas/api/session.ts";
import { auditInsert } from "./audit.ts";
import { type DatabaseConfig, withPrimary, type Writer } from "../db/db.ts";

/** Ended sessions are kept this long, to be read beside the audit log. */
const ENDED_SESSION_RETENTION_MS = 30 * 86_400_000;

export interface NewSession {
  tokenHash: Uint8Array;
  role: Role;
  actor: string;
  keyFingerprint: Uint8Array;
  now: Date;
  expiresAt: Date;
}

export interface StoredSession {
  actor: string;
  keyFingerprint: Uint8Array;
  expiresAt: Date;
  revokedAt: Date | null;
}

/** Stores the session with its audit entry, and deletes sessions that ended long ago. */
export async function createSession(config: DatabaseConfig, session: NewSession): Promise<void> {
  const { now, ...row } = session;
  await withPrimary(config, (db) =>
    db.batch([
      db.insert(sessions).values({ ...row, createdAt: now }),
      auditInsert(db, { ...session, action: "session.open", target: session.actor }),
      db.delete(sessions).where(lt(sessions.expiresAt, new Date(now.getTime() - ENDED_SESSION_RETENTION_MS))),
    ]),
  );
}

/** The session with this token, ended or not; null if there is none. */
export async function findSession(
  config: DatabaseConfig,
  tokenHash: Uint8Array,
): Promise<StoredSession | null> {
  const rows = await withPrimary(config, (db) =>
    db
      .select({
        actor: sessions.actor,
        keyFingerprint: sessions.keyFingerprint,
        expiresAt: sessions.expiresAt,
        revokedAt: sessions.revokedAt,
      })
      .from(sessions)
      .where(eq(sessions.tokenHash, tokenHash)),
  );
  return rows[0] ?? null;
}

/** Ends the session now; false if there was none to end. */
export async function revokeSession(
  config: DatabaseConfig,
  tokenHash: Uint8Array,
  now: Date,
): Promise<boolean> {
  const ended = await withPrimary(config, (db) =>
    db
      .update(sessions)
      .set({ revokedAt: now })
      .where(and(eq(sessions.tokenHash, tokenHash), isNull(sessions.revokedAt)))
      .returning({ actor: sessions.actor, role: sessions.role }),
  );
  const [session] = ended;
  if (!session) return false;
  const { actor, role } = session;
  await withPrimary(config, (db) =>
    auditInsert(db, { actor, role: role as Role, action: "session.close", target: actor, now }),
  );
  return true;
}

/** Deletes sessions that ended long ago; for cron, because sign-ins may be rare. */
export async function deleteEndedSessions(db: Writer, now: number): Promise<void> {
  await db.delete(sessions).where(lt(sessions.expiresAt, new Date(now - ENDED_SESSION_RETENTION_MS)));
}
