/** Costs from the wire to the API: rows, rollups and bills agree for any exchanges in any order. */
import { beforeEach, describe, expect, it } from "vitest";
import type { RequestList, RequestRow } from "../../workers/schemas/api/requests.ts";
import type { CurrentUsage, Stats } from "../../workers/schemas/api/compat.ts";
import type { ConversationDetail, ConversationTree } from "../../workers/schemas/api/conversations.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import { isSameModel } from "../../workers/domain/model-id.ts";
import { parseUsd } from "../../workers/domain/pricing/usd.ts";
import {
  billedExchange,
  eventStream,
  type Json,
  jsonResponse,
  type BilledMessage,
  streamedEvents,
} from "../support/bills.ts";
import { type TestExchange, makeExchange, NOON, errorResponse } from "../support/exchanges.ts";
import { random } from "../support/prose.ts";
import { apiJson, store, columns } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal, storedRow, messageOf } from "../support/worker-ingest.ts";

/** Of the generated exchanges; another number generates others. */
const SEED = 20_261_123;
const OPUS: BilledMessage = { model: "claude-opus-5-5", usage: { input_tokens: 12, output_tokens: 50 } };
const TOKEN_FIELDS = [
  "inputTokens",
  "outputTokens",
  "cacheReadInputTokens",
  "cacheCreationInputTokens",
  "thinkingTokens",
] as const;
const STREAM = { "content-type": "text/event-stream" };
const JSON_TYPE = { "content-type": "application/json" };

beforeEach(resetStorage);

const rowsOfApi = async () => (await apiJson<RequestList>("/api/requests?limit=500")).requests;
const pico = (usd: string | null) => parseUsd(usd ?? "0");

describe("an exchange", () => {
  it("comes out of the API with its cost, its bill and the version of the prices", async () => {
    const [{ id }] = (await store(billedExchange(OPUS))) as [TestExchange];
    const row = await apiJson<RequestRow>(`/api/requests/${id}`);
    // 12×4 + 50×20 = 1048µ
    expect(row).toMatchObject({
      costUsd: "0.001048",
      priceVersion: expect.stringMatching(/^2\d{3}-/) as string,
    });
    expect(row.costBreakdown).toMatchObject({ estimated: false, floor: false, notes: [] });
    expect(columns(row.costBreakdown!.lines, "kind", "quantity", "rateUsd", "costUsd")).toEqual([
      ["input", 12, "4", "0.000048"],
      ["output", 50, "20", "0.001"],
    ]);
  });

  it("of an unknown model has no price and is counted as such; an error and a free call cost nothing", async () => {
    await store(
      billedExchange({ ...OPUS, model: "claude-opus-9" }),
      makeExchange(errorResponse(529, "overloaded_error")),
      makeExchange({
        requestMetadata: { path: "/v1/messages/count_tokens" },
        responseBody: '{"input_tokens":2095}',
        responseMetadata: { headers: JSON_TYPE },
      }),
    );
    expect((await rowsOfApi()).map(({ costUsd }) => costUsd).sort()).toEqual(["0", "0", null]);
    const stats = await apiJson<Stats>(`/api/stats?since=${new Date(NOON - 1).toISOString()}`);
    expect(stats).toMatchObject({ costUsd: null, unpricedCount: 1 });
  });

  it("without its response has no price, and gets one when the response arrives, by the requested model", async () => {
    const said: BilledMessage = {
      ...OPUS,
      usage: {
        ...OPUS.usage,
        iterations: [
          { type: "compaction", input_tokens: 1_000, output_tokens: 100 },
          { type: "message", input_tokens: 12, output_tokens: 50 },
        ],
      },
    };
    const exchange = billedExchange(said, { startedAt: NOON });
    await journal(exchange, ["request"]);
    await deliver([messageOf(exchange, { rungBy: "sweep" })]);
    expect(await storedRow(exchange.id)).toMatchObject({ outcome: "interrupted", costPico: null });
    expect(await sums()).toMatchObject({ cost: "0", unpriced: 1 });

    await journal(exchange, ["response"]);
    await deliver([messageOf(exchange)]);
    // 1000×4 + 100×20 + 12×4 + 50×20 = 7048µ
    expect(await storedRow(exchange.id)).toMatchObject({ outcome: "complete", costPico: 7_048_000_000n });
    expect(await sums()).toMatchObject({ cost: "7048000000", unpriced: 0 });
  });

  it("cut off by its client has a cost that is marked as a minimum", async () => {
    const body = eventStream(streamedEvents(OPUS).slice(0, 4));
    const [{ id }] = (await store(
      billedExchange(OPUS, { responseBody: body, responseMetadata: { outcome: "client_gone" } }),
    )) as [TestExchange];
    const row = await apiJson<RequestRow>(`/api/requests/${id}`);
    // "Well, here it is." has 17 characters: 5 tokens. 12×4 + 5×20 = 148µ
    expect([row.costUsd, row.usagePartial, row.costBreakdown?.floor]).toEqual(["0.000148", true, true]);
  });
});

