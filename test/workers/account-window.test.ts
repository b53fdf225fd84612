/** An account's window counts exactly, with duplicates, late exchanges, any order and evictions. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { DAY_MS as DAY, HOUR_MS as HOUR, MINUTE_MS as MINUTE } from "../../workers/runtime/constants.ts";
import { byField, TOTAL_KINDS, type TokenTotals } from "../../workers/schemas/tokens.ts";
import type { WindowExchange, WindowShare } from "../../workers/schemas/window.ts";
import { manyExchanges, windowExchange, withDisorder } from "../support/window-exchanges.ts";
import { random } from "../support/prose.ts";
import { countWrittenRows } from "../support/worker-written-rows.ts";

declare module "vitest" {
  // As test/support/global-setup.ts provides it.
  interface ProvidedContext {
    windowExchanges: number;
  }
}

const COUNT = inject("windowExchanges");
const NOW = Date.UTC(2026, 10, 22, 12, 0, 30);
const WINDOW = 5 * HOUR;

let made = 0;
/** The window of a new account. */
function newWindow() {
  const accountId = `account-${++made}`;
  const stub = env.ACCOUNT_WINDOW.getByName(accountId);
  return {
    accountId,
    stub,
    record: (...exchanges: WindowExchange[]) => stub.record({ accountId, exchanges, moved: [] }),
    total: async (at = NOW) => (await stub.totals(at)).total,
    report: (headers: Record<string, string>, at = Date.now()) => stub.report({ accountId, at, headers }),
  };
}

/** The Durable Object runs in this isolate, so its clock can be set here. */
function clockAt(now: number): void {
  vi.spyOn(Date, "now").mockReturnValue(now);
}
beforeEach(() => clockAt(NOW));
afterEach(() => void vi.restoreAllMocks());

function totalsOfRows(rows: readonly WindowExchange[], at: number): TokenTotals {
  const inWindow = rows.filter(({ startedAt }) => startedAt > at - WINDOW && startedAt <= at);
  return {
    requests: inWindow.length,
    ...byField(TOTAL_KINDS, ({ field }) => inWindow.reduce((sum, row) => sum + row[field], 0)),
    costPico: inWindow.reduce((sum, { costPico }) => sum + BigInt(costPico ?? 0), 0n),
    unpricedCount: inWindow.filter(({ costPico }) => costPico === null).length,
  };
}

const FIGURES = [...TOTAL_KINDS.map(({ field }) => field), "requests", "unpricedCount"] as const;

function expectPartsOf(total: TokenTotals, parts: readonly WindowShare[]): void {
  for (const figure of FIGURES)
    expect(
      parts.reduce((sum, part) => sum + part[figure], 0),
      figure,
    ).toBe(total[figure]);
  expect(parts.reduce((sum, part) => sum + part.costPico, 0n)).toBe(total.costPico);
  if (total.inputTokens + total.outputTokens > 0)
    expect(parts.reduce((sum, part) => sum + part.shareOfTokens, 0)).toBeCloseTo(1, 9);
  if (total.costPico > 0n) expect(parts.reduce((sum, part) => sum + part.shareOfCost, 0)).toBeCloseTo(1, 9);
}

