/** Exchanges that were cut short or unrecorded, with late responses or hostile texts. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import {
  readAssistantMessage,
  readRequestBody,
  readResponseBody,
} from "../../workers/store/content/request-body.ts";
import { reader } from "../../workers/store/db/db.ts";
import {
  messageStream,
  exchangeMessage,
  makeExchange,
  type TestExchange,
  messageRequest,
} from "../support/exchanges.ts";
import {
  countedExchanges,
  deliver,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  storedRow,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";

beforeEach(resetStorage);

const rollups = () =>
  queryRows(
    "SELECT outcome, account_id, requests::int, errors::int, input_tokens::int, duration_ms, duration_histogram FROM rollups ORDER BY outcome",
  );
const once = (position: number) => Array.from({ length: 24 }, (_, i) => (i === position ? 1 : 0));
const never = new Array<number>(24).fill(0);
const fromSweep = (exchange: TestExchange) => ({
  body: exchangeMessage(exchange, { rungBy: "sweep", domain: "" }),
});

describe("an exchange whose end was not seen", () => {
  const interrupted = async () => {
    const exchange = makeExchange({
      requestMetadata: { accountId: null, credentialType: "passthrough" },
      responseMetadata: {
        headers: { "content-type": "text/event-stream", "anthropic-organization-id": "org_9" },
      },
    });
    await journal(env.JOURNAL, exchange, ["request"]);
    expect((await deliver([fromSweep(exchange)])).acks).toEqual([0]);
    return exchange;
  };

  it("is stored as interrupted with the known metadata", async () => {
    const { id } = await interrupted();
    expect(await storedRow(id)).toMatchObject({
      outcome: "interrupted",
      status: null,
      durationMs: null,
      inputTokens: null,
      usagePartial: true,
      model: "claude-opus-5-5",
      accountId: "team.example",
    });
    expect(await rollups()).toMatchObject([
      { outcome: "interrupted", requests: 1, errors: 1, input_tokens: 0, duration_histogram: never },
    ]);
    expect(await journalContents()).toEqual([]);
  });

  it("is completed when its response comes later, rollups included", async () => {
    const exchange = await interrupted();
    await journal(env.JOURNAL, exchange, ["response"]);
    for (let n = 0; n < 3; n++)
      expect(await deliver([{ body: exchangeMessage(exchange) }])).toEqual({ acks: [0], retries: {} });
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({
      outcome: "complete",
      status: 200,
      durationMs: 1_500,
      inputTokens: 12,
      usagePartial: false,
      accountId: "org_9",
      bodyKind: "json",
    });
    const db = reader(loadConfig(env));
    expect(await readRequestBody(db, row)).toEqual(exchange.request.body);
    expect(await readResponseBody(db, row)).toEqual(exchange.response.body);
    expect(await readAssistantMessage(db, row)).not.toBeNull();
    expect(await rollups()).toEqual([
      {
        outcome: "complete",
        account_id: "org_9",
        requests: 1,
        errors: 0,
        input_tokens: 12,
        duration_ms: 1_500,
        duration_histogram: once(9),
      },
    ]);
    expect(await journalContents()).toEqual([]);
  });

  it("of another endpoint than messages has no partial usage, whenever its response comes", async () => {
    const exchange = makeExchange({
      requestMetadata: { path: "/v1/messages/count_tokens" },
      responseBody: "",
      responseMetadata: { outcome: "client_gone", headers: { "content-type": "application/json" } },
    });
    await journal(env.JOURNAL, exchange, ["request"]);
    await deliver([fromSweep(exchange)]);
    expect(await storedRow(exchange.id)).toMatchObject({ outcome: "interrupted", usagePartial: false });
    await journal(env.JOURNAL, exchange, ["response"]);
    await deliver([{ body: exchangeMessage(exchange) }]);
    expect(await storedRow(exchange.id)).toMatchObject({ outcome: "client_gone", usagePartial: false });
  });

  it("is completed once by several concurrent consumers", async () => {
    const exchange = await interrupted();
    await journal(env.JOURNAL, exchange, ["response"]);
    await Promise.all(
      Array.from({ length: 5 }, () => deliver([{ body: exchangeMessage(exchange) }, fromSweep(exchange)])),
    );
    expect(await rollups()).toMatchObject([{ outcome: "complete", requests: 1, input_tokens: 12 }]);
  });

  it("does not lose a response that arrives while it is being stored", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange, ["request"]);
    let isWritten = false;
    const JOURNAL = new Proxy(env.JOURNAL, {
      get(bucket, name: keyof R2Bucket) {
        if (name !== "delete") return (bucket[name] as (...args: unknown[]) => unknown).bind(bucket);
        return async (keys: string | string[]) => {
          if (!isWritten) await journal(env.JOURNAL, exchange, ["response"]);
          isWritten = true;
          await bucket.delete(keys);
        };
      },
    });
    await deliver([fromSweep(exchange)], { bindings: { JOURNAL } });
    expect(await journalContents()).toEqual([`${exchange.id} response`]);
    await deliver([{ body: exchangeMessage(exchange) }]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
  });

  it("is unchanged by a second message without a response", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange);
    await deliver([{ body: exchangeMessage(exchange) }]);
    await journal(env.JOURNAL, exchange, ["request"]);
    await deliver([fromSweep(exchange)]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await countedExchanges()).toBe(1);
  });
});

describe("an exchange that R2 did not take", () => {
  const nothing = { recorded: "none" as const, bytes: 0, sha256: null };

  it("is stored from the metadata in its message, as unrecorded", async () => {
    const exchange = makeExchange();
    const { request, response } = exchange;
    const notification = exchangeMessage(exchange, {
      request: { ...request.metadata, body: { ...nothing, bytes: 4_000 } },
      response: { ...response.metadata, body: nothing },
    });
    expect(await deliver([{ body: notification }, { body: notification }])).toEqual({
      acks: [0, 1],
      retries: {},
    });
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome: "unrecorded", status: 200, bodyKind: "none", bodyBytes: 4_000 });
    expect(row).toMatchObject({ model: null, requestType: "query_evaluation", usagePartial: true });
    expect(await readRequestBody(reader(loadConfig(env)), row)).toBeNull();
    expect(await countedExchanges()).toBe(1);
  });

  it("except for its request keeps the request", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange, ["request"]);
    const response = { ...exchange.response.metadata, body: nothing };
    await deliver([{ body: exchangeMessage(exchange, { response }) }]);
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome: "unrecorded", status: 200, model: "claude-opus-5-5" });
    expect(await readRequestBody(reader(loadConfig(env)), row)).toEqual(exchange.request.body);
    expect(await journalContents()).toEqual([]);
  });

  it("according to its message is recorded when the journal has it", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange);
    const { metadata } = exchange.response;
    await deliver([
      { body: exchangeMessage(exchange, { response: { ...metadata, outcome: "unrecorded" } }) },
    ]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
  });

  it.each([
    ["both parts are", ["request", "response"], "complete"],
    ["only its request is", ["request"], "unrecorded"],
  ] as const)("gets its request's body too when %s found later", async (_, parts, outcome) => {
    const exchange = makeExchange();
    const { request, response } = exchange;
    const notification = exchangeMessage(exchange, {
      request: { ...request.metadata, body: { ...nothing, bytes: request.body.length } },
      response: { ...response.metadata, body: nothing },
    });
    await deliver([{ body: notification }]);
    await journal(env.JOURNAL, exchange, [...parts]);
    for (let n = 0; n < 2; n++) expect((await deliver([fromSweep(exchange)])).acks).toEqual([0]);
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome, bodyKind: "json", model: "claude-opus-5-5", messageCount: 1 });
    const db = reader(loadConfig(env));
    expect(await readRequestBody(db, row)).toEqual(request.body);
    if (outcome === "complete") expect(await readResponseBody(db, row)).toEqual(response.body);
    expect(await rollups()).toMatchObject([{ outcome, requests: 1 }]);
    expect(await journalContents()).toEqual([]);
  });

  it("is completed when its response is found later", async () => {
    const exchange = makeExchange();
    await journal(env.JOURNAL, exchange, ["request"]);
    const response = { ...exchange.response.metadata, body: nothing };
    await deliver([{ body: exchangeMessage(exchange, { response }) }]);
    await journal(env.JOURNAL, exchange, ["response"]);
    await deliver([fromSweep(exchange)]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await rollups()).toMatchObject([{ outcome: "complete", requests: 1, input_tokens: 12 }]);
  });
});

describe("a response that was cut short", () => {
  it("keeps what arrived and marks its usage as partial", async () => {
    const whole = messageStream("A long story that nobody waited for.");
    const responseBody = whole.slice(0, whole.indexOf("event: content_block_stop"));
    for (const outcome of ["client_gone", "upstream_failed"] as const) {
      const exchange = makeExchange({ responseBody, responseMetadata: { outcome } });
      await journal(env.JOURNAL, exchange);
      await deliver([{ body: exchangeMessage(exchange) }]);
      expect(await storedRow(exchange.id)).toMatchObject({ outcome, usagePartial: true, inputTokens: 12 });
    }
  });

  it("keeps the error message, upstream's or the proxy's", async () => {
    const refused = makeExchange({
      responseBody:
        '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_5"}',
      responseMetadata: { status: 529, headers: { "content-type": "application/json" } },
    });
    const ours = makeExchange({
      responseBody: "",
      responseMetadata: { status: 502, errorType: "api_error", outcome: "upstream_failed", headers: {} },
    });
    for (const exchange of [refused, ours]) await journal(env.JOURNAL, exchange);
    await deliver([{ body: exchangeMessage(refused) }, { body: exchangeMessage(ours) }]);
    expect(await storedRow(refused.id)).toMatchObject({
      status: 529,
      errorType: "overloaded_error",
      errorMessage: "Overloaded",
      upstreamRequestId: "req_5",
    });
    expect(await storedRow(ours.id)).toMatchObject({ status: 502, errorType: "api_error" });
    expect(await rollups()).toMatchObject([{ errors: 1 }, { errors: 1 }]);
  });
});

describe("texts that Postgres rejects", () => {
  it("are sanitised in every column", async () => {
    const nul = "a\0b\ud800c";
    const content = [
      { type: "tool_use", id: "t", name: nul, input: { [nul]: nul } },
      { type: "text", text: nul },
    ];
    const usage = { input_tokens: 1, [nul]: nul, server_tool_use: { [nul]: 3 } };
    const exchange = makeExchange({
      domain: "team\0.example",
      requestBody: messageRequest(nul, {
        model: nul,
        metadata: { user_id: nul },
        system: nul,
        tools: [{ name: nul }],
      }),
      responseBody: JSON.stringify({
        type: "message",
        role: "assistant",
        model: nul,
        content,
        stop_reason: nul,
        usage,
        request_id: nul,
      }),
      requestMetadata: {
        path: `/v1/messages`,
        query: `?${nul}`,
        method: `PO${nul}ST`,
        accountId: nul,
        headers: { "x-claude-code-session-id": nul, "user-agent": nul },
      },
      responseMetadata: {
        errorType: nul,
        headers: { "content-type": "application/json", "request-id": nul, "anthropic-ratelimit-a": nul },
      },
    });
    const refused = makeExchange({
      responseBody: JSON.stringify({ type: "error", error: { type: nul, message: nul.repeat(10_000) } }),
      responseMetadata: { status: 400, headers: { "content-type": "application/json" } },
    });
    for (const each of [exchange, refused]) await journal(env.JOURNAL, each);
    const delivered = await deliver([
      { body: exchangeMessage(exchange) },
      { body: exchangeMessage(refused) },
    ]);
    expect(delivered).toEqual({ acks: [0, 1], retries: {} });
    const row = await storedRow(exchange.id);
    const db = reader(loadConfig(env));
    expect(await readRequestBody(db, row)).toEqual(exchange.request.body);
    expect(await readResponseBody(db, row)).toEqual(exchange.response.body);
    expect((await storedRow(refused.id)).errorMessage!.length).toBeLessThanOrEqual(500);
  });

  it("are truncated where they are too long", async () => {
    const long = "x".repeat(100_000);
    const exchange = makeExchange({
      requestBody: messageRequest("Hello", { model: long }),
      requestMetadata: { path: `/v1/${long}`, query: `?${long}`, method: long },
      responseMetadata: { errorType: long, headers: { "request-id": long } },
    });
    await journal(env.JOURNAL, exchange);
    expect((await deliver([{ body: exchangeMessage(exchange) }])).acks).toEqual([0]);
    const row = await storedRow(exchange.id);
    for (const text of [row.model, row.path, row.query, row.method, row.errorType, row.upstreamRequestId])
      expect(text!.length).toBeLessThanOrEqual(2_000);
  });
});
