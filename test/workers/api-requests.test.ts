/** The list of exchanges: every filter, every page, every field. */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import {
  errorResponse,
  streamOf,
  makeExchange,
  type TestExchange,
  messageRequest,
} from "../support/exchanges.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { allPages, apiJson, columns, apiError, store } from "../support/worker-api.ts";

const T = Date.UTC(2026, 10, 22, 12);
const list = (query = "") => apiJson<RequestList>(`/api/requests${query}`);
const at = (milliseconds: number) => encodeURIComponent(new Date(milliseconds).toISOString());

/** An exchange that ended with this status. */
const failing = (status: number, startedAt = T) => ({
  startedAt,
  ...errorResponse(status, "overloaded_error", `no (${status})`),
});

describe("filters", () => {
  let made: Record<string, TestExchange>;
  const named = async (query: string) => {
    const ids = new Map(Object.entries(made).map(([name, { id }]) => [id, name]));
    return (await list(query)).requests.map(({ requestId }) => ids.get(requestId));
  };

  beforeAll(async () => {
    await resetDatabase();
    const user_id = JSON.stringify({ session_id: "5e551011-0000-4000-8000-000000000001" });
    const haiku = messageRequest("x", { model: "claude-haiku-4-5" });
    const other = { domain: "other.example", requestMetadata: { accountId: "acc_2" } };
    made = {
      plain: makeExchange({ startedAt: T }),
      haiku: makeExchange({ startedAt: T + 1_000, requestBody: haiku }),
      other: makeExchange({ startedAt: T + 2_000, ...other }),
      limited: makeExchange(failing(429, T + 3_000)),
      overloaded: makeExchange(failing(529, T + 4_000)),
      gone: makeExchange({
        startedAt: T + 5_000,
        responseBody: "",
        responseMetadata: { outcome: "client_gone", status: null, timeToFirstByteMs: null },
      }),
      quota: makeExchange({ startedAt: T + 6_000, requestBody: messageRequest("quota") }),
      session: makeExchange({
        startedAt: T + 7_000,
        requestBody: messageRequest("x", { metadata: { user_id } }),
      }),
    };
    await store(...Object.values(made));
  });

  it.each([
    ["", ["session", "quota", "gone", "overloaded", "limited", "other", "haiku", "plain"]],
    ["?domain=other.example", ["other"]],
    ["?domain=Other.Example", ["other"]],
    ["?domain=unknown.example", []],
    ["?accountId=acc_2", ["other"]],
    ["?model=claude-haiku-4-5", ["haiku"]],
    ["?requestType=quota", ["quota"]],
    ["?status=429", ["limited"]],
    ["?status=4xx", ["limited"]],
    ["?status=5XX", ["overloaded"]],
    ["?status=529", ["overloaded"]],
    ["?status=2xx&accountId=acc_1&requestType=query_evaluation", ["session", "haiku", "plain"]],
    ["?status=200&domain=other.example", ["other"]],
    ["?status=3xx", []],
    ["?outcome=client_gone", ["gone"]],
    ["?outcome=interrupted", []],
    [`?from=${at(T + 3_000)}&to=${at(T + 5_000)}`, ["overloaded", "limited"]],
    ["?from=2026-11-23", []],
    ["?to=2026-11-22", []],
    [`?from=${encodeURIComponent("2026-11-22T13:00:05+01:00")}`, ["session", "quota", "gone"]],
    ["?sessionId=5e551011-0000-4000-8000-000000000001", ["session"]],
    ["?conversationId=019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071", []],
    ["?domain=&accountId=&model=&status=&outcome=&from=&to=&cursor=&limit=1&offset=", ["session"]],
  ])("%s", async (query, expected) => {
    expect(await named(query)).toEqual(expected);
  });

  it.each(["0x10", "1e1", "%201", "1.0", "+1", "١", "501", "0", "-1"])(
    "limit=%s is refused",
    async (limit) => {
      const { status, code, details } = await apiError(`/api/requests?limit=${limit}`);
      expect([status, code]).toEqual([400, "invalid_request"]);
      expect(JSON.stringify(details)).toContain("a whole number from 1 to 500");
    },
  );

  it.each(["o'ther.example", '" or 1=1 --', "<script>", "🦊", "__proto__", "a".repeat(255)])(
    "malicious names are accepted as filters: %s",
    async (name) => {
      for (const filter of ["domain", "sessionId"])
        expect((await list(`?${filter}=${encodeURIComponent(name.slice(0, 200))}`)).requests).toEqual([]);
    },
  );
});