describe("an account's window", () => {
  it(`of ${COUNT} exchanges in two days, with duplicates and in any order, equals the sum of its rows at any instant`, async () => {
    const next = random(20_261_122);
    const rows = manyExchanges(next, { count: COUNT, from: NOW - 2 * DAY, to: NOW });
    const reports = withDisorder(next, rows);
    const { record, stub } = newWindow();
    for (let at = 0; at < reports.length; at += 1_000) {
      await record(...reports.slice(at, at + 1_000));
      if (at % (0.4 * COUNT) === 0) await evictDurableObject(stub);
    }
    for (let n = 0; n < 200; n++) {
      const any = Math.floor(NOW - 2 * DAY + next() * (2 * DAY + WINDOW));
      const at = n % 4 === 0 ? any - (any % MINUTE) : any;
      const { total, sessions, otherSessions, domains, models } = await stub.totals(at);
      expect(total, new Date(at).toISOString()).toEqual(totalsOfRows(rows, at));
      expect(otherSessions).toBeNull();
      for (const parts of [sessions, domains, models]) expectPartsOf(total, parts);
    }
  });

  it("contains what started after its beginning and up to its end, to the millisecond", async () => {
    const { record, total } = newWindow();
    await record(windowExchange(1, { startedAt: NOW - WINDOW + 7 }));
    for (const [at, requests] of [
      [NOW - WINDOW + 6, 0],
      [NOW - WINDOW + 7, 1],
      [NOW, 1],
      [NOW + 6, 1],
      [NOW + 7, 0],
    ] as const)
      expect((await total(at)).requests, String(at - NOW)).toBe(requests);
  });

  it("ranks by cost who used the vendor's window, which began five hours before its reset", async () => {
    const { accountId, report, record, stub } = newWindow();
    // NOW is 12:00:30; the window began at 08:00.
    await report({
      "anthropic-ratelimit-unified-5h-utilization": "0.4",
      "anthropic-ratelimit-unified-5h-reset": String((NOW - 30_000 + HOUR) / 1_000),
    });
    const at = (hours: number, rest: Partial<WindowExchange>) => ({
      startedAt: NOW - 30_000 - hours * HOUR,
      inputTokens: 0,
      cacheReadInputTokens: 0,
      ...rest,
    });
    await record(
      windowExchange(1, at(4, { sessionId: "dear", outputTokens: 100, costPico: "880" })),
      windowExchange(2, at(1, { sessionId: null, outputTokens: 9_000, costPico: "120" })),
      windowExchange(3, { ...at(4, { sessionId: "before" }), startedAt: NOW - 30_000 - 4 * HOUR - 1 }),
    );
    const { current, totals } = await stub.state(accountId, { now: NOW });
    expect([current.from + 1, current.total.requests, totals.total.requests]).toEqual([
      NOW - 30_000 - 4 * HOUR,
      2,
      3,
    ]);
    expect(current.sessions.map(({ name, shareOfCost }) => [name, shareOfCost])).toEqual([
      ["dear", 0.88],
      [null, 0.12],
    ]);
  });

  it("counts an exchange once, in its most complete version", async () => {
    const { record, total } = newWindow();
    const interrupted = windowExchange(1, { startedAt: NOW, outputTokens: 0, costPico: null, rank: 0 });
    const complete = windowExchange(1, { startedAt: NOW, outputTokens: 70, costPico: "5" });
    await record(interrupted);
    expect(await total()).toMatchObject({ requests: 1, outputTokens: 0, unpricedCount: 1 });
    await record(complete, complete);
    await record(interrupted);
    expect(await total()).toMatchObject({ requests: 1, outputTokens: 70, costPico: 5n, unpricedCount: 0 });
  });

  it("moves an exchange to the account its response names, in any order of reports", async () => {
    const { accountId, stub, record, total } = newWindow();
    await stub.record({ accountId, exchanges: [], moved: [{ id: windowExchange(1).id, startedAt: NOW }] });
    await record(windowExchange(1, { startedAt: NOW, rank: 0 }), windowExchange(2, { startedAt: NOW }));
    expect((await total()).requests).toBe(1);
    await stub.record({ accountId, exchanges: [], moved: [{ id: windowExchange(2).id, startedAt: NOW }] });
    expect((await total()).requests).toBe(0);
    expect((await stub.totals(NOW)).sessions).toEqual([]);
  });

  it("counts an exchange that arrives hours late at its start time", async () => {
    const { record, total } = newWindow();
    await record(windowExchange(1, { startedAt: NOW }), windowExchange(2, { startedAt: NOW - 30 * HOUR }));
    expect((await total()).requests).toBe(1);
    expect((await total(NOW - 29 * HOUR)).requests).toBe(1);
  });

  it("sums costs exactly beyond the precision of doubles", async () => {
    const { record, total } = newWindow();
    const cost = 9_007_199_254_740_993n; // 2^53 + 1
    await record(...[1, 2, 3].map((n) => windowExchange(n, { startedAt: NOW, costPico: cost.toString() })));
    expect((await total()).costPico).toBe(3n * cost);
  });

  it("sums up sessions beyond the first 200", async () => {
    const { record, stub } = newWindow();
    await record(
      ...Array.from({ length: 230 }, (_, n) => windowExchange(n, { startedAt: NOW, sessionId: `s${n}` })),
    );
    const { sessions, otherSessions, total } = await stub.totals(NOW);
    expect([sessions.length, otherSessions?.requests, total.requests]).toEqual([200, 30, 230]);
  });
});

