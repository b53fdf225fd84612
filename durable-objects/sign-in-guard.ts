/**
 * Throttles the guessing of dashboard keys: one object for the deployment counts wrong keys per address and
 * in total, so that guessing from many isolates or addresses is throttled too. Called by workers/api/auth/sign-in.ts only.
 * The decision is in workers/domain/auth/sign-in-throttle.ts.
 */
import { DurableObject } from "cloudflare:workers";
import type { Failures, AttemptResult } from "../workers/domain/auth/sign-in-throttle.ts";
import {
  ADDRESS_POLICY,
  GLOBAL_POLICY,
  decideAttempt,
  throttleKey,
  TRUST_MS,
} from "../workers/domain/auth/sign-in-throttle.ts";

/** Key of the row for all addresses; it is no valid address. */
const EVERYBODY = "*";
const CLEAN_EVERY_MS = 3_600_000;

interface Row extends Record<string, SqlStorageValue> {
  failures: number;
  last_at: number;
  trusted_at: number | null;
}

export class SignInGuard extends DurableObject<Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    void ctx.blockConcurrencyWhile(async () => {
      this.#sql.exec(
        `CREATE TABLE IF NOT EXISTS attempts (
          address TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_at INTEGER NOT NULL, trusted_at INTEGER
        ) WITHOUT ROWID`,
      );
    });
  }

  /**
   * Decides one attempt from `address` at `now` (epoch milliseconds). The caller has compared the key already; this result
   * is final: "slow_down" also for a right key. Reading and writing happen in one tick, so parallel guesses count one by one.
   */
  async judge(address: string, isRightKey: boolean, now: number): Promise<AttemptResult> {
    const key = throttleKey(address);
    const own = this.#read(key);
    const { attempt: verdict, next } = decideAttempt(
      {
        address: failuresOf(own),
        global: failuresOf(this.#read(EVERYBODY)),
        trustedAt: own?.trusted_at ?? null,
      },
      isRightKey,
      now,
    );
    if (verdict.result === "slow_down") return verdict;
    this.#write(key, next.address, next.trustedAt, now);
    if (verdict.result === "wrong") this.#write(EVERYBODY, next.global, null, now);
    if ((await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(Date.now() + CLEAN_EVERY_MS);
    return verdict;
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#sql.exec(
      `DELETE FROM attempts WHERE last_at <= ? AND (trusted_at IS NULL OR trusted_at <= ?)`,
      now - Math.max(ADDRESS_POLICY.forgetAfterMs, GLOBAL_POLICY.forgetAfterMs),
      now - TRUST_MS,
    );
    const left = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM attempts`).one().n;
    if (left > 0) await this.ctx.storage.setAlarm(now + CLEAN_EVERY_MS);
  }

  #read(key: string): Row | undefined {
    return this.#sql
      .exec<Row>(`SELECT failures, last_at, trusted_at FROM attempts WHERE address = ?`, key)
      .toArray()[0];
  }

  #write(key: string, failures: Failures | null, trustedAt: number | null, now: number): void {
    this.#sql.exec(
      `INSERT INTO attempts (address, failures, last_at, trusted_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, trusted_at = excluded.trusted_at`,
      key,
      failures?.count ?? 0,
      failures?.lastAt ?? now,
      trustedAt,
    );
  }
}

function failuresOf(row: Row | undefined): Failures | null {
  return row && row.failures > 0 ? { count: row.failures, lastAt: row.last_at } : null;
}
