/**
 * Usage and limits of one account; named by the account's id. Ingest reports usage after its commit, the proxy
 * rate-limit headers; the API reads it. It may be evicted at any moment, receive the same report twice, late or in any order,
 * and its clock may jump: all state is in SQLite, every change is one tick, and exchanges count by id. Never imports the store:
 * the API reads Postgres and corrects it (`reconcile`).
 */
import { DurableObject } from "cloudflare:workers";
import { alert } from "../workers/runtime/raise-alert.ts";
import {
  LIVE_FEED_NAME,
  WINDOW_MS,
  WINDOW_RETENTION_MS,
  WINDOW_THRESHOLDS,
} from "../workers/runtime/constants.ts";
import { bindingWindow, readLimits } from "../workers/domain/windows/rate-limit-headers.ts";
import { currentSpan, rollingSpan } from "../workers/domain/windows/time-span.ts";
import { forecastRolling } from "../workers/domain/windows/forecast.ts";
import { windowTotals } from "../workers/domain/windows/totals.ts";
import { errorText, log } from "../workers/runtime/log.ts";
import type { ThresholdEvent } from "../workers/schemas/alert.ts";
import {
  type LimitReport,
  type WindowFeed,
  WindowSettings,
  type ReconcileSpan,
  type WindowState,
  type WindowTotals,
} from "../workers/schemas/window.ts";
import { WindowLimits } from "./account-window-limits.ts";
import { WindowTables } from "./account-window-tables.ts";

const TRIM_EVERY_MS = 3_600_000;
/** Changes within this time are published as one event. */
const PUBLISH_DELAY_MS = 1_000;
/** Name of the vendor's window that is as long as the rolling one. */
const VENDORS_WINDOW = "5h";
/** Name under which thresholds of the rolling window against `tokenLimit` are stored. */
const TOKEN_WINDOW = "tokens";

export class AccountWindow extends DurableObject<Env> {
  readonly #tables: WindowTables;
  readonly #limits: WindowLimits;
  #isPublishing = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#tables = new WindowTables(ctx.storage.sql);
    this.#limits = new WindowLimits(this.#tables);
    void ctx.blockConcurrencyWhile(async () => this.#tables.create());
  }

