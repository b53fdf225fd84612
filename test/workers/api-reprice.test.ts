import { beforeEach, describe, expect, it } from "vitest";
import type { RepriceBatch } from "../../workers/schemas/api/reprice.ts";
import { billedExchange, eventStream, type BilledMessage, streamedEvents } from "../support/bills.ts";
import { ENDINGS } from "../support/endings.ts";
import { storeEndings } from "../support/worker-endings.ts";
import { type TestExchange, NOON } from "../support/exchanges.ts";
import { apiJson, apiError, store, VIEWER_KEY } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage, storedRow } from "../support/worker-ingest.ts";

type Audit = { entries: { action: string; target: string; details: Record<string, unknown> }[] };

const OPUS: BilledMessage = { model: "claude-opus-5-5", usage: { input_tokens: 1_000, output_tokens: 100 } };
const COST = 6_000_000_000n; // 1000×4 + 100×20 = 6000µ

const reprice = (body: Record<string, unknown> = {}) =>
  apiJson<RepriceBatch>("/api/admin/reprice", { method: "POST", body });
const rollupSums = () =>
  queryRows<{ cost: string; unpriced: number; rows: number }>(
    "SELECT sum(cost_pico)::text AS cost, sum(unpriced_count)::int AS unpriced, sum(requests)::int AS rows FROM rollups",
  );

/** Removes prices from rows and rollups, as if the table had had none when the exchanges were stored. */
async function forget(where = "true"): Promise<void> {
  await queryRows(
    `UPDATE requests SET cost_pico = NULL, cost_breakdown = NULL, price_version = 'old' WHERE ${where}`,
  );
  await queryRows(`UPDATE rollups r SET
    cost_pico = (SELECT coalesce(sum(cost_pico), 0) FROM requests q WHERE q.domain_id = r.domain_id),
    unpriced_count = (SELECT count(*) FROM requests q WHERE q.domain_id = r.domain_id AND q.cost_pico IS NULL)`);
}

beforeEach(resetStorage);

