/**
 * The SQLite tables of an AccountWindow: writes exchanges, reads totals. Used by account-window.ts;
 * every method is synchronous, so that reading and writing happen in one tick. The decisions are in workers/domain/windows.
 *
 * Rows written cost money, index entries and deletions included: an exchange has one row, found by its start and id, and a minute of a
 * session and model another.
 *
 * Costs are stored in two integers, because SQLite's integers reach JavaScript as doubles, which a sum of pico-dollars exceeds.
 */
import { minuteOf, splitSpan, type Span } from "../workers/domain/windows/time-span.ts";
import type { WindowCell } from "../workers/domain/windows/totals.ts";
import { byField, TOTAL_KINDS } from "../workers/schemas/tokens.ts";
import type { WindowExchange } from "../workers/schemas/window.ts";

/** `cost_high` is the quotient by this, `cost_low` the remainder. */
const COST_BASE = 1_000_000_000n;
/** Rank of an exchange that belongs to another account. */
const MOVED_RANK = 3;

const TOKEN_COLUMNS = TOTAL_KINDS.map(({ totalColumn }) => totalColumn);
const SUMMED = ["requests", ...TOKEN_COLUMNS, "cost_high", "cost_low", "unpriced"] as const;
const SUMMED_COLUMNS = SUMMED.map((name) => `${name} INTEGER NOT NULL`).join(", ");

/** Numbers of changes that are reserved by one write. */
const SEQUENCE_BLOCK = 1_000;

const EXCHANGES = `CREATE TABLE IF NOT EXISTS exchanges (
    id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, rank INTEGER NOT NULL,
    domain TEXT NOT NULL, session TEXT NOT NULL, model TEXT NOT NULL, ${SUMMED_COLUMNS}, PRIMARY KEY (at, id)
  ) WITHOUT ROWID`;