  /** Counts usage. A repeated exchange changes nothing, unless it is more complete now. */
  async record({ accountId, exchanges, moved }: WindowFeed): Promise<void> {
    const now = Date.now();
    this.#write(() => {
      const horizon = this.#horizon(now);
      for (const exchange of exchanges) if (exchange.startedAt >= horizon) this.#tables.put(exchange);
      for (const { id, startedAt } of moved) if (startedAt >= horizon) this.#tables.move(id, startedAt);
    });
    const { tokenLimit } = this.#settings();
    const alerts = tokenLimit === null ? [] : this.#checkTokenLimit(accountId, tokenLimit, now);
    await this.#raiseAlerts(alerts);
    this.#publishUpdate(accountId);
    await this.#planTrim(now);
  }

  /** Stores the vendor's limits, and raises an alert when a window has reached a threshold. */
  async report({ accountId, at, headers }: LimitReport): Promise<void> {
    const now = Date.now();
    const readings = readLimits(headers);
    // A proxy's clock that is ahead would make every later report look old.
    const alerts = this.#write(() =>
      this.#limits.apply(readings, Math.min(at, now), now, this.#settings().thresholds),
    );
    await this.#raiseAlerts(alerts.map((event) => ({ ...event, kind: "window_threshold", accountId })));
    this.#publishUpdate(accountId);
    await this.#planTrim(now);
  }

  /** Full state at `now` (default: its own clock); with the history of the limits since `historyFrom`. */
  async state(
    accountId: string,
    { now = Date.now(), historyFrom }: { now?: number; historyFrom?: number } = {},
  ): Promise<WindowState> {
    const settings = this.#settings();
    const binding = bindingWindow(this.#limits.overall());
    const limits = this.#limits.states(now, binding, historyFrom ?? null);
    const vendors = limits.find(({ style, name }) => style === "unified" && name === VENDORS_WINDOW);
    const current = currentSpan(vendors?.resetAt ?? null, now, WINDOW_MS);
    return {
      accountId,
      now,
      totals: await this.totals(now),
      current: windowTotals(current, this.#tables.cells(current)),
      settings,
      fullAt: settings.tokenLimit === null ? null : this.#tokenLimitFullAt(settings.tokenLimit, now),
      limits,
      overall: this.#limits.overall(),
      reportedAt: this.#limits.reportedAt(),
      alerts: this.#limits.alerts(),
      newestAt: this.#tables.newest(),
    };
  }

  /** Totals of the `length` milliseconds up to `end`. */
  async totals(end: number, length: number = WINDOW_MS): Promise<WindowTotals> {
    const span = rollingSpan(end, length);
    return windowTotals(span, this.#tables.cells(span));
  }

  /** Times since `from` at which the vendor warned or rejected. */
  async warnings(from: number): Promise<number[]> {
    return this.#limits.warnings(from);
  }

  /** To be read before Postgres is read for `reconcile`. */
  async sequence(): Promise<number> {
    return this.#tables.sequence;
  }

  /** Replaces a span by the rows of Postgres; changes since `upTo` are kept. */
  async reconcile({ from, to, upTo, exchanges }: ReconcileSpan): Promise<void> {
    this.#write(() => {
      const kept = new Set(exchanges.map(({ id }) => id));
      this.#tables.dropOthers({ from, to }, upTo, kept);
      for (const exchange of exchanges) this.#tables.put(exchange, upTo);
    });
    await this.#planTrim(Date.now());
  }

  async configure(settings: WindowSettings): Promise<void> {
    this.#tables.setValue("settings", JSON.stringify(WindowSettings.parse(settings)));
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#write(() => this.#tables.trim(this.#horizon(now)));
    if (this.#tables.newest() !== null) await this.ctx.storage.setAlarm(now + TRIM_EVERY_MS);
  }

  #write<T>(work: () => T): T {
    return this.ctx.storage.transactionSync(work);
  }

  /**
   * Exchanges that started before this are deleted. Both this object's clock and the newest exchange must be that much later, so that
   * nothing is lost when either this clock or a proxy's jumps ahead.
   */
  #horizon(now: number): number {
    return Math.min(now, this.#tables.newest() ?? now) - WINDOW_RETENTION_MS;
  }

  #settings(): WindowSettings {
    const stored = this.#tables.value("settings");
    return stored === null
      ? { tokenLimit: null, thresholds: [...WINDOW_THRESHOLDS] }
      : WindowSettings.parse(JSON.parse(stored));
  }

  #tokenLimitFullAt(limit: number, now: number): number | null {
    const minutes = this.#tables.outputByMinute(now - WINDOW_MS, now);
    return forecastRolling(minutes, { limit, length: WINDOW_MS, now });
  }

  #checkTokenLimit(accountId: string, tokenLimit: number, now: number): ThresholdEvent[] {
    const minutes = this.#tables.outputByMinute(now - WINDOW_MS, now);
    const used = [...minutes.values()].reduce((sum, tokens) => sum + tokens, 0);
    const filling = { utilization: used / tokenLimit, resetAt: null, at: now };
    const event = this.#limits.checkThreshold(TOKEN_WINDOW, filling, this.#settings().thresholds, () =>
      this.#tokenLimitFullAt(tokenLimit, now),
    );
    return event ? [{ ...event, kind: "window_threshold", accountId }] : [];
  }

  async #raiseAlerts(events: readonly ThresholdEvent[]): Promise<void> {
    for (const event of events) await alert(this.env, event);
  }

  /** Publishes one live event for all changes within PUBLISH_DELAY_MS. No caller waits for it. */
  #publishUpdate(accountId: string): void {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    const announced = scheduler.wait(PUBLISH_DELAY_MS).then(async () => {
      this.#isPublishing = false;
      const data = this.#updateEvent(accountId, Date.now());
      await this.env.LIVE_FEED.getByName(LIVE_FEED_NAME).publish([{ event: "window.updated", data }]);
    });
    this.ctx.waitUntil(
      announced.catch((thrown: unknown) => {
        this.#isPublishing = false;
        log.warn("window: publishing to the live feed failed", { error: errorText(thrown) });
      }),
    );
  }

  #updateEvent(accountId: string, now: number): Record<string, unknown> {
    const span = rollingSpan(now, WINDOW_MS);
    const { total } = windowTotals(span, this.#tables.cells(span));
    const limits = this.#limits.states(now, bindingWindow(this.#limits.overall()), null);
    return {
      accountId,
      windowEnd: new Date(now).toISOString(),
      requests: total.requests,
      inputTokens: total.inputTokens,
      outputTokens: total.outputTokens,
      totalTokens: total.inputTokens + total.outputTokens,
      tokenLimit: this.#settings().tokenLimit,
      unified: limits
        .filter(({ style }) => style === "unified")
        .map(({ name: window, utilization, status, resetAt, isBinding, hasEnded }) => ({
          window,
          utilization,
          status,
          resetsAt: resetAt === null ? null : new Date(resetAt).toISOString(),
          isBinding,
          hasEnded,
        })),
    };
  }

  async #planTrim(now: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + TRIM_EVERY_MS);
  }
}
