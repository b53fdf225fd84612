/**
 * The live feed: one object for the deployment that receives notices in batches (from the proxy, ingest and the account windows)
 * and streams them to the readers of `GET /api/live`. It keeps the last events for readers that reconnect, and
 * tracks which exchanges are in flight and which are not stored yet. A slow or disconnected reader does not affect the others.
 *
 * Rows written cost money and time, so an exchange has one row, from its start until it is stored. Events and what is in flight are
 * in memory: a reader of an object that was evicted meanwhile is reset, and loads its lists again.
 */
import { DurableObject } from "cloudflare:workers";
import {
  LIVE_EVENTS_KEPT,
  LIVE_HEARTBEAT_MS,
  LIVE_READER_HEADER,
  LIVE_STREAM_MAX_MS,
} from "../workers/runtime/constants.ts";
import { eventFrame, HEARTBEAT_FRAME, resumeFrom } from "../workers/domain/live-stream.ts";
import type { InFlight, LiveEvent, StartedExchange } from "../workers/schemas/api/live.ts";

/** An exchange whose end was not reported (evicted isolate) counts as ended after this. */
const RUNNING_MAX_MS = 3_600_000;
/**
 * Exchanges that count as in flight after an eviction, when it is not known which have ended: few, and not for long, because none of
 * them is counted as lost meanwhile. The request of one that runs longer is in the journal, so it is not lost either.
 */
const MAX_IN_FLIGHT_READ = 10_000;
const IN_FLIGHT_READ_MS = 600_000;
/** Ids of events per millisecond, so that those of an object that was evicted are smaller than those of the next. */
const EVENT_IDS_PER_MS = 1_000;
/** How long the end of an exchange is kept, for a notice of its start that arrives late. */
const ENDED_KEPT_MS = 60_000;
/** Longer than a request takes from its authorization to the stream. */
const SIGNED_OUT_KEPT_MS = 60_000;
const MAX_IN_FLIGHT_LISTED = 50;
const MAX_UNSTORED_LISTED = 500;
/** Events read and written per write. */
const MAX_EVENTS_PER_WRITE = 100;

interface KeptEvent {
  id: number;
  event: string;
  data: string;
}

