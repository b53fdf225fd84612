/** The vendor's limits of an account: last reports, history, and thresholds already alerted. */
import { forecastLimit } from "../workers/domain/windows/forecast.ts";
import { type LimitReadings, windowLength } from "../workers/domain/windows/rate-limit-headers.ts";
import { minuteOf } from "../workers/domain/windows/time-span.ts";
import { type WindowReport, crossedThreshold } from "../workers/domain/windows/thresholds.ts";
import type { ThresholdEvent } from "../workers/schemas/alert.ts";
import type { LimitPoint, LimitReading, LimitState, WindowState } from "../workers/schemas/window.ts";
import type { WindowTables } from "./account-window-tables.ts";

/** Input of a forecast: the last two hours, one point per minute. */
const FORECAST_MS = 2 * 3_600_000;

type ThresholdAlert = Omit<ThresholdEvent, "kind" | "accountId">;
interface LimitRow extends Record<string, SqlStorageValue> {
  at: number;
  reading: string;
}
interface PointRow extends Record<string, SqlStorageValue> {
  at: number;
  utilization: number | null;
  status: string | null;
  remaining: number | null;
  reset_at: number | null;
}
interface AlertRow extends Record<string, SqlStorageValue> {
  name: string;
  threshold: number;
  at: number;
  reset_at: number | null;
}

export class WindowLimits {
  readonly #tables: WindowTables;

  constructor(tables: WindowTables) {
    this.#tables = tables;
  }

  /** Stores a report of `at` (not after `now`); returns the alerts to raise. */
  apply(
    { readings, overall }: LimitReadings,
    at: number,
    now: number,
    thresholds: readonly number[],
  ): ThresholdAlert[] {
    const alerts: ThresholdAlert[] = [];
    for (const reading of readings) {
      const isLatest = this.#keep(reading, at, now);
      if (!isLatest || reading.style !== "unified" || reading.utilization === null) continue;
      const report = { utilization: reading.utilization, resetAt: reading.resetAt, at };
      const fullAt = () => this.#forecast(reading, now).fullAt;
      const event = this.checkThreshold(reading.name, report, thresholds, fullAt);
      if (event) alerts.push(event);
    }
    const before = this.reportedAt();
    const isNewest = before === null || at >= before || before > now;
    if (Object.keys(overall).length > 0 && isNewest)
      this.#tables.setValue("overall", JSON.stringify(overall));
    if (readings.length > 0 && isNewest) this.#tables.setValue("reported_at", String(at));
    return alerts;
  }

  /** Returns an alert when the window `name` has reached a threshold that was not alerted yet, and records it as alerted. */
  checkThreshold(
    name: string,
    report: WindowReport,
    thresholds: readonly number[],
    fullAt: () => number | null,
  ): ThresholdAlert | null {
    const sql = this.#tables.sql;
    const [row] = sql.exec<AlertRow>(`SELECT * FROM told WHERE name = ?`, name).toArray();
    const record = row ? { resetAt: row.reset_at, threshold: row.threshold, at: row.at } : null;
    const decision = crossedThreshold(report, thresholds, record);
    if (!decision.memory) sql.exec(`DELETE FROM told WHERE name = ?`, name);
    else if (decision.memory !== record)
      sql.exec(
        `INSERT OR REPLACE INTO told (name, threshold, at, reset_at) VALUES (?, ?, ?, ?)`,
        name,
        decision.memory.threshold,
        decision.memory.at,
        decision.memory.resetAt,
      );
    if (decision.alert === null) return null;
    const { utilization, resetAt, at } = report;
    return { window: name, utilization, threshold: decision.alert, resetsAt: resetAt, fullAt: fullAt(), at };
  }

  overall(): Record<string, string> {
    return JSON.parse(this.#tables.value("overall") ?? "{}") as Record<string, string>;
  }

  reportedAt(): number | null {
    const stored = this.#tables.value("reported_at");
    return stored === null ? null : Number(stored);
  }

  states(now: number, binding: string | null, historyFrom: number | null): LimitState[] {
    return this.#tables.sql
      .exec<LimitRow>(`SELECT at, reading FROM limits ORDER BY style DESC, name`)
      .toArray()
      .map(({ at, reading: text }) => {
        const reading = JSON.parse(text) as LimitReading;
        return {
          ...reading,
          reportedAt: at,
          hasEnded: reading.resetAt !== null && reading.resetAt <= now,
          isBinding: reading.style === "unified" && reading.name === binding,
          forecast:
            reading.style === "unified" ? this.#forecast(reading, now) : { perHour: null, fullAt: null },
          history: historyFrom === null ? [] : this.#points(reading, historyFrom),
        };
      });
  }

  alerts(): WindowState["alerts"] {
    return this.#tables.sql
      .exec<AlertRow>(`SELECT * FROM told ORDER BY name`)
      .toArray()
      .map((row) => ({ window: row.name, threshold: row.threshold, at: row.at, resetAt: row.reset_at }));
  }

  /** Overage is excluded: it is usually rejected, which says nothing about a window. */
  warnings(from: number): number[] {
    return this.#tables.sql
      .exec<{ at: number }>(
        `SELECT DISTINCT at FROM limit_history
         WHERE at >= ? AND status IS NOT NULL AND status <> 'allowed' AND name <> 'overage' ORDER BY at`,
        from,
      )
      .toArray()
      .map(({ at }) => at);
  }

  /** True when it is the newest report of this limit. An older one is only added to the history. */
  #keep(reading: LimitReading, at: number, now: number): boolean {
    const { style, name, utilization, status, remaining, resetAt } = reading;
    const sql = this.#tables.sql;
    const [last] = sql
      .exec<LimitRow>(`SELECT at, reading FROM limits WHERE style = ? AND name = ?`, style, name)
      .toArray();
    // A stored report from the future was made while this object's clock was ahead.
    const isNewest = !last || at >= last.at || last.at > now;
    sql.exec(
      `INSERT INTO limit_history (style, name, minute, at, utilization, status, remaining, reset_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (style, name, minute) DO UPDATE SET at = excluded.at, utilization = excluded.utilization,
         status = excluded.status, remaining = excluded.remaining, reset_at = excluded.reset_at WHERE excluded.at >= limit_history.at`,
      style,
      name,
      minuteOf(at),
      at,
      utilization,
      status,
      remaining,
      resetAt,
    );
    if (!isNewest) return false;
    if (last && last.at > now)
      sql.exec(`DELETE FROM limit_history WHERE style = ? AND name = ? AND at > ?`, style, name, now);
    sql.exec(
      `INSERT OR REPLACE INTO limits (style, name, at, reading) VALUES (?, ?, ?, ?)`,
      style,
      name,
      at,
      JSON.stringify(reading),
    );
    return true;
  }

  #forecast(reading: LimitReading, now: number) {
    return forecastLimit(this.#points(reading, now - FORECAST_MS), windowLength(reading.name), now);
  }

  #points({ style, name }: LimitReading, from: number): LimitPoint[] {
    return this.#tables.sql
      .exec<PointRow>(
        `SELECT at, utilization, status, remaining, reset_at FROM limit_history
         WHERE style = ? AND name = ? AND at >= ? ORDER BY minute`,
        style,
        name,
        from,
      )
      .toArray()
      .map(({ reset_at: resetAt, ...point }) => ({ ...point, resetAt }));
  }
}