async function sums(): Promise<{ cost: string; unpriced: number }> {
  const [sum] = await queryRows<{ cost: string; unpriced: number }>(
    "SELECT coalesce(sum(cost_pico), 0)::text AS cost, coalesce(sum(unpriced_count), 0)::int AS unpriced FROM rollups",
  );
  return sum!;
}

const MODELS = [
  "claude-opus-5-5",
  "claude-sonnet-5-5",
  "claude-haiku-5-5",
  "claude-fable-5-1",
  "claude-sonnet-4-5-20250929",
  "claude-opus-4-6",
  "claude-unheard-of",
];

/** An exchange of any kind: streamed or not, cut, refused, failed, of tools and iterations, of four domains and ten days. */
function anyExchange(next: () => number): TestExchange {
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(list: readonly T[]) => list[below(list.length)]!;
  const tokens = (limit: number) => (next() < 0.3 ? 0 : below(limit));
  const counts = () => {
    const [fiveMinutes, oneHour] = [tokens(9_000), tokens(9_000)];
    return {
      input_tokens: tokens(20_000),
      output_tokens: tokens(9_000),
      cache_read_input_tokens: tokens(150_000),
      cache_creation_input_tokens: fiveMinutes + oneHour + (next() < 0.3 ? below(500) : 0),
      cache_creation: { ephemeral_5m_input_tokens: fiveMinutes, ephemeral_1h_input_tokens: oneHour },
    };
  };
  const usage: Json = {
    ...counts(),
    ...(next() < 0.2 && { speed: "fast" }),
    ...(next() < 0.2 && { inference_geo: "us" }),
    ...(next() < 0.2 && { service_tier: "batch" }),
    ...(next() < 0.2 && {
      server_tool_use: { web_search_requests: below(5), code_execution_requests: below(2) },
    }),
    ...(next() < 0.3 && {
      iterations: Array.from({ length: 1 + below(4) }, () => ({
        type: pick(["message", "compaction", "advisor_message", "fallback_message"]),
        ...(next() < 0.7 && { model: pick(MODELS) }),
        ...counts(),
      })),
    }),
  };
  const model = pick(MODELS);
  const said: BilledMessage = { model, usage, ...(next() < 0.1 && { content: [], stopReason: "refusal" }) };
  const events = streamedEvents(said);
  const kind = below(10);
  const cut = kind === 0;
  const plain = kind === 1 || kind === 2;
  const failed = kind === 3;
  return billedExchange(said, {
    startedAt: NOON - below(10 * 86_400_000),
    domain: pick(["a.example", "b.example", "c.example", "d.example"]),
    responseBody: failed
      ? '{"type":"error","error":{"type":"api_error","message":"no"}}'
      : plain
        ? jsonResponse(said)
        : eventStream(cut ? events.slice(0, below(events.length)) : events),
    responseMetadata: {
      headers: plain || failed ? JSON_TYPE : STREAM,
      status: failed ? 500 : 200,
      outcome: cut ? "client_gone" : "complete",
    },
  });
}