describe("a row", () => {
  it("has every field, null where nothing is known", async () => {
    await resetDatabase();
    const usage = { input_tokens: 12, cache_read_input_tokens: 1_000, cache_creation_input_tokens: 50 };
    const [made] = await store({
      startedAt: T,
      responseBody: streamOf("Well.", usage),
      responseMetadata: { upstreamAttempts: 2 },
    });
    const [row] = (await list()).requests;
    expect(row).toMatchObject({
      requestId: made!.id,
      domain: "team.example",
      accountId: "acc_1",
      timestamp: "2026-11-22T12:00:00.000Z",
      model: "claude-opus-5-5",
      requestType: "query_evaluation",
      responseStatus: 200,
      outcome: "complete",
      error: null,
      inputTokens: 12,
      outputTokens: 8,
      totalTokens: 20,
      cacheReadInputTokens: 1_000,
      durationMs: 1_500,
      timeToFirstByteMs: 420,
      upstreamRequestId: `req_${made!.id.slice(0, 8)}`,
      upstreamAttempts: 2,
      isSubtask: false,
      agentId: null,
      parentTaskRequestId: null,
    });
    expect(JSON.stringify(row)).not.toMatch(/How are you|Well\./);
  });

  it("of a failure has its error", async () => {
    await resetDatabase();
    await store(failing(529));
    expect((await list()).requests[0]).toMatchObject({
      responseStatus: 529,
      error: "no (529)",
      errorType: "overloaded_error",
      inputTokens: null,
      totalTokens: null,
      costUsd: "0",
    });
  });

  it("has its cost as an exact decimal", async () => {
    await resetDatabase();
    await store({ startedAt: T }, { startedAt: T + 1 });
    const costs = "CASE WHEN started_at > $1 THEN 123456789012345678901 ELSE 6180000000 END";
    await queryRows(`UPDATE requests SET cost_pico = ${costs}`, [new Date(T)]);
    const { requests } = await list();
    expect(columns(requests, "costUsd").flat()).toEqual(["123456789.012345678901", "0.00618"]);
  });
});

describe("pages", () => {
  beforeEach(resetDatabase);
  const rows = (count: number, start = T) =>
    // Three to a millisecond: the order among equals is by id.
    Array.from({ length: count }, (_, n) => makeExchange({ startedAt: start + Math.floor(n / 3) }));
  const newestFirst = (made: TestExchange[]) =>
    made
      .map(({ id }) => id)
      .sort()
      .reverse();

  it("follow each other without gap or repetition while new exchanges come in", async () => {
    const made = await store(...rows(20));
    let stored = 0;
    const pages = await allPages<RequestList>("/api/requests?limit=6", () =>
      store({ startedAt: T + 60_000 + stored++ }),
    );
    const seen = pages.flatMap(({ requests }) => columns(requests, "requestId").flat());
    expect(seen).toEqual(newestFirst(made));
    for (const { pagination, nextCursor } of pages)
      expect(pagination).toEqual({ total: null, limit: 6, offset: null, hasMore: nextCursor !== null });
    expect(pages).toHaveLength(4);
  });

  it("end with a null cursor also where the last one is full", async () => {
    await store(...rows(4));
    const first = await list("?limit=2");
    const second = await list(`?limit=2&cursor=${first.nextCursor}`);
    expect([second.requests.length, second.nextCursor, second.pagination.hasMore]).toEqual([2, null, false]);
    expect((await list("?limit=4")).nextCursor).toBeNull();
  });

  it("by offset have the total of the filtered exchanges", async () => {
    const made = await store(...rows(7), { startedAt: T, domain: "other.example" });
    const page = await list("?domain=team.example&limit=3&offset=3");
    expect(columns(page.requests, "requestId").flat()).toEqual(newestFirst(made.slice(0, 7)).slice(3, 6));
    expect(page.pagination).toEqual({ total: 7, limit: 3, offset: 3, hasMore: true });
    expect((await list("?offset=0")).pagination).toMatchObject({ total: 8, offset: 0, hasMore: false });
    expect((await list("?offset=100")).pagination.total).toBe(8);
    expect((await list(`?limit=3&cursor=${page.nextCursor}&domain=team.example`)).requests).toHaveLength(1);
  });

  it("are by cursor or by offset, not both", async () => {
    await store(...rows(3));
    const { nextCursor } = await list("?limit=1");
    const { details } = await apiError(`/api/requests?cursor=${nextCursor}&offset=1`);
    expect(details[0]?.parameter).toBe("offset");
  });

  it("are of a hundred by default", async () => {
    expect((await list()).pagination).toEqual({ total: null, limit: 100, offset: null, hasMore: false });
  });
});