const TABLES = [
  EXCHANGES,
  `CREATE TABLE IF NOT EXISTS minutes (
    minute INTEGER NOT NULL, domain TEXT NOT NULL, session TEXT NOT NULL, model TEXT NOT NULL, ${SUMMED_COLUMNS},
    PRIMARY KEY (minute, domain, session, model)
  ) WITHOUT ROWID`,
  // The last report of each limit, and its history: one row per minute.
  `CREATE TABLE IF NOT EXISTS limits (
    style TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, reading TEXT NOT NULL, PRIMARY KEY (style, name)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS limit_history (
    style TEXT NOT NULL, name TEXT NOT NULL, minute INTEGER NOT NULL, at INTEGER NOT NULL,
    utilization REAL, status TEXT, remaining REAL, reset_at INTEGER, PRIMARY KEY (style, name, minute)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS told (
    name TEXT PRIMARY KEY, threshold REAL NOT NULL, at INTEGER NOT NULL, reset_at INTEGER
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
];

type Sums = Record<(typeof SUMMED)[number], number>;
interface CellRow extends Record<string, SqlStorageValue>, Sums {
  domain: string;
  session: string;
  model: string;
}
interface ExchangeValues extends Sums {
  id: string;
  at: number;
  rank: number;
  domain: string;
  session: string;
  model: string;
}
interface ExchangeRow extends Record<string, SqlStorageValue>, ExchangeValues {
  seq: number;
}

export class WindowTables {
  readonly sql: SqlStorage;
  /** The number of the last change; null before the first use. */
  #sequence: number | null = null;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  create(): void {
    for (const statement of TABLES) this.sql.exec(statement);
    // Objects from before a token kind was added have tables without its column.
    for (const table of ["exchanges", "minutes"]) {
      const columns = this.sql
        .exec<{ name: string }>(`SELECT name FROM pragma_table_info(?)`, table)
        .toArray();
      for (const column of TOKEN_COLUMNS)
        if (!columns.some(({ name }) => name === column))
          this.sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} INTEGER NOT NULL DEFAULT 0`);
    }
    this.#adoptExchangesById();
  }

  /** Objects of earlier versions have exchanges by id, with an index by start. */
  #adoptExchangesById(): void {
    const index = `SELECT count(*) AS n FROM sqlite_master WHERE name = 'exchanges_at'`;
    if (this.sql.exec<{ n: number }>(index).one().n === 0) return;
    this.sql.exec(`DROP INDEX exchanges_at; ALTER TABLE exchanges RENAME TO exchanges_by_id; ${EXCHANGES}`);
    const names = this.sql
      .exec<{ name: string }>(`SELECT name FROM pragma_table_info('exchanges_by_id')`)
      .toArray()
      .map(({ name }) => name)
      .join(", ");
    this.sql.exec(
      `INSERT INTO exchanges (${names}) SELECT ${names} FROM exchanges_by_id; DROP TABLE exchanges_by_id`,
    );
  }

  /** Grows with every change; identifies a state of the tables. After an eviction it is larger than any number before. */
  get sequence(): number {
    return (this.#sequence ??= this.#reserved());
  }

  /** No number above this was used. */
  #reserved(): number {
    return Number(this.value("sequence") ?? 0);
  }

  #nextSequence(): number {
    const next = this.sequence + 1;
    // Read each time: a transaction that was rolled back has taken its reservation back.
    if (next > this.#reserved()) this.setValue("sequence", String(next + SEQUENCE_BLOCK));
    return (this.#sequence = next);
  }

  value(name: string): string | null {
    const [row] = this.sql.exec<{ value: string }>(`SELECT value FROM facts WHERE name = ?`, name).toArray();
    return row?.value ?? null;
  }

  setValue(name: string, value: string): void {
    this.sql.exec(
      `INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      name,
      value,
    );
  }

  /**
   * Counts the exchange, or replaces it where it is more complete now. With `upTo` the exchange comes from Postgres
   * and replaces everything stored up to that sequence.
   */
  put(exchange: WindowExchange, upTo: number | null = null): void {
    const before = this.#exchange(exchange);
    const isKept =
      before &&
      ((upTo === null ? before.rank > exchange.rank : before.seq > upTo) || isSame(before, exchange));
    if (!isKept) this.#replace(before, rowOf(exchange));
  }

  /** Marks an exchange as belonging to another account. Kept, because an earlier report of it may still arrive. */
  move(id: string, startedAt: number): void {
    const names = { domain: "", sessionId: null, model: null, costPico: "0" };
    const gone = rowOf({ id, startedAt, ...names, ...byField(TOTAL_KINDS, () => 0), rank: 0 });
    this.#replace(this.#exchange({ id, startedAt }), { ...gone, requests: 0, rank: MOVED_RANK });
  }

  /** Deletes the exchanges of a span that were stored up to `upTo`, except `kept`. */
  dropOthers({ from, to }: Span, upTo: number, kept: ReadonlySet<string>): void {
    const rows = this.sql
      .exec<ExchangeRow>(
        `SELECT * FROM exchanges WHERE at >= ? AND at < ? AND seq <= ? AND requests > 0`,
        from,
        to,
        upTo,
      )
      .toArray();
    for (const row of rows) if (!kept.has(row.id)) this.#replace(row, null);
  }

  /** Totals of a span by domain, session and model. */
  cells(span: Span): WindowCell[] {
    const { minutes, edges } = splitSpan(span);
    const sums = SUMMED.map((name) => `sum(${name}) AS ${name}`).join(", ");
    const group = `GROUP BY domain, session, model HAVING sum(requests) > 0`;
    const rows = [
      ...this.sql.exec<CellRow>(
        `SELECT domain, session, model, ${sums} FROM minutes WHERE minute >= ? AND minute < ? ${group}`,
        minutes.from,
        minutes.to,
      ),
      ...edges.flatMap((edge) =>
        this.sql
          .exec<CellRow>(
            `SELECT domain, session, model, ${sums} FROM exchanges WHERE at >= ? AND at < ? ${group}`,
            edge.from,
            edge.to,
          )
          .toArray(),
      ),
    ];
    return rows.map(cellOf);
  }

  /** Output tokens by minute. */
  outputByMinute(from: number, to: number): Map<number, number> {
    const rows = this.sql.exec<{ minute: number; output: number }>(
      `SELECT minute, sum(output) AS output FROM minutes WHERE minute >= ? AND minute < ? GROUP BY minute`,
      minuteOf(from),
      minuteOf(to) + 1,
    );
    return new Map([...rows].map(({ minute, output }) => [minute, output]));
  }

  /** Start of the newest exchange; null when there is none. */
  newest(): number | null {
    return this.sql
      .exec<{ at: number | null }>(`SELECT max(at) AS at FROM exchanges WHERE requests > 0`)
      .one().at;
  }

  /** Deletes exchanges together with their minutes, so that a duplicate is either recognised or below the horizon. */
  trim(horizon: number): void {
    // Whole minutes only: deleting part of one would leave its totals without their exchanges.
    const minute = minuteOf(horizon);
    this.sql.exec(`DELETE FROM exchanges WHERE at < ?`, minute * 60_000);
    this.sql.exec(`DELETE FROM minutes WHERE minute < ?`, minute);
    this.sql.exec(`DELETE FROM limit_history WHERE minute < ?`, minute);
  }

  /** An exchange's start is part of its id (workers/domain/exchange-id.ts), so it never changes. */
  #exchange({ id, startedAt }: Pick<WindowExchange, "id" | "startedAt">): ExchangeRow | null {
    const select = `SELECT * FROM exchanges WHERE at = ? AND id = ?`;
    return this.sql.exec<ExchangeRow>(select, startedAt, id).toArray()[0] ?? null;
  }

  #replace(before: ExchangeRow | null, after: ExchangeValues | null): void {
    if (before) this.#add(before, -1);
    if (after) {
      const row = { ...after, seq: this.#nextSequence() };
      const names = Object.keys(row);
      this.sql.exec(
        `INSERT OR REPLACE INTO exchanges (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
        ...Object.values(row),
      );
      this.#add(after, 1);
    } else if (before) this.sql.exec(`DELETE FROM exchanges WHERE at = ? AND id = ?`, before.at, before.id);
  }

  #add(row: ExchangeValues, sign: 1 | -1): void {
    if (row.requests === 0) return;
    const key = [minuteOf(row.at), row.domain, row.session, row.model];
    this.sql.exec(
      `INSERT INTO minutes (minute, domain, session, model, ${SUMMED.join(", ")}) VALUES (?, ?, ?, ?, ${SUMMED.map(() => "?").join(", ")})
       ON CONFLICT (minute, domain, session, model) DO UPDATE SET ${SUMMED.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")}`,
      ...key,
      ...SUMMED.map((name) => sign * row[name]),
    );
    if (sign < 0)
      this.sql.exec(
        `DELETE FROM minutes WHERE minute = ? AND domain = ? AND session = ? AND model = ? AND requests <= 0`,
        ...key,
      );
  }
}