describe("pricing again", () => {
  it("finds nothing to change in what was just priced", async () => {
    await store(billedExchange(OPUS), billedExchange({ ...OPUS, model: "claude-opus-9" }));
    expect(await reprice()).toMatchObject({
      examined: 2,
      changed: 0,
      deltaUsd: "0",
      unpriced: 1,
      unpricedModels: { "claude-opus-9": 1 },
      nextCursor: null,
    });
    expect((await apiJson<Audit>("/api/audit")).entries).toEqual([]);
  });

  it("gives rows the price the table has now, its bill and its version; rollups and the audit log follow", async () => {
    const [{ id }] = (await store(billedExchange(OPUS), billedExchange(OPUS))) as [TestExchange];
    const before = await storedRow(id);
    await forget();
    expect(await rollupSums()).toEqual([{ cost: "0", unpriced: 2, rows: 2 }]);
    const done = await reprice();
    expect(done).toMatchObject({
      examined: 2,
      changed: 2,
      newlyPriced: 2,
      newlyUnpriced: 0,
      deltaUsd: "0.012",
    });
    expect(await storedRow(id)).toMatchObject({
      costPico: COST,
      costBreakdown: before.costBreakdown,
      priceVersion: done.priceVersion,
    });
    expect(await rollupSums()).toEqual([{ cost: (2n * COST).toString(), unpriced: 0, rows: 2 }]);
    const { entries } = await apiJson<Audit>("/api/audit");
    expect(entries).toMatchObject([
      { action: "prices.reprice", target: "team.example", details: { changed: 2, deltaUsd: "0.012" } },
    ]);
    expect(await reprice()).toMatchObject({ examined: 2, changed: 0, deltaUsd: "0" });
  });

  it("removes the price of $0 that lost responses had, whatever their ending", async () => {
    const endings = Object.values(ENDINGS);
    await storeEndings(endings.map((ending) => [ending, {}]));
    const lost = endings.filter(({ row }) => row.cost === "unpriced").length;
    await queryRows("UPDATE requests SET cost_pico = 0 WHERE cost_pico IS NULL");
    await queryRows("UPDATE rollups SET unpriced_count = 0");
    const done = await reprice();
    expect(done).toMatchObject({ changed: lost, newlyUnpriced: lost, newlyPriced: 0, deltaUsd: "0" });
    const [sums] = await rollupSums();
    expect(sums).toMatchObject({ unpriced: lost, rows: endings.length });
  });

  it("removes a wrong price, and its part of the sums", async () => {
    const [{ id }] = (await store(billedExchange({ ...OPUS, model: "claude-opus-9" }))) as [TestExchange];
    await queryRows("UPDATE requests SET cost_pico = 5");
    await queryRows("UPDATE rollups SET cost_pico = 5, unpriced_count = 0");
    expect(await reprice()).toMatchObject({ changed: 1, newlyUnpriced: 1, deltaUsd: "-0.000000000005" });
    expect((await storedRow(id)).costPico).toBeNull();
    expect(await rollupSums()).toEqual([{ cost: "0", unpriced: 1, rows: 1 }]);
  });

  it("keeps the cost of a response that was cut off", async () => {
    const cut = billedExchange(OPUS, { responseBody: eventStream(streamedEvents(OPUS).slice(0, 4)) });
    await store(cut);
    const { costPico } = await storedRow(cut.id);
    await queryRows("UPDATE requests SET cost_pico = 1");
    await reprice();
    expect((await storedRow(cut.id)).costPico).toBe(costPico);
  });

  it("changes nothing in a dry run", async () => {
    await store(billedExchange(OPUS));
    await forget();
    const dry = await reprice({ dryRun: true });
    expect(dry).toMatchObject({ examined: 1, changed: 1, newlyPriced: 1, deltaUsd: "0.006", dryRun: true });
    expect(await rollupSums()).toEqual([{ cost: "0", unpriced: 1, rows: 1 }]);
    expect((await apiJson<Audit>("/api/audit")).entries).toEqual([]);
  });

  it("goes through all domains in batches of any size, each exchange once", async () => {
    const exchanges = ["a.example", "b.example", "c.example"].flatMap((domain) =>
      // Three of each started in the same millisecond.
      Array.from({ length: 7 }, (_, n) =>
        billedExchange(OPUS, { domain, startedAt: NOON + Math.floor(n / 3) }),
      ),
    );
    for (const limit of [1, 4, 7, 20, 21, 2_000]) {
      await resetStorage();
      await store(...exchanges);
      await forget();
      let cursor: string | null = null;
      let [examined, changed] = [0, 0];
      do {
        const done: RepriceBatch = await reprice({ limit, cursor });
        expect(done.examined).toBeLessThanOrEqual(limit);
        [examined, changed, cursor] = [examined + done.examined, changed + done.changed, done.nextCursor];
      } while (cursor !== null);
      expect([limit, examined, changed]).toEqual([limit, 21, 21]);
      expect(await rollupSums()).toEqual([{ cost: (21n * COST).toString(), unpriced: 0, rows: 21 }]);
    }
  });

  it("keeps to a domain and to a time", async () => {
    const exchanges = ["a.example", "b.example"].flatMap((domain) =>
      [0, 1, 2].map((day) => billedExchange(OPUS, { domain, startedAt: NOON + day * 86_400_000 })),
    );
    await store(...exchanges);
    await forget();
    const done = await reprice({ domain: "B.example", since: new Date(NOON + 86_400_000).toISOString() });
    expect(done).toMatchObject({
      examined: 2,
      changed: 2,
      reached: { domain: "b.example" },
      nextCursor: null,
    });
    const priced = await queryRows<{ id: string }>(
      "SELECT id FROM requests WHERE cost_pico IS NOT NULL ORDER BY id",
    );
    expect(priced.map(({ id }) => id)).toEqual([exchanges[4]!.id, exchanges[5]!.id].sort());
  });

  it("runs beside ingest without losing a cent", async () => {
    const first = Array.from({ length: 30 }, (_, n) => billedExchange(OPUS, { startedAt: NOON + n }));
    await store(...first);
    await forget();
    const later = Array.from({ length: 30 }, (_, n) => billedExchange(OPUS, { startedAt: NOON + n }));
    const repriceAll = async () => {
      let cursor: string | null = null;
      do cursor = (await reprice({ limit: 3, cursor })).nextCursor;
      while (cursor !== null);
    };
    const ingestAll = async () => {
      for (let at = 0; at < later.length; at += 5) await store(...later.slice(at, at + 5));
    };
    await Promise.all([repriceAll(), ingestAll(), repriceAll()]);
    expect(await rollupSums()).toEqual([{ cost: (60n * COST).toString(), unpriced: 0, rows: 60 }]);
  });
});

describe("refuses", () => {
  const post = (body: unknown, key?: string) =>
    apiError("/api/admin/reprice", { method: "POST", body, ...(key && { key }) });

  it("a viewer", async () => {
    expect(await post({}, VIEWER_KEY)).toMatchObject({ status: 403, code: "forbidden" });
  });

  it("a domain that was never seen", async () => {
    expect(await post({ domain: "nowhere.example" })).toMatchObject({ status: 404, code: "not_found" });
  });

  it.each([
    ["since", "yesterday"],
    ["cursor", "1.2"],
    ["cursor", "9999999999.1.00000000-0000-0000-0000-000000000000"],
    ["limit", 0],
    ["limit", 2_001],
    ["limit", "5"],
    ["dryRun", "yes"],
    ["domain", ""],
    ["prices", "low"],
  ])("%s %j", async (parameter, value) => {
    const { status, details } = await post({ [parameter]: value });
    expect([status, details[0]?.parameter]).toEqual([400, parameter]);
  });
});