describe(`any exchanges, seed ${SEED}`, () => {
  it("cost the same in their rows, in the rollups, in their bills and in the API's sums", async () => {
    const next = random(SEED);
    const exchanges = Array.from({ length: 240 }, () => anyExchange(next));
    for (let at = 0; at < exchanges.length; at += 40) {
      const some = exchanges.slice(at, at + 40);
      // Some responses come after their requests were stored as interrupted, some messages are delivered twice.
      for (const exchange of some) await journal(exchange, ["request"]);
      await deliver(
        some.filter(() => next() < 0.2).map((exchange) => messageOf(exchange, { rungBy: "sweep" })),
      );
      for (const exchange of some) await journal(exchange, ["response"]);
      await deliver([...some, ...some.slice(0, 5)].map((exchange) => messageOf(exchange)));
    }
    const rows = await rowsOfApi();
    expect(rows).toHaveLength(exchanges.length);

    const ofRows = rows.reduce((sum, { costUsd }) => sum + pico(costUsd), 0n);
    const ofBills = rows
      .filter(({ costUsd }) => costUsd !== null)
      .flatMap(({ costBreakdown }) => costBreakdown!.lines)
      .reduce((sum, line) => sum + BigInt(line.costPico ?? 0), 0n);
    const unpriced = rows.filter(({ costUsd }) => costUsd === null).length;
    expect(await sums()).toEqual({ cost: ofRows.toString(), unpriced });
    expect(ofBills).toBe(ofRows);
    for (const { costUsd, costBreakdown } of rows)
      for (const { quantity, rateUsd, ratePer, costPico } of costBreakdown!.lines) {
        if (rateUsd === null) expect(costPico).toBeNull();
        else expect(BigInt(costPico!) * BigInt(ratePer)).toBe(BigInt(quantity) * pico(rateUsd));
        if (costUsd !== null && costPico === null) expect(costBreakdown!.notes).toBeDefined();
      }
    // The set contains both kinds.
    expect([unpriced > 20, rows.length - unpriced > 100, ofRows > 10n ** 12n]).toEqual([true, true, true]);

    const from = new Date(NOON - 11 * 86_400_000).toISOString();
    const stats = await apiJson<Stats>(`/api/stats?since=${from}`);
    expect([pico(stats.costUsd), stats.unpricedCount]).toEqual([ofRows, unpriced]);
    const { totals, series, domains, models } = await apiJson<Overview>(
      `/api/overview?from=${from}&to=${new Date(NOON + 86_400_000).toISOString()}`,
    );
    const stored = await queryRows<{ n: number }>(
      "SELECT (1 + coalesce(jsonb_array_length(model_shares), 0))::int AS n FROM requests WHERE cost_pico IS NULL",
    );
    const unpricedModels = stored.reduce((sum, { n }) => sum + n, 0);
    expect(unpricedModels).toBeGreaterThan(unpriced);
    for (const parts of [[totals], series, domains, models]) {
      expect(parts.reduce((sum, { costUsd }) => sum + pico(costUsd), 0n)).toBe(ofRows);
      // An exchange without a price counts under each of its models.
      const count = parts === models ? unpricedModels : unpriced;
      expect(parts.reduce((sum, { unpricedCount }) => sum + unpricedCount, 0)).toBe(count);
      for (const field of TOKEN_FIELDS)
        expect(parts.reduce((sum, part) => sum + part[field], 0)).toBe(
          rows.reduce((sum, row) => sum + (row[field] ?? 0), 0),
        );
    }
    const byModel = new Map<string, bigint>();
    for (const { costUsd, costBreakdown, model, modelServed } of rows) {
      const lines = costUsd === null ? [] : costBreakdown!.lines;
      for (const line of lines) {
        // Tools are those of the model that served.
        const used = line.model ?? modelServed!;
        const name = isSameModel(used, model!) ? model! : used;
        byModel.set(name, (byModel.get(name) ?? 0n) + BigInt(line.costPico ?? 0));
      }
    }
    expect(new Map(models.map((each) => [each.model, pico(each.costUsd)]))).toEqual(byModel);
  });

  it("change nothing when they are priced again", async () => {
    const next = random(SEED);
    const exchanges = Array.from({ length: 80 }, () => anyExchange(next));
    await store(...exchanges);
    const rollups = () =>
      queryRows("SELECT * FROM rollups ORDER BY bucket, domain_id, account_id, model, request_type, outcome");
    const before = await rollups();
    expect(await apiJson("/api/admin/reprice", { method: "POST", body: {} })).toMatchObject({
      examined: 80,
      changed: 0,
    });
    expect(await rollups()).toEqual(before);
  });
});

