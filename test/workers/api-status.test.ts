/** `/api/status` responds with what is known, whichever service is down. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../workers/schemas/api/upkeep.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { billedExchange } from "../support/bills.ts";
import { makeExchange, errorResponse, messageRequest } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage, journal } from "../support/worker-ingest.ts";
import { apiJson, type Bindings, DATABASE_DOWN, store } from "../support/worker-api.ts";
import migrations from "../../drizzle/migrations/meta/_journal.json" with { type: "json" };
import manifest from "../../package.json" with { type: "json" };

beforeEach(resetStorage);

const status = (bindings = {}) => apiJson<Status>("/api/status", { bindings });

it("is ok when nothing waits and nothing has failed", async () => {
  expect(await status()).toMatchObject({
    state: "ok",
    database: { reachable: true, latencyMs: expect.any(Number) as number },
    journal: { reachable: true, entries: 0, ended: 0, bytes: 0, oldestAgeMs: null, isMore: false },
    ingestFailures: { count: 0, newest: [] },
    counters: {},
    lastErrors: [],
    newestRequestAt: null,
    versions: {
      nexus: manifest.version,
      migrations: migrations.entries.length,
      schema: migrations.entries.at(-1)!.when,
      journal: 1,
      database: expect.stringMatching(/^\d+/) as string,
    },
  });
});

it("counts what waits in the journal, running exchanges apart", async () => {
  const [ended, running] = [makeExchange(), makeExchange()];
  await journal(ended);
  await journal(running, ["request"]);
  const { journal: seen, state } = await status();
  expect(seen).toMatchObject({ reachable: true, entries: 2, ended: 1, isMore: false });
  expect(seen.bytes).toBeGreaterThan(ended.request.body.length);
  expect(seen.oldestAgeMs).toBeGreaterThanOrEqual(0);
  expect(state).toBe("ok");
});

it("says until when partitions exist, and counts what lies in the default one", async () => {
  const { partitions: before } = await status();
  const until = new Date(before!.until);
  expect([until.getUTCDate(), until.getUTCHours(), before!.rowsInDefault]).toEqual([1, 0, 0]);
  expect(until.getTime() - Date.now()).toBeGreaterThan(60 * 86_400_000);
  await store({ startedAt: Date.UTC(2033, 5, 1) });
  expect((await status()).partitions).toEqual({ ...before, rowsInDefault: 1 });
  await queryRows("DELETE FROM requests_default");
});

it("is late when an ended exchange has waited for minutes", async () => {
  const listed = [
    { key: "journal/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071/request", size: 10 },
    { key: "journal/019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071/response", size: 20 },
  ].map((object) => ({ ...object, uploaded: new Date(Date.now() - 600_000) }));
  const JOURNAL = { list: async () => ({ objects: listed, truncated: false }) };
  const { state, journal: seen } = await status({ JOURNAL });
  expect(state).toBe("late");
  expect(seen).toMatchObject({ entries: 1, ended: 1, bytes: 30 });
  expect(seen.oldestAgeMs).toBeGreaterThanOrEqual(600_000);
});

it("stops counting a long journal, with isMore", async () => {
  let pages = 0;
  const JOURNAL = {
    list: async () => {
      const first = pages++ * 500;
      const objects = Array.from({ length: 1_000 }, (_, n) => ({
        key: `journal/${String(first + Math.floor(n / 2)).padStart(12, "0")}/${n % 2 ? "response" : "request"}`,
        size: 1,
        uploaded: new Date(),
      }));
      return { truncated: true, objects };
    },
  };
  const { journal: seen } = await status({ JOURNAL });
  expect(seen.isMore).toBe(true);
  expect([seen.entries, pages]).toEqual([1_000, 2]);
});

it("names failures of ingest and the newest errors, and is failing", async () => {
  const now = Date.now();
  const [made] = await store(
    {
      startedAt: now - 60_000,
      ...errorResponse(529, "overloaded_error", "busy"),
    },
    { startedAt: now - 30_000 },
    { startedAt: now - 26 * 3_600_000, responseMetadata: { status: 500 } },
  );
  await queryRows(
    "INSERT INTO ingest_failures (exchange_id, domain, error, attempts) VALUES ($1, 'team.example', 'no room', 3)",
    ["019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071"],
  );
  await queryRows(
    "INSERT INTO counters VALUES ($1, 'refused_unauthenticated', 7), ($2, 'refused_unauthenticated', 5)",
    [new Date(now - 3_600_000), new Date(now - 48 * 3_600_000)],
  );
  const response = await status();
  expect(response).toMatchObject({
    state: "failing",
    ingestFailures: { count: 1, newest: [{ error: "no room", attempts: 3, domain: "team.example" }] },
    counters: { refused_unauthenticated: 7 },
    newestRequestAt: new Date(now - 30_000).toISOString(),
  });
  expect(response.lastErrors).toEqual([
    {
      requestId: made!.id,
      domain: "team.example",
      timestamp: new Date(now - 60_000).toISOString(),
      responseStatus: 529,
      outcome: "complete",
      failed: true,
      errorType: "overloaded_error",
      error: "busy",
    },
  ]);
});

it("counts exchanges whose bodies were lost in the last day", async () => {
  const now = Date.now();
  await store({ startedAt: now - 60_000 }, { startedAt: now - 50_000 }, { startedAt: now - 26 * 3_600_000 });
  expect((await status()).unrecorded).toBe(0);
  await queryRows("UPDATE requests SET outcome = 'unrecorded' WHERE started_at <> $1", [
    new Date(now - 50_000),
  ]);
  expect((await status()).unrecorded).toBe(1);
  expect((await status(DATABASE_DOWN)).unrecorded).toBeNull();
});

it("responds 200 with what is known when Postgres is down", async () => {
  await journal(makeExchange());
  expect(await status(DATABASE_DOWN)).toMatchObject({
    state: "failing",
    database: { reachable: false, latencyMs: null },
    journal: { reachable: true, entries: 1, ended: 1 },
    ingestFailures: null,
    counters: null,
    lastErrors: null,
    versions: { nexus: manifest.version, migrations: null, schema: null, journal: 1, database: null },
  });
});

it("responds 200 with what is known when the journal is down", async () => {
  const JOURNAL = { list: () => Promise.reject(new Error("R2 internal error")) };
  expect(await status({ JOURNAL })).toMatchObject({
    state: "failing",
    database: { reachable: true },
    journal: { reachable: false, entries: null },
    lastErrors: [],
  });
});

it("names the models of the last week that have no price or no known context window", async () => {
  const now = Date.now();
  const answered = (model: string, startedAt = now - 60_000) =>
    billedExchange({ model, usage: { input_tokens: 10, output_tokens: 2 } }, { startedAt });
  await store(
    answered("claude-opus-5-5"),
    answered("claude-sonnet-4-6[1m]"),
    answered("claude-opus-9"),
    answered("claude-opus-9"),
    answered("us.anthropic.claude-opus-5-v1:0"),
    answered("claude-old-1", now - 8 * 24 * 3_600_000),
    // The tokens of an alias that Claude resolves are the served model's.
    billedExchange(
      {
        model: "claude-haiku-4-5-20251001",
        requested: "claude-haiku-alias",
        usage: { input_tokens: 10, output_tokens: 2 },
      },
      { startedAt: now - 60_000 },
    ),
    {
      startedAt: now - 60_000,
      requestBody: messageRequest("x", { model: "no-such-model" }),
      ...errorResponse(404, "not_found_error"),
    },
  );
  const unknown = ["claude-opus-9", "us.anthropic.claude-opus-5-v1:0"];
  expect((await status()).models).toEqual({
    withoutPrice: unknown,
    withoutWindow: unknown,
  });
  expect((await status(DATABASE_DOWN)).models).toBeNull();
});

describe("a diagnosis", () => {
  const nonce = "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071";
  const diagnose = (bindings: Bindings = {}) =>
    apiJson<Diagnosis>("/api/admin/diagnose", { method: "POST", body: { nonce }, bindings });

  it("finds nothing wrong, and what it wrote to KV with the next call", async () => {
    const found = await diagnose();
    expect(Math.abs(Date.parse(found.now) - Date.now())).toBeLessThan(5_000);
    expect(found).toMatchObject({
      database: { problem: null, missingRights: [], exchangesOfDay: 0 },
      journal: { problem: null },
      kv: { problem: null, isRead: false },
      cron: { problem: null },
    });
    expect(found.database.bytes).toBeGreaterThan(1_000_000);
    expect(found.database.maxConnections).toBeGreaterThan(0);
    expect((await diagnose()).kv).toEqual({ problem: null, isRead: true });
    expect((await env.JOURNAL.list()).objects).toEqual([]);
    // The projection is still what the database says.
    expect((await status()).edge).toMatchObject({ missing: 0, stale: 0, extra: 0 });
  });

  const broken = () => Promise.reject(new Error("unavailable"));
  it.each<[string, Bindings, keyof Diagnosis]>([
    ["the database", DATABASE_DOWN, "database"],
    ["R2", { JOURNAL: { put: broken } }, "journal"],
    [
      "an object with other bytes",
      {
        JOURNAL: {
          put: async () => {},
          delete: async () => {},
          get: async () => ({ text: async () => "x" }),
        },
      },
      "journal",
    ],
    ["KV", { TENANTS: { get: broken } }, "kv"],
    [
      "the object of cron",
      { CRON_SCHEDULE: { getByName: () => ({ lastRun: broken, used: broken }) } },
      "cron",
    ],
  ])("names the part that fails: %s", async (_name, bindings, part) => {
    const { now: _, ...parts } = await diagnose(bindings);
    const failed = Object.entries(parts).filter(([, { problem }]) => problem !== null);
    expect(failed.map(([name]) => name)).toEqual([part]);
  });
});
