/**
 * Queue of outgoing alerts: one object per domain, one per account, and one for the deployment. It removes duplicates and
 * keeps alerts until Slack has accepted them: one per second, with a limited number of retries.
 * It holds no address and no secret; the Worker's AlertSender finds the address and sends.
 */
import { DurableObject } from "cloudflare:workers";
import {
  ALERT_ATTEMPTS,
  ALERT_INTERVAL_MS,
  ALERT_RETRY_MS,
  MAX_QUEUED_ALERTS,
} from "../workers/runtime/constants.ts";
import { shouldSend, MAX_QUIET_MS, dedupeKeyOf } from "../workers/domain/alerts/dedupe.ts";
import { errorText, log } from "../workers/runtime/log.ts";
import type {
  AlertEvent,
  AlertTarget,
  Delivery,
  DeliveryResult,
  OutboxStatus,
  TestEvent,
} from "../workers/schemas/alert.ts";

/** Storage key of the last delivery error, which contains no address. */
const LAST_PROBLEM = "last-problem";

interface SentRow extends Record<string, SqlStorageValue> {
  key: string;
  value: string;
  at: number;
  suppressed: number;
  /** When the suppressed alerts are summarised; null: never. */
  sum_at: number | null;
  last: string | null;
}
interface WaitingRow extends Record<string, SqlStorageValue> {
  id: number;
  target: string;
  event: string;
  repeats: string;
  attempts: number;
  due_at: number;
  done: string;
}
/** Entrypoints of the Worker that this object calls. */
interface Exports {
  AlertSender?: { deliver(delivery: Delivery): Promise<DeliveryResult> };
}