export class LiveFeed extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  /** Readers waiting for the next event. */
  readonly #waiting = new Set<() => void>();
  /** Open streams and whose they are. */
  readonly #streams = new Set<{ reader: string | null; isEnded: boolean }>();
  /** Readers who have signed out recently, with the time: a stream that was authorized before may be opened after. */
  readonly #signedOut = new Map<string, number>();
  /** Ids of recently ended exchanges, with the time. */
  readonly #ended = new Map<string, number>();
  /** Exchanges in flight by id, those that began first at the front. */
  readonly #inFlight = new Map<string, StartedExchange>();
  /** The last events, with consecutive ids. */
  #events: KeptEvent[] = [];
  #newest = Date.now() * EVENT_IDS_PER_MS;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    void ctx.blockConcurrencyWhile(async () => {
      this.#sql.exec(
        `CREATE TABLE IF NOT EXISTS begun (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS started (at INTEGER NOT NULL);`,
      );
      this.#adoptOlderTables();
      this.#readInFlight(Date.now());
    });
  }

  /** Objects of earlier versions have other tables. */
  #adoptOlderTables(): void {
    const older = `SELECT count(*) AS n FROM sqlite_master WHERE name = 'unstored'`;
    if (this.#sql.exec<{ n: number }>(older).one().n === 0) return;
    this.#sql.exec(
      `INSERT OR IGNORE INTO begun SELECT id, coalesce((SELECT data FROM running WHERE running.id = unstored.id), '') FROM unstored;
       DROP TABLE unstored; DROP TABLE running; DROP TABLE events;`,
    );
  }

  /** Those that began lately and are not stored. */
  #readInFlight(now: number): void {
    const rows = this.#sql
      .exec<{ data: string }>(
        `SELECT data FROM begun WHERE data <> '' ORDER BY id DESC LIMIT ?`,
        MAX_IN_FLIGHT_READ,
      )
      .toArray();
    const since = Math.max(now - IN_FLIGHT_READ_MS, this.#startedAt());
    for (const { data } of rows.reverse()) {
      const exchange = JSON.parse(data) as StartedExchange;
      if (Date.parse(exchange.startedAt) >= since) this.#inFlight.set(exchange.requestId, exchange);
    }
  }

  /** Stores notices in their order, in one tick: readers see all of them or none. */
  async publish(notices: readonly LiveEvent[], now = Date.now()): Promise<void> {
    const before = this.#newest;
    for (const notice of notices) {
      if (notice.event === "exchange.ended") this.#end(notice.requestId, now);
      else {
        if (notice.event === "exchange.started" && !this.#begin(notice.data, now)) continue;
        if (notice.event === "exchange.stored") {
          this.#end(notice.data.requestId, now);
          this.#forget(notice.data.requestId);
        }
        this.#events.push({ id: ++this.#newest, event: notice.event, data: JSON.stringify(notice.data) });
      }
    }
    if (this.#newest === before) return;
    // Not at every event, because it moves all that are kept.
    if (this.#events.length > 2 * LIVE_EVENTS_KEPT) this.#events = this.#events.slice(-LIVE_EVENTS_KEPT);
    this.#wakeReaders();
  }

  /** Exchanges in flight. */
  async inFlight(now = Date.now()): Promise<InFlight> {
    this.#endOverdue(now);
    const newest = [...this.#inFlight.values()].sort(
      (a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt) || (a.requestId < b.requestId ? 1 : -1),
    );
    return { count: newest.length, newest: newest.slice(0, MAX_IN_FLIGHT_LISTED) };
  }

  /** The oldest exchanges with an id before `beforeId` that have begun, are not in flight and were not reported as stored. */
  async unstored(beforeId: string, now = Date.now()): Promise<string[]> {
    this.#endOverdue(now);
    const ids: string[] = [];
    for (const { id } of this.#sql.exec<{ id: string }>(
      `SELECT id FROM begun WHERE id < ? ORDER BY id`,
      beforeId,
    )) {
      if (!this.#inFlight.has(id)) ids.push(id);
      if (ids.length >= MAX_UNSTORED_LISTED) break;
    }
    return ids;
  }

  /** These exchanges are stored, or lost and counted. */
  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#forget(id);
  }

  /** When the runtime of a local stack has started last, in epoch milliseconds: what began before is not in flight. 0 where deployed. */
  async startedAt(): Promise<number> {
    return this.#startedAt();
  }

  #startedAt(): number {
    const [start] = this.#sql.exec<{ at: number }>(`SELECT at FROM started`).toArray();
    return start?.at ?? 0;
  }

  /** The runtime has started: nothing is in flight. */
  async started(now = Date.now()): Promise<void> {
    this.#sql.exec(`DELETE FROM started`);
    this.#sql.exec(`INSERT INTO started (at) VALUES (?)`, now);
    this.#inFlight.clear();
  }

  /**
   * An event stream that starts after `last-event-id`. `?heartbeatMs=` and `?maxMs=` shorten its times for tests; the API
   * passes neither. It ends after LIVE_STREAM_MAX_MS, so that authorization is checked again.
   */
  override async fetch(request: Request): Promise<Response> {
    const options = new URL(request.url).searchParams;
    const pipe = new IdentityTransformStream();
    const reader = request.headers.get(LIVE_READER_HEADER);
    const stream = { reader, isEnded: reader !== null && this.#signedOut.has(reader) };
    this.#streams.add(stream);
    const reading = this.#serve(pipe.writable.getWriter(), request.headers.get("last-event-id"), stream, {
      heartbeatMs: Number(options.get("heartbeatMs") ?? LIVE_HEARTBEAT_MS),
      maxMs: Number(options.get("maxMs") ?? LIVE_STREAM_MAX_MS),
    }).finally(() => this.#streams.delete(stream));
    // A write fails when the reader has disconnected; that ends only its own stream.
    this.ctx.waitUntil(reading.catch(() => undefined));
    return new Response(pipe.readable, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    });
  }

  /** Ends the streams of a reader who has signed out, and those that are opened shortly after. */
  async endReader(reader: string, now = Date.now()): Promise<void> {
    forgetUntil(this.#signedOut, now - SIGNED_OUT_KEPT_MS);
    this.#signedOut.set(reader, now);
    for (const stream of this.#streams) if (stream.reader === reader) stream.isEnded = true;
    this.#wakeReaders();
  }

  async #serve(
    writer: WritableStreamDefaultWriter,
    lastEventId: string | null,
    stream: { readonly isEnded: boolean },
    { heartbeatMs, maxMs }: { heartbeatMs: number; maxMs: number },
  ): Promise<void> {
    const encoder = new TextEncoder();
    const write = (text: string) => writer.write(encoder.encode(text));
    const start = resumeFrom(lastEventId, { newest: this.#newest, kept: this.#kept });
    let seen = start.after;
    const endsAt = Date.now() + maxMs;
    await write(`retry: 2000\n\n${start.isReset ? eventFrame(seen, "reset", "{}") : HEARTBEAT_FRAME}`);
    while (Date.now() < endsAt && !stream.isEnded) {
      const rows = this.#after(seen);
      const [first] = rows;
      if (!first) {
        if (!(await this.#nextEvent(heartbeatMs))) await write(HEARTBEAT_FRAME);
        continue;
      }
      if (first.id > seen + 1) {
        // The reader is so slow that the next event has been deleted.
        seen = this.#newest;
        await write(eventFrame(seen, "reset", "{}"));
        continue;
      }
      await write(rows.map(({ id, event, data }) => eventFrame(id, event, data)).join(""));
      seen = rows.at(-1)!.id;
    }
    // The reader must not reconnect: its session is over.
    if (stream.isEnded) await write(eventFrame(seen, "session.ended", "{}"));
    await writer.close();
  }

  /** Resolves with true at the next event, with false after `timeoutMs`. */
  #nextEvent(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isEvent: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(isEvent);
      };
      const wake = () => finish(true);
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.#waiting.add(wake);
    });
  }

  #wakeReaders(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** False when its end was reported first. */
  #begin(exchange: StartedExchange, now: number): boolean {
    if (this.#ended.has(exchange.requestId)) return false;
    const startedAt = new Date(Math.min(Date.parse(exchange.startedAt), now)).toISOString();
    const begun = { ...exchange, startedAt };
    this.#inFlight.set(exchange.requestId, begun);
    this.#sql.exec(
      `INSERT OR IGNORE INTO begun (id, data) VALUES (?, ?)`,
      exchange.requestId,
      JSON.stringify(begun),
    );
    return true;
  }

  #forget(requestId: string): void {
    this.#sql.exec(`DELETE FROM begun WHERE id = ?`, requestId);
  }

  #end(requestId: string, now: number): void {
    forgetUntil(this.#ended, now - ENDED_KEPT_MS);
    this.#ended.set(requestId, now);
    this.#inFlight.delete(requestId);
  }

  /** An exchange whose end is not reported for an hour was lost with its isolate. */
  #endOverdue(now: number): void {
    for (const [id, { startedAt }] of this.#inFlight)
      if (Date.parse(startedAt) < now - RUNNING_MAX_MS) this.#inFlight.delete(id);
  }

  /** Events that a reader may resume from; up to twice as many are in memory. */
  get #kept(): number {
    return Math.min(LIVE_EVENTS_KEPT, this.#events.length);
  }

  /** The first events after this id that are kept. */
  #after(id: number): KeptEvent[] {
    const from = this.#events.length - Math.min(this.#kept, this.#newest - id);
    return this.#events.slice(from, from + MAX_EVENTS_PER_WRITE);
  }
}

/** Removes the first entries, which are the oldest. */
function forgetUntil(times: Map<string, number>, until: number): void {
  for (const [id, at] of times) {
    if (at > until) return;
    times.delete(id);
  }
}
