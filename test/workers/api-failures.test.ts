/** `/api/errors`: every failed exchange once, whatever groups it, with the newest of each kind. */
import { beforeAll, describe, expect, it } from "vitest";
import { HOUR_MS as HOUR, MINUTE_MS as MINUTE } from "../../workers/runtime/constants.ts";
import type { Errors } from "../../workers/schemas/api/failures.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import {
  type ExchangeOptions,
  type TestExchange,
  messageRequest,
  jsonResponse,
} from "../support/exchanges.ts";
import { apiJson, store, columns } from "../support/worker-api.ts";
import { resetDatabase } from "../support/worker-database.ts";

const T = Date.UTC(2026, 10, 22, 12);
const iso = (at: number) => encodeURIComponent(new Date(at).toISOString());
const PERIOD = `from=${iso(T)}&to=${iso(T + 24 * HOUR)}`;
const errors = (query = "") => apiJson<Errors>(`/api/errors?${PERIOD}${query}`);

const failed = (minutes: number, status: number, type: string, more: ExchangeOptions = {}) => ({
  startedAt: T + minutes * MINUTE,
  ...jsonResponse(
    { type: "error", error: { type, message: `${type} <b>${minutes}</b>` } },
    { status, errorType: type },
  ),
  ...more,
});
const haiku = { requestBody: messageRequest("x", { model: "claude-haiku-4-5" }) };

let made: TestExchange[];
beforeAll(async () => {
  await resetDatabase();
  made = await store(
    { startedAt: T },
    failed(1, 529, "overloaded_error"),
    failed(70, 529, "overloaded_error", { domain: "b.example", ...haiku }),
    failed(71, 529, "overloaded_error"),
    failed(72, 429, "rate_limit_error", { domain: "b.example", requestMetadata: { accountId: "acc_2" } }),
    failed(73, 400, "invalid_request_error"),
    // No response at all, one that broke off after its status, and a client that disconnected.
    {
      startedAt: T + 74 * MINUTE,
      responseBody: "",
      responseMetadata: { outcome: "upstream_failed", status: null, timeToFirstByteMs: null },
    },
    { startedAt: T + 75 * MINUTE, responseMetadata: { outcome: "upstream_failed" } },
    { startedAt: T + 76 * MINUTE, responseMetadata: { outcome: "client_gone" } },
    failed(24 * 60, 500, "api_error"),
  );
});

describe("what went wrong", () => {
  it("is listed by kind, the most frequent first, with the newest of each", async () => {
    const { total, requests, types } = await errors();
    expect([total, requests]).toEqual([7, 9]);
    expect(columns(types, "errorType", "status", "outcome", "count")).toEqual([
      ["overloaded_error", 529, "complete", 3],
      [null, 200, "upstream_failed", 1],
      [null, null, "upstream_failed", 1],
      ["invalid_request_error", 400, "complete", 1],
      ["rate_limit_error", 429, "complete", 1],
    ]);
    expect(types[0]?.latest).toEqual({
      requestId: made[3]!.id,
      timestamp: new Date(T + 71 * MINUTE).toISOString(),
      domain: "team.example",
      model: "claude-opus-5-5",
      message: "overloaded_error <b>71</b>",
    });
  });

  it("adds up to the same by status, domain, account, model and over time", async () => {
    const { total, bucketMs, series, ...parts } = await errors();
    for (const part of [parts.types, parts.statuses, parts.domains, parts.accounts, parts.models, series])
      expect(part.reduce((sum, { count }) => sum + count, 0)).toBe(total);
    expect(parts.statuses[0]).toEqual({ status: 529, count: 3 });
    expect(parts.domains).toEqual([
      { domain: "team.example", count: 5 },
      { domain: "b.example", count: 2 },
    ]);
    expect(parts.accounts).toEqual([
      { accountId: "acc_1", count: 6 },
      { accountId: "acc_2", count: 1 },
    ]);
    expect([bucketMs, series.length]).toEqual([HOUR, 24]);
    expect(series.map(({ count }) => count)).toEqual([1, 6, ...Array<number>(22).fill(0)]);
    expect(parts.refusedBy).toEqual({ upstream: 5, nexus: 0 });
    const overview = await apiJson<Overview>(`/api/overview?${PERIOD}`);
    expect(overview.totals.errors).toBe(total);
  });

  it("takes every filter, and is nothing where nothing went wrong", async () => {
    for (const [filter, total] of [
      ["&domain=B.example", 2],
      ["&accountId=acc_2", 1],
      ["&model=claude-haiku-4-5", 1],
      ["&errorType=overloaded_error", 3],
      ["&domain=b.example&errorType=overloaded_error", 1],
      ["&domain=unknown.example", 0],
    ] as const)
      expect((await errors(filter)).total, filter).toBe(total);
    expect((await errors("&limit=1")).types).toHaveLength(1);
    const quiet = await apiJson<Errors>(`/api/errors?from=${iso(T + 2 * HOUR)}&to=${iso(T + 3 * HOUR)}`);
    expect(quiet).toMatchObject({ total: 0, requests: 0, types: [], statuses: [], bucketMs: 5 * MINUTE });
    expect(quiet.series).toHaveLength(12);
  });
});
