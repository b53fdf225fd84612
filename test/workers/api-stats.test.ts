/** Sums: right to the exchange, also where a period begins between two rollups, and of hostile names. */
import { beforeEach, describe, expect, it } from "vitest";
import { DAY_MS as DAY, HOUR_MS as HOUR, MINUTE_MS as MINUTE } from "../../workers/runtime/constants.ts";
import type { DomainTokens, Stats } from "../../workers/schemas/api/compat.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import { streamOf, type ExchangeOptions, messageRequest, jsonResponse } from "../support/exchanges.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { apiJson, store } from "../support/worker-api.ts";

const T = Date.UTC(2026, 10, 22, 12);
const iso = (at: number) => encodeURIComponent(new Date(at).toISOString());

beforeEach(resetDatabase);

/** An exchange of `input` and 3 output tokens. */
function used(startedAt: number, input: number, more: ExchangeOptions = {}): ExchangeOptions {
  const usage = { input_tokens: input, cache_read_input_tokens: 300, cache_creation_input_tokens: 100 };
  return { startedAt, responseBody: streamOf("x".repeat(12), usage), ...more };
}
const OUTPUT = Math.ceil(JSON.stringify([{ type: "text", text: "x".repeat(12) }]).length / 4);
const failed = (startedAt: number): ExchangeOptions => ({
  startedAt,
  ...jsonResponse(
    { type: "error", error: { type: "api_error", message: "x" } },
    { status: 500, durationMs: 500 },
  ),
});
const model = (name: string, more = {}) => ({ requestBody: messageRequest("x", { model: name, ...more }) });

describe("GET /api/stats", () => {
  const stats = (query = "") => apiJson<Stats>(`/api/stats${query}`);

  it("of nothing is nothing, not null and not NaN", async () => {
    expect(await stats()).toEqual({
      totalRequests: 0,
      totalTokens: 0,
      totalInputTokens: 0,
      totalOutputTokens: 0,
      totalCacheCreationTokens: 0,
      totalCacheReadTokens: 0,
      averageResponseTime: 0,
      errorCount: 0,
      activeDomains: 0,
      requestsByModel: {},
      requestsByType: {},
      costUsd: "0",
      unpricedCount: 0,
    });
  });

  it("sums requests, tokens, times, errors, models, types and domains", async () => {
    await store(
      used(T, 10),
      used(T + 7 * MINUTE, 20, { domain: "b.example", ...model("claude-haiku-4-5") }),
      failed(T + 20 * MINUTE),
    );
    await queryRows("UPDATE rollups SET cost_pico = 10000000001, unpriced_count = 0 WHERE input_tokens = 10");
    await queryRows("UPDATE rollups SET cost_pico = 0, unpriced_count = 1 WHERE input_tokens = 20");
    expect(await stats(`?since=${iso(T)}`)).toEqual({
      totalRequests: 3,
      totalTokens: 30 + 2 * OUTPUT,
      totalInputTokens: 30,
      totalOutputTokens: 2 * OUTPUT,
      totalCacheCreationTokens: 200,
      totalCacheReadTokens: 600,
      averageResponseTime: (1_500 + 1_500 + 500) / 3,
      errorCount: 1,
      activeDomains: 2,
      requestsByModel: { "claude-opus-5-5": 2, "claude-haiku-4-5": 1 },
      requestsByType: { query_evaluation: 3 },
      costUsd: "0.010000000001",
      unpricedCount: 1,
    });
    expect(await stats(`?since=${iso(T)}&domain=b.example`)).toMatchObject({
      totalRequests: 1,
      totalInputTokens: 20,
      activeDomains: 1,
      costUsd: null,
      unpricedCount: 1,
    });
    expect((await stats(`?since=${iso(T)}&domain=unknown.example`)).totalRequests).toBe(0);
  });

  it.each([0, 1, 90_000, 3 * MINUTE, 4 * MINUTE, 5 * MINUTE, 5 * MINUTE + 1, 12 * MINUTE])(
    "counts what started at or after any instant: %i ms into a rollup",
    async (offset) => {
      const starts = [0, 1, 2 * MINUTE, 4 * MINUTE, 5 * MINUTE, 9 * MINUTE, 30 * MINUTE].map((ms) => T + ms);
      await store(...starts.map((at) => used(at, 10)), failed(T + 4 * MINUTE));
      const wanted = starts.filter((at) => at >= T + offset).length;
      const sums = await stats(`?since=${iso(T + offset)}`);
      expect([sums.totalInputTokens, sums.errorCount]).toEqual([wanted * 10, offset <= 4 * MINUTE ? 1 : 0]);
      expect(sums.unpricedCount + Number(sums.costUsd !== null)).toBeGreaterThan(0);
    },
  );

  it("is of the last 24 hours by default", async () => {
    const now = Date.now();
    await store(used(now - DAY + MINUTE, 1), used(now - DAY - MINUTE, 2), used(now - MINUTE, 4));
    expect((await stats()).totalInputTokens).toBe(5);
  });

  it("takes names of models as they come", async () => {
    const names = ["__proto__", "<img src=x onerror=alert(1)>", "constructor", "'; drop table requests; --"];
    await store(...names.map((name, n) => used(T + n, 1, model(name))));
    const { requestsByModel } = await stats(`?since=${iso(T)}`);
    expect(new Set(Object.keys(requestsByModel))).toEqual(new Set(names));
  });
});