export class AlertOutbox extends DurableObject<Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    void ctx.blockConcurrencyWhile(async () => {
      this.#sql.exec(
        `CREATE TABLE IF NOT EXISTS told (
           key TEXT PRIMARY KEY, value TEXT NOT NULL, at INTEGER NOT NULL, suppressed INTEGER NOT NULL,
           sum_at INTEGER, last TEXT
         ) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS waiting (
           id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, event TEXT NOT NULL, repeats TEXT NOT NULL,
           attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, done TEXT NOT NULL
         )`,
      );
    });
  }

  /** Queues the events that are not duplicates. Returns how many. */
  async raise(target: AlertTarget, events: readonly AlertEvent[]): Promise<number> {
    const now = Date.now();
    let queued = 0;
    for (const event of events) if (this.#accept(target, event, now)) queued += 1;
    await this.#scheduleAlarm(now);
    return queued;
  }

  /** Sends a test message at once, without queue and deduplication, and returns the result. */
  sendTest(target: AlertTarget, event: TestEvent): Promise<DeliveryResult> {
    return this.#deliver({ target, event, repeats: { count: 0, isSummary: false }, done: [] });
  }

  /** State of the queue, for the status page. */
  async status(): Promise<OutboxStatus> {
    const row = this.#sql
      .exec<{ waiting: number; next: number | null; attempts: number | null }>(
        `SELECT count(*) AS waiting, min(due_at) AS next, max(attempts) AS attempts FROM waiting`,
      )
      .one();
    const [oldest] = this.#sql
      .exec<{ event: string }>(`SELECT event FROM waiting ORDER BY id LIMIT 1`)
      .toArray();
    return {
      waiting: row.waiting,
      oldestAt: oldest ? (JSON.parse(oldest.event) as AlertEvent).at : null,
      nextAt: row.next,
      attempts: row.attempts ?? 0,
      lastProblem: this.ctx.storage.kv.get<string>(LAST_PROBLEM) ?? null,
    };
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    try {
      this.#queueSummaries(now);
      const [next] = this.#sql
        .exec<WaitingRow>(`SELECT * FROM waiting WHERE due_at <= ? ORDER BY id LIMIT 1`, now)
        .toArray();
      if (next) await this.#send(next);
      this.#sql.exec(`DELETE FROM told WHERE at < ? AND suppressed = 0`, now - MAX_QUIET_MS);
    } finally {
      await this.#scheduleAlarm(Date.now() + ALERT_INTERVAL_MS);
    }
  }

  #accept(target: AlertTarget, event: AlertEvent, now: number): boolean {
    const dedupe = dedupeKeyOf(event);
    const [row] = this.#sql.exec<SentRow>(`SELECT * FROM told WHERE key = ?`, dedupe.key).toArray();
    const { isSent, repeats, record } = shouldSend(dedupe, row ?? null, now);
    const sumAt = dedupe.sendsSummary && record.suppressed > 0 ? record.at + dedupe.quietMs : null;
    this.#sql.exec(
      `INSERT OR REPLACE INTO told (key, value, at, suppressed, sum_at, last) VALUES (?, ?, ?, ?, ?, ?)`,
      dedupe.key,
      record.value,
      record.at,
      record.suppressed,
      sumAt,
      sumAt === null ? null : JSON.stringify({ target, event }),
    );
    if (isSent) this.#queue(target, event, { count: repeats, isSummary: false }, now);
    return isSent;
  }

  /** Queues a summary with the number of suppressed alerts when their quiet period is over. */
  #queueSummaries(now: number): void {
    const rows = this.#sql.exec<SentRow>(`SELECT * FROM told WHERE sum_at <= ?`, now).toArray();
    for (const { key, suppressed, last } of rows) {
      const { target, event } = JSON.parse(last ?? "null") as { target: AlertTarget; event: AlertEvent };
      this.#queue(target, event, { count: suppressed, isSummary: true }, now);
      this.#sql.exec(
        `UPDATE told SET at = ?, suppressed = 0, sum_at = NULL, last = NULL WHERE key = ?`,
        now,
        key,
      );
    }
  }

  #queue(target: AlertTarget, event: AlertEvent, repeats: Delivery["repeats"], now: number): void {
    const { n } = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM waiting`).one();
    if (n >= MAX_QUEUED_ALERTS) {
      log.warn("alerts: queue full, alert dropped", { kind: event.kind });
      return;
    }
    this.#sql.exec(
      `INSERT INTO waiting (target, event, repeats, attempts, due_at, done) VALUES (?, ?, ?, 0, ?, '[]')`,
      JSON.stringify(target),
      JSON.stringify(event),
      JSON.stringify(repeats),
      now,
    );
  }

  async #send(row: WaitingRow): Promise<void> {
    const delivery = {
      target: JSON.parse(row.target) as AlertTarget,
      event: JSON.parse(row.event) as AlertEvent,
      repeats: JSON.parse(row.repeats) as Delivery["repeats"],
      done: JSON.parse(row.done) as string[],
    };
    const result = await this.#deliver(delivery);
    const attempts = row.attempts + 1;
    if (result.result === "sent") this.ctx.storage.kv.delete(LAST_PROBLEM);
    else if (result.reason) this.ctx.storage.kv.put(LAST_PROBLEM, result.reason);
    if (result.result !== "retry" || attempts >= ALERT_ATTEMPTS) {
      if (result.result === "retry")
        log.warn("alerts: dropped after the last attempt", { kind: delivery.event.kind, attempts });
      this.#sql.exec(`DELETE FROM waiting WHERE id = ?`, row.id);
      return;
    }
    const pause = Math.max(result.afterMs ?? 0, ALERT_RETRY_MS * 2 ** (attempts - 1));
    this.#sql.exec(
      `UPDATE waiting SET attempts = ?, due_at = ?, done = ? WHERE id = ?`,
      attempts,
      Date.now() + pause,
      JSON.stringify(result.done),
      row.id,
    );
  }

  async #deliver(delivery: Delivery): Promise<DeliveryResult> {
    try {
      const sender = (this.ctx as unknown as { exports?: Exports }).exports?.AlertSender;
      if (!sender) throw new Error("this Worker does not export AlertSender");
      return await sender.deliver(delivery);
    } catch (thrown) {
      log.warn("alerts: delivery failed", { kind: delivery.event.kind, error: errorText(thrown) });
      return {
        result: "retry",
        reason: "the alert sender failed; see its log",
        done: delivery.done,
      };
    }
  }

  /** Sets the alarm to the next due time, but not before `earliest`. */
  async #scheduleAlarm(earliest: number): Promise<void> {
    const { due } = this.#sql
      .exec<{ due: number | null }>(
        `SELECT min(due) AS due FROM (SELECT min(due_at) AS due FROM waiting UNION ALL SELECT min(sum_at) FROM told)`,
      )
      .one();
    if (due === null) return;
    const at = Math.max(due, earliest);
    const planned = await this.ctx.storage.getAlarm();
    if (planned === null || planned > at) await this.ctx.storage.setAlarm(at);
  }
}