describe("with clocks that jump,", () => {
  it("a clock of the object that is ahead loses nothing", async () => {
    const { record, total, stub } = newWindow();
    await record(windowExchange(1, { startedAt: NOW - HOUR }));
    clockAt(NOW + 400 * DAY);
    await runDurableObjectAlarm(stub);
    await record(windowExchange(1, { startedAt: NOW - HOUR }), windowExchange(2, { startedAt: NOW }));
    clockAt(NOW);
    expect((await total()).requests).toBe(2);
  });

  it("a clock of a proxy that is ahead deletes nothing", async () => {
    const { record, total, stub } = newWindow();
    await record(windowExchange(1, { startedAt: NOW }), windowExchange(2, { startedAt: NOW + 400 * DAY }));
    await runDurableObjectAlarm(stub);
    expect((await total()).requests).toBe(1);
  });

  it("exchanges are deleted when both clocks agree, and their duplicates are not counted", async () => {
    const { record, total, stub } = newWindow();
    await record(windowExchange(1, { startedAt: NOW }));
    const later = NOW + 9 * DAY;
    clockAt(later);
    await record(windowExchange(2, { startedAt: later }));
    await runDurableObjectAlarm(stub);
    await record(windowExchange(1, { startedAt: NOW }));
    expect((await total(NOW)).requests).toBe(0);
    expect((await total(later)).requests).toBe(1);
    const rows = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM exchanges`).one(),
    );
    expect(rows.n).toBe(1);
  });
});

it("reconciling with Postgres adds what is missing, corrects what differs, deletes what is gone, keeps what is newer", async () => {
  const { accountId, stub, record, total } = newWindow();
  const at = { startedAt: NOW - MINUTE };
  await record(windowExchange(1, at), windowExchange(2, { ...at, outputTokens: 1 }), windowExchange(3, at));
  const upTo = await stub.sequence();
  await record(windowExchange(4, { ...at, outputTokens: 40 }));
  const changed = windowExchange(2, { ...at, outputTokens: 200 });
  const exchanges = [windowExchange(1, at), changed, windowExchange(5, at)];
  await stub.reconcile({ accountId, from: NOW - HOUR, to: NOW, upTo, exchanges });
  expect(await total()).toMatchObject({ requests: 4, outputTokens: 5 + 200 + 5 + 40 });
});

it("reconciling with Postgres changes nothing that is correct", async () => {
  const { accountId, stub, record } = newWindow();
  const rows = [1, 2, 3].map((n) => windowExchange(n, { startedAt: NOW - n * MINUTE }));
  await record(...rows);
  const upTo = await stub.sequence();
  await stub.reconcile({ accountId, from: NOW - HOUR, to: NOW, upTo, exchanges: rows });
  expect(await stub.sequence()).toBe(upTo);
});

it("an exchange costs two written rows and the deletion of them, alone or in a batch", async () => {
  const { stub, record } = newWindow();
  await record(windowExchange(0, { startedAt: NOW })); // reserves numbers of changes, and sets the alarm
  const written = await countWrittenRows(stub);
  await record(windowExchange(1, { startedAt: NOW }));
  expect(written()).toBe(2);
  await record(...[2, 3, 4, 5].map((n) => windowExchange(n, { startedAt: NOW })));
  expect(written()).toBe(10);
});

it("the tables of an earlier version, without the newest column, are adopted with what they counted", async () => {
  const { stub, record, total } = newWindow();
  await record(...[1, 2, 3].map((n) => windowExchange(n, { startedAt: NOW, outputTokens: n })));
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const { sql: create } = sql
      .exec<{ sql: string }>("SELECT sql FROM sqlite_master WHERE name = 'exchanges'")
      .one();
    const byId = create
      .replace(", PRIMARY KEY (at, id)", "")
      .replace("id TEXT NOT NULL", "id TEXT PRIMARY KEY");
    sql.exec(`ALTER TABLE exchanges RENAME TO newer; ${byId}; INSERT INTO exchanges SELECT * FROM newer;
      DROP TABLE newer; CREATE INDEX exchanges_at ON exchanges (at)`);
    const { totalColumn } = TOTAL_KINDS.at(-1)!;
    for (const table of ["exchanges", "minutes"]) sql.exec(`ALTER TABLE ${table} DROP COLUMN ${totalColumn}`);
  });
  await evictDurableObject(stub);
  await record(windowExchange(3, { startedAt: NOW, outputTokens: 5 }));
  expect(await total()).toMatchObject({ requests: 3, outputTokens: 8 });
});