it("GET /token-stats is a map of domains, or one of them, or null", async () => {
  await store(
    used(T, 10),
    used(
      T + 400 * DAY,
      20,
      model("claude-opus-5-5", { system: ["a", "b"].map((text) => ({ type: "text", text })) }),
    ),
    used(T, 5, { domain: "b.example" }),
  );
  const all = await apiJson<Record<string, DomainTokens>>("/token-stats");
  expect(all).toEqual({
    "team.example": {
      inputTokens: 30,
      outputTokens: 2 * OUTPUT,
      cacheReadInputTokens: 600,
      cacheCreationInputTokens: 200,
      requestCount: 2,
      queryEvaluationCount: 1,
      inferenceCount: 1,
      toolCallCount: 0,
      costUsd: expect.stringMatching(/^0\.0\d+$/) as string,
      unpricedCount: 0,
      lastUpdated: new Date(T + 400 * DAY).toISOString(),
    },
    "b.example": expect.objectContaining({ requestCount: 1, inputTokens: 5 }) as DomainTokens,
  });
  expect(await apiJson("/token-stats?domain=b.example")).toEqual(all["b.example"]);
  expect(await apiJson("/token-stats?domain=unknown.example")).toBeNull();
});

describe("GET /api/overview", () => {
  const overview = (query = "") => apiJson<Overview>(`/api/overview${query}`);
  const period = (from: number, to: number) => `?from=${iso(from)}&to=${iso(to)}`;

  it("of nothing is nothing, hour by hour", async () => {
    const { totals, previous, series, bucketMs, domains } = await overview();
    expect(totals).toMatchObject({ requests: 0, costUsd: "0", cacheHitShare: null, firstByteP50Ms: null });
    expect(previous.requests).toBe(0);
    expect(bucketMs).toBe(HOUR);
    expect(series.length).toBeGreaterThanOrEqual(24);
    expect(series.length).toBeLessThanOrEqual(25);
    expect(series.every(({ requests }) => requests === 0)).toBe(true);
    expect(domains).toEqual([]);
  });

  it("sums a period and the one before, and shows its course without gaps", async () => {
    await store(
      used(T - DAY, 1_000),
      used(T + 10 * MINUTE, 10),
      used(T + 2 * HOUR, 20, { responseMetadata: { timeToFirstByteMs: 5_000, durationMs: 60_000 } }),
      failed(T + 23 * HOUR + 59 * MINUTE),
      used(T + DAY, 7_777),
    );
    const { totals, previous, series, ...rest } = await overview(period(T, T + DAY));
    expect(rest).toMatchObject({
      from: "2026-11-22T12:00:00.000Z",
      to: "2026-11-23T12:00:00.000Z",
      previousFrom: "2026-11-21T12:00:00.000Z",
      bucketMs: HOUR,
    });
    expect(totals).toMatchObject({
      requests: 3,
      errors: 1,
      inputTokens: 30,
      outputTokens: 2 * OUTPUT,
      totalTokens: 30 + 2 * OUTPUT,
      cacheReadInputTokens: 600,
      cacheCreationInputTokens: 200,
      cacheHitShare: 600 / 830,
    });
    expect(previous).toMatchObject({ requests: 1, inputTokens: 1_000 });
    expect(series).toHaveLength(24);
    expect(series.map(({ requests }) => requests)).toEqual([1, 0, 1, ...Array<number>(20).fill(0), 1]);
    expect(series.map(({ time }) => Date.parse(time))).toEqual(series.map((_, n) => T + n * HOUR));
    expect(totals.firstByteP50Ms).toBeGreaterThan(320);
    expect(totals.firstByteP95Ms).toBeGreaterThan(3_000);
    expect(totals.durationP95Ms).toBeGreaterThan(30_000);
    expect(series[2]?.firstByteP50Ms).toBeGreaterThan(3_000);
    expect(series[1]?.firstByteP50Ms).toBeNull();
  });

  it("names who was busiest, and takes every filter", async () => {
    await store(
      used(T, 1),
      used(T + 1, 2, { domain: "b.example", requestMetadata: { accountId: "acc_2" } }),
      used(T + 2, 4, {
        domain: "b.example",
        requestBody: messageRequest("quota", { model: "claude-haiku-4-5" }),
      }),
    );
    const all = await overview(period(T, T + HOUR));
    const short = (list: { requests: number; inputTokens: number }[]) =>
      list.map(({ requests, inputTokens, ...rest }) => [
        Object.values(rest).find((value) => typeof value === "string" && !/^[\d.]+$/.test(value)),
        requests,
        inputTokens,
      ]);
    expect(short(all.domains)).toEqual([
      ["b.example", 2, 6],
      ["team.example", 1, 1],
    ]);
    expect(short(all.accounts)).toEqual([
      ["acc_1", 2, 5],
      ["acc_2", 1, 2],
    ]);
    expect(short(all.models)).toEqual([
      ["claude-opus-5-5", 2, 3],
      ["claude-haiku-4-5", 1, 4],
    ]);
    expect(short(all.requestTypes)).toEqual([
      ["query_evaluation", 2, 3],
      ["quota", 1, 4],
    ]);
    for (const [filter, input] of [
      ["domain=b.example", 6],
      ["accountId=acc_2", 2],
      ["model=claude-haiku-4-5", 4],
      ["domain=b.example&accountId=acc_1", 4],
      ["domain=unknown.example", 0],
    ] as const)
      expect((await overview(`${period(T, T + HOUR)}&${filter}`)).totals.inputTokens, filter).toBe(input);
  });

  it.each([
    [HOUR, 5 * MINUTE, 12],
    [3 * HOUR, 5 * MINUTE, 36],
    [7 * DAY, HOUR, 168],
    [30 * DAY, DAY, 31],
  ])("has buckets that fit the period: %i ms", async (span, bucketMs, count) => {
    await store(used(T + span - MINUTE, 1), used(T, 2));
    const { series, ...rest } = await overview(period(T, T + span));
    expect([rest.bucketMs, series.length]).toEqual([bucketMs, count]);
    expect(series.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(3);
    expect(rest.totals.inputTokens).toBe(3);
  });
});