function rowOf(exchange: WindowExchange): ExchangeValues {
  const cost = BigInt(exchange.costPico ?? 0);
  return {
    id: exchange.id,
    at: exchange.startedAt,
    rank: exchange.rank,
    domain: exchange.domain,
    // A key column cannot be null.
    session: exchange.sessionId ?? "",
    model: exchange.model ?? "",
    requests: 1,
    ...(Object.fromEntries(
      TOTAL_KINDS.map(({ field, totalColumn }) => [totalColumn, exchange[field]]),
    ) as Record<(typeof TOKEN_COLUMNS)[number], number>),
    cost_high: Number(cost / COST_BASE),
    cost_low: Number(cost % COST_BASE),
    unpriced: exchange.costPico === null ? 1 : 0,
  };
}

function isSame(before: ExchangeRow, exchange: WindowExchange): boolean {
  return Object.entries(rowOf(exchange)).every(([name, value]) => before[name] === value);
}

function cellOf(row: CellRow): WindowCell {
  return {
    domain: row.domain,
    sessionId: row.session || null,
    model: row.model || null,
    requests: row.requests,
    ...byField(TOTAL_KINDS, ({ totalColumn }) => row[totalColumn]),
    costPico: BigInt(row.cost_high) * COST_BASE + BigInt(row.cost_low),
    unpricedCount: row.unpriced,
  };
}
