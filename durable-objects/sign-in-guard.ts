/**
 * Counts wrong dashboard keys of all ways in: one object for the deployment counts per address and in total, so that guessing from
 * many isolates or addresses is slowed down too. Called by workers/api/auth/key-guard.ts only, for wrong keys.
 * The decisions are in workers/domain/auth/key-throttle.ts.
 */
import { DurableObject } from "cloudflare:workers";
import {
  addWrongKey,
  ALERT_FROM,
  delayMs,
  FORGET_AFTER_MS,
  isAudited,
  throttleKey,
  type WrongKeys,
} from "../workers/domain/auth/key-throttle.ts";
import { errorText, log } from "../workers/runtime/log.ts";
import { alert } from "../workers/runtime/raise-alert.ts";

/** Keys of the rows for all addresses, and for what the counters do not contain yet; they are no valid addresses. */
const EVERYBODY = "*";
const UNCOUNTED = "#";
/** Addresses that are counted separately; beyond, only the total counts. */
const MAX_ADDRESSES = 10_000;
/** Wrong keys are collected this long for the counters and the alert. */
const COUNT_EVERY_MS = 10_000;

interface Row extends Record<string, SqlStorageValue> {
  failures: number;
  last_at: number;
}

/** What the guard has decided about a wrong key. */
export interface WrongKeyDecision {
  delayMs: number;
  /** The wrong key's number in total, where the audit log gets an entry; else null. */
  auditedNumber: number | null;
}

export class SignInGuard extends DurableObject<Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    void ctx.blockConcurrencyWhile(async () => {
      this.#sql.exec(
        `CREATE TABLE IF NOT EXISTS attempts (
          address TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_at INTEGER NOT NULL
        ) WITHOUT ROWID`,
      );
    });
  }

  /** Counts a wrong key from `address` at `now` (epoch milliseconds), in one tick, so that parallel guesses count one by one. */
  async countWrongKey(address: string, now: number): Promise<WrongKeyDecision> {
    const total = this.#add(EVERYBODY, now);
    this.#add(UNCOUNTED, now);
    const own = total.count <= MAX_ADDRESSES ? this.#add(throttleKey(address), now) : total;
    const due = Date.now() + COUNT_EVERY_MS;
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > due) await this.ctx.storage.setAlarm(due);
    return { delayMs: delayMs(own, total), auditedNumber: isAudited(total.count) ? total.count : null };
  }

  /** Sends the counts on, and deletes old ones. */
  override async alarm(): Promise<void> {
    const now = Date.now();
    const uncounted = this.#read(UNCOUNTED)?.count ?? 0;
    const total = this.#read(EVERYBODY);
    if (uncounted > 0 && total) {
      this.#sql.exec(`DELETE FROM attempts WHERE address = ?`, UNCOUNTED);
      await this.#report(uncounted, total.count, now);
    }
    this.#sql.exec(`DELETE FROM attempts WHERE last_at <= ?`, now - FORGET_AFTER_MS);
    const left = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM attempts`).one().n;
    if (left > 0 && (await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(now + FORGET_AFTER_MS);
  }

  async #report(uncounted: number, total: number, now: number): Promise<void> {
    const counts = { wrong_dashboard_key: uncounted };
    try {
      await this.env.EXCHANGES.send({ v: 1, kind: "counters", id: crypto.randomUUID(), at: now, counts });
    } catch (thrown) {
      log.warn("guard: wrong keys not counted", { wrongKeys: uncounted, error: errorText(thrown) });
    }
    if (total >= ALERT_FROM) await alert(this.env, { kind: "wrong_keys", count: total, at: now });
  }

  #add(key: string, now: number): WrongKeys {
    const next = addWrongKey(this.#read(key), now);
    this.#sql.exec(
      `INSERT INTO attempts (address, failures, last_at) VALUES (?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at`,
      key,
      next.count,
      next.lastAt,
    );
    return next;
  }

  #read(key: string): WrongKeys | null {
    const [row] = this.#sql
      .exec<Row>(`SELECT failures, last_at FROM attempts WHERE address = ?`, key)
      .toArray();
    return row ? { count: row.failures, lastAt: row.last_at } : null;
  }
}