/** 2 s within a five-minute bucket, so that a period can cut it. */
const INSIDE = NOON + 2_000;

describe("a response of several inferences", () => {
  const ADVISED: BilledMessage = {
    model: "claude-sonnet-4-6",
    usage: {
      input_tokens: 2,
      output_tokens: 491,
      cache_read_input_tokens: 226_584,
      cache_creation_input_tokens: 7_853,
      iterations: [
        entry("message", 1, 45, 109_696, 7_192),
        { ...entry("advisor_message", 159_419, 7_805, 0, 0), model: "claude-opus-4-7" },
        entry("message", 1, 446, 116_888, 661),
      ],
    },
  };
  const MODELS_EXPECTED = [
    // 159419×5 + 7805×25 = 992220µ
    ["claude-opus-4-7", 1, "0.99222", 159_419, 7_805, 0, 0],
    // 2×3 + 491×15 + 226584×0.30 + 7853×3.75 = 104794.95µ
    ["claude-sonnet-4-6", 1, "0.10479495", 2, 491, 226_584, 7_853],
  ];
  const period = (from: number, to: number) =>
    `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
  const models = async () =>
    columns(
      (await apiJson<Overview>(`/api/overview?${period(NOON - 1_000, NOON + 600_000)}`)).models,
      "model",
      "requests",
      "costUsd",
      "inputTokens",
      "outputTokens",
      "cacheReadInputTokens",
      "cacheCreationInputTokens",
    );

  it("is counted and priced by the model of each", async () => {
    const [{ id }] = (await store(billedExchange(ADVISED, { startedAt: INSIDE }))) as [TestExchange];
    expect(await models()).toEqual(MODELS_EXPECTED);
    expect(await apiJson<RequestRow>(`/api/requests/${id}`)).toMatchObject({
      costUsd: "1.09701495",
      inputTokens: 159_421,
      outputTokens: 8_296,
      usageData: ADVISED.usage,
    });
    // Up to now, which is not the end of a bucket: the last rows are read one by one.
    for (const since of [NOON, INSIDE, INSIDE - 1]) {
      const stats = await apiJson<Stats>(`/api/stats?since=${new Date(since).toISOString()}`);
      expect(stats).toMatchObject({ totalRequests: 1, totalInputTokens: 159_421, costUsd: "1.09701495" });
      expect(stats.requestsByModel).toEqual({ "claude-sonnet-4-6": 1 });
    }
    for (const [model, requests, cost] of MODELS_EXPECTED) {
      const filter = `model=${model}&${period(NOON - 1_000, INSIDE + 1)}`;
      expect((await apiJson<Overview>(`/api/overview?${filter}`)).totals).toMatchObject({
        requests,
        costUsd: cost,
      });
      const { requests: listed } = await apiJson<RequestList>(`/api/requests?model=${model}`);
      expect(listed.map(({ requestId }) => requestId)).toEqual([id]);
      const usage = await apiJson<CurrentUsage>(
        `/api/token-usage/current?accountId=acc_1&window=44640&model=${model}`,
      );
      expect(usage).toMatchObject({ totalRequests: requests });
    }
  });

  it("shows the context of the last one", async () => {
    const [{ id }] = (await store(billedExchange(ADVISED, { startedAt: INSIDE }))) as [TestExchange];
    const { conversationId } = await apiJson<RequestRow>(`/api/requests/${id}`);
    // 1 + 116888 + 661 + 446
    expect(await apiJson<ConversationDetail>(`/api/conversations/${conversationId}`)).toMatchObject({
      latestContextTokens: 117_996,
      modelsUsed: ["claude-opus-4-7", "claude-sonnet-4-6"],
    });
    const tree = await apiJson<ConversationTree>(`/api/conversations/${conversationId}/tree`);
    expect(tree.nodes.map(({ context }) => context)).toEqual([117_996]);
  });

  it("leaves the context unknown when it searched without listing its inferences", async () => {
    const usage = {
      input_tokens: 123_201,
      cache_creation_input_tokens: 184_457,
      cache_read_input_tokens: 426_653,
      output_tokens: 5_000,
      server_tool_use: { web_search_requests: 5 },
    };
    const [{ id }] = (await store(
      billedExchange({ model: "claude-sonnet-4-5", usage }, { startedAt: INSIDE }),
    )) as [TestExchange];
    const { conversationId } = await apiJson<RequestRow>(`/api/requests/${id}`);
    expect(
      (await apiJson<ConversationDetail>(`/api/conversations/${conversationId}`)).latestContextTokens,
    ).toBeNull();
  });

  const UNPRICED: BilledMessage = {
    ...ADVISED,
    usage: {
      ...ADVISED.usage,
      iterations: [
        entry("message", 2, 491, 226_584, 7_853),
        { ...entry("advisor_message", 9, 7, 0, 0), model: "claude-opus-9" },
      ],
    },
  };
  const UNPRICED_EXPECTED = [
    ["claude-opus-9", 1, null, 9, 7, 0, 0],
    ["claude-sonnet-4-6", 1, null, 2, 491, 226_584, 7_853],
  ];
  /** From rollups, and from rows at the ends of the period. */
  const unpricedOf = async (more: string) =>
    Promise.all(
      [period(NOON - 300_000, NOON + 600_000), period(INSIDE - 1, INSIDE + 1)].map(async (span) => {
        const { totals, models: list } = await apiJson<Overview>(`/api/overview?${span}${more}`);
        return [
          totals.unpricedCount,
          list.map(({ model, unpricedCount }) => [model, unpricedCount]).toSorted(),
        ];
      }),
    );

  it("has no price if one of its models has none, and each says so", async () => {
    const [{ id }] = (await store(billedExchange(UNPRICED, { startedAt: INSIDE }))) as [TestExchange];
    expect((await models()).toSorted()).toEqual(UNPRICED_EXPECTED);
    const both = [
      ["claude-opus-9", 1],
      ["claude-sonnet-4-6", 1],
    ];
    expect(await unpricedOf("")).toEqual([
      [1, both],
      [1, both],
    ]);
    const [advisor] = both;
    expect(await unpricedOf("&model=claude-opus-9")).toEqual([
      [1, [advisor]],
      [1, [advisor]],
    ]);
    const row = await apiJson<RequestRow>(`/api/requests/${id}`);
    expect([
      row.costUsd,
      row.costBreakdown!.lines.filter(({ costUsd }) => costUsd === null).map(({ model }) => model),
    ]).toEqual([null, ["claude-opus-9", "claude-opus-9"]]);
    const { models: named } = await apiJson<Status>("/api/status");
    expect(named?.withoutPrice ?? []).not.toContain("claude-sonnet-4-6");
    expect(await unpricedOf("&domain=other.example")).toEqual([
      [0, []],
      [0, []],
    ]);
  });

  it("by another model than the requested one is counted under the one that served", async () => {
    await store(
      billedExchange(
        { ...OPUS, model: "claude-haiku-4-5-20251001", requested: "claude-opus-5-5" },
        { startedAt: INSIDE },
      ),
      billedExchange(
        { ...OPUS, model: "claude-opus-4-5-20251101", requested: "claude-opus-4-5" },
        { startedAt: INSIDE },
      ),
    );
    // 12×1 + 50×5 = 262µ; 12×5 + 50×25 = 1310µ
    expect((await models()).toSorted()).toEqual([
      ["claude-haiku-4-5-20251001", 1, "0.000262", 12, 50, 0, 0],
      ["claude-opus-4-5", 1, "0.00131", 12, 50, 0, 0],
      ["claude-opus-5-5", 1, "0", 0, 0, 0, 0],
    ]);
  });

  it("whose usage has an invalid count has no price and no context", async () => {
    const odd = {
      ...OPUS,
      usage: { input_tokens: 12, output_tokens: 50, cache_read_input_tokens: "250000" },
    };
    const [{ id }] = (await store(billedExchange(odd, { startedAt: INSIDE }))) as [TestExchange];
    const row = await apiJson<RequestRow>(`/api/requests/${id}`);
    expect(row).toMatchObject({ costUsd: null, contextTokens: null, inputTokens: 12 });
    expect(row.costBreakdown!.notes.map(({ code }) => code)).toEqual(["invalid_usage"]);
    const detail = await apiJson<ConversationDetail>(`/api/conversations/${row.conversationId}`);
    expect(detail).toMatchObject({ latestContextTokens: null, unpricedCount: 1, costUsd: null });
  });

  it("of an earlier version is marked by repricing, once", async () => {
    const odd = { ...OPUS, usage: { input_tokens: 12, output_tokens: -50 } };
    await store(billedExchange(UNPRICED, { startedAt: INSIDE }), billedExchange(odd, { startedAt: INSIDE }));
    const before = await queryRows("SELECT * FROM rollups ORDER BY model");
    await queryRows("UPDATE requests SET model_shares = model_shares #- '{0,isUnpriced}'");
    await queryRows("UPDATE rollups SET unpriced_shares = 0");
    await queryRows(
      "UPDATE requests SET cost_pico = 48000000, context_tokens = 12 WHERE model = 'claude-opus-5-5'",
    );
    await queryRows(
      "UPDATE rollups SET cost_pico = 48000000, unpriced_count = 0 WHERE model = 'claude-opus-5-5'",
    );
    expect(await apiJson("/api/admin/reprice", { method: "POST", body: {} })).toMatchObject({ changed: 2 });
    expect(await queryRows("SELECT * FROM rollups ORDER BY model")).toEqual(before);
    expect(await queryRows("SELECT context_tokens FROM requests WHERE model = 'claude-opus-5-5'")).toEqual([
      { context_tokens: null },
    ]);
    expect(await apiJson("/api/admin/reprice", { method: "POST", body: {} })).toMatchObject({ changed: 0 });
  });

  it("of an earlier version is split by repricing", async () => {
    await store(billedExchange(ADVISED, { startedAt: INSIDE }));
    await queryRows("UPDATE requests SET model_shares = NULL, input_tokens = 2, output_tokens = 491");
    await queryRows("DELETE FROM rollups WHERE model = 'claude-opus-4-7'");
    await queryRows("UPDATE rollups SET cost_pico = 1097014950000");
    const repriced = await apiJson("/api/admin/reprice", { method: "POST", body: {} });
    expect(repriced).toMatchObject({ examined: 1, changed: 1, deltaUsd: "0" });
    expect(await models()).toEqual(MODELS_EXPECTED);
    expect(await apiJson("/api/admin/reprice", { method: "POST", body: {} })).toMatchObject({ changed: 0 });
  });
});

function entry(type: string, input: number, output: number, cacheRead: number, cacheCreation: number): Json {
  return {
    type,
    input_tokens: input,
    output_tokens: output,
    cache_read_input_tokens: cacheRead,
    cache_creation_input_tokens: cacheCreation,
  };
}
