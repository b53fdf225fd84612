/**
 * The live feed: one object for the deployment that receives notices in batches (from the proxy, ingest and the account windows)
 * and streams them to the readers of `GET /api/live`. It keeps the last events for readers that reconnect, and
 * tracks which exchanges are in flight and which are not stored yet. A slow or disconnected reader does not affect the others.
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
/** How long the end of an exchange is kept, for a notice of its start that arrives late. */
const ENDED_KEPT_MS = 60_000;
/** Longer than a request takes from its authorization to the stream. */
const SIGNED_OUT_KEPT_MS = 60_000;
const MAX_IN_FLIGHT_LISTED = 50;
const MAX_UNSTORED_LISTED = 500;
/** Events read and written per write. */
const MAX_EVENTS_PER_WRITE = 100;

interface EventRow extends Record<string, SqlStorageValue> {
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

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    void ctx.blockConcurrencyWhile(async () => {
      this.#sql.exec(
        `CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, data TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS running (id TEXT PRIMARY KEY, data TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS unstored (id TEXT PRIMARY KEY) WITHOUT ROWID`,
      );
    });
  }

  /** Stores notices in their order, in one tick: readers see all of them or none. */
  async publish(notices: readonly LiveEvent[], now = Date.now()): Promise<void> {
    let newest = 0;
    for (const notice of notices) {
      if (notice.event === "exchange.ended") this.#end(notice.requestId, now);
      else {
        if (notice.event === "exchange.started" && !this.#begin(notice.data, now)) continue;
        if (notice.event === "exchange.stored") {
          this.#end(notice.data.requestId, now);
          this.#forget(notice.data.requestId);
        }
        newest = this.#keep(notice.event, JSON.stringify(notice.data));
      }
    }
    if (newest === 0) return;
    this.#sql.exec(`DELETE FROM events WHERE id <= ?`, newest - LIVE_EVENTS_KEPT);
    this.#wakeReaders();
  }

  /** Exchanges in flight. */
  async inFlight(now = Date.now()): Promise<InFlight> {
    this.#sql.exec(`DELETE FROM running WHERE at < ?`, now - RUNNING_MAX_MS);
    const { n } = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM running`).one();
    const rows = this.#sql.exec<{ data: string }>(
      `SELECT data FROM running ORDER BY at DESC, id DESC LIMIT ?`,
      MAX_IN_FLIGHT_LISTED,
    );
    return { count: n, newest: rows.toArray().map(({ data }) => JSON.parse(data) as StartedExchange) };
  }

  /** The oldest exchanges with an id before `beforeId` that have begun, are not in flight and were not reported as stored. */
  async unstored(beforeId: string, now = Date.now()): Promise<string[]> {
    this.#sql.exec(`DELETE FROM running WHERE at < ?`, now - RUNNING_MAX_MS);
    return this.#sql
      .exec<{ id: string }>(
        `SELECT id FROM unstored WHERE id < ? AND id NOT IN (SELECT id FROM running) ORDER BY id LIMIT ?`,
        beforeId,
        MAX_UNSTORED_LISTED,
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** These exchanges are stored, or lost and counted. */
  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#forget(id);
  }

  /** The runtime has started: nothing is in flight. */
  async started(): Promise<void> {
    this.#sql.exec(`DELETE FROM running`);
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
    const start = resumeFrom(lastEventId, { newest: this.#newest(), kept: LIVE_EVENTS_KEPT });
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
        seen = this.#newest();
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
    const data = JSON.stringify(exchange);
    const at = Math.min(Date.parse(exchange.startedAt), now);
    this.#sql.exec(
      `INSERT OR REPLACE INTO running (id, data, at) VALUES (?, ?, ?)`,
      exchange.requestId,
      data,
      at,
    );
    this.#sql.exec(`INSERT OR IGNORE INTO unstored (id) VALUES (?)`, exchange.requestId);
    return true;
  }

  #forget(requestId: string): void {
    this.#sql.exec(`DELETE FROM unstored WHERE id = ?`, requestId);
  }

  #end(requestId: string, now: number): void {
    forgetUntil(this.#ended, now - ENDED_KEPT_MS);
    this.#ended.set(requestId, now);
    this.#sql.exec(`DELETE FROM running WHERE id = ?`, requestId);
  }

  #keep(event: string, data: string): number {
    return this.#sql
      .exec<{ id: number }>(`INSERT INTO events (event, data) VALUES (?, ?) RETURNING id`, event, data)
      .one().id;
  }

  #after(id: number): EventRow[] {
    return this.#sql
      .exec<EventRow>(
        `SELECT id, event, data FROM events WHERE id > ? ORDER BY id LIMIT ?`,
        id,
        MAX_EVENTS_PER_WRITE,
      )
      .toArray();
  }

  /** The last id assigned, 0 before the first. */
  #newest(): number {
    return this.#sql.exec<{ id: number }>(`SELECT coalesce(max(id), 0) AS id FROM events`).one().id;
  }
}

/** Removes the first entries, which are the oldest. */
function forgetUntil(times: Map<string, number>, until: number): void {
  for (const [id, at] of times) {
    if (at > until) return;
    times.delete(id);
  }
}
