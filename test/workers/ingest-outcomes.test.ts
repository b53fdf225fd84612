/** Exchanges that were cut short or unrecorded, with late responses or hostile texts. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { readAssistantMessage } from "../../workers/store/content/request-body.ts";
import { reader } from "../../workers/store/db/db.ts";
import {
  messageStream,
  makeExchange,
  type TestExchange,
  messageRequest,
  notRecorded,
  jsonResponse,
  errorResponse,
} from "../support/exchanges.ts";
import {
  countedExchanges,
  deliver,
  resetStorage,
  journal,
  journalContents,
  storedOutcomes,
  storedRow,
  messageOf,
  sweptMessage,
  ACKNOWLEDGED,
  ingest,
  storage,
  storedBodies,
  bodiesOf,
  journalWith,
} from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";

beforeEach(resetStorage);

const rollups = () =>
  queryRows(
    "SELECT outcome, account_id, requests::int, errors::int, input_tokens::int, duration_ms, duration_histogram FROM rollups ORDER BY outcome",
  );
const once = (position: number) => Array.from({ length: 24 }, (_, i) => (i === position ? 1 : 0));
const never = new Array<number>(24).fill(0);

describe("an exchange whose end was not seen", () => {
  const interrupted = async () => {
    const requestMetadata = { accountId: null, credentialType: "passthrough" as const };
    const headers = { "content-type": "text/event-stream", "anthropic-organization-id": "org_9" };
    const made = makeExchange({ requestMetadata, responseMetadata: { headers } });
    const exchange = await journal(made, ["request"]);
    expect((await deliver([sweptMessage(exchange)])).acks).toEqual([0]);
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
    await journal(exchange, ["response"]);
    for (let n = 0; n < 3; n++) expect(await deliver([messageOf(exchange)])).toEqual(ACKNOWLEDGED);
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
    expect(await storedBodies(row)).toEqual(bodiesOf(exchange));
    expect(await readAssistantMessage(reader(loadConfig(env)), row)).not.toBeNull();
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
    const requestMetadata = { path: "/v1/messages/count_tokens" };
    const made = makeExchange({ requestMetadata, ...jsonResponse("", { outcome: "client_gone" }) });
    const exchange = await journal(made, ["request"]);
    await deliver([sweptMessage(exchange)]);
    expect(await storedRow(exchange.id)).toMatchObject({ outcome: "interrupted", usagePartial: false });
    await journal(exchange, ["response"]);
    await deliver([messageOf(exchange)]);
    expect(await storedRow(exchange.id)).toMatchObject({ outcome: "client_gone", usagePartial: false });
  });

  it("is completed once by several concurrent consumers", async () => {
    const exchange = await interrupted();
    await journal(exchange, ["response"]);
    await Promise.all(
      Array.from({ length: 5 }, () => deliver([messageOf(exchange), sweptMessage(exchange)])),
    );
    expect(await rollups()).toMatchObject([{ outcome: "complete", requests: 1, input_tokens: 12 }]);
  });

  it("does not lose a response that arrives while it is being stored", async () => {
    const exchange = await journal(makeExchange(), ["request"]);
    let isWritten = false;
    const bindings = journalWith({
      delete: async (keys: string | string[]) => {
        if (!isWritten) await journal(exchange, ["response"]);
        isWritten = true;
        await env.JOURNAL.delete(keys);
      },
    });
    await deliver([sweptMessage(exchange)], { bindings });
    expect(await journalContents()).toEqual([`${exchange.id} response`]);
    await deliver([messageOf(exchange)]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
  });

  it("is unchanged by a second message without a response", async () => {
    const exchange = makeExchange();
    await ingest(exchange);
    await journal(exchange, ["request"]);
    await deliver([sweptMessage(exchange)]);
    expect(await storage()).toMatchObject({ rows: [{ id: exchange.id, outcome: "complete" }], counted: 1 });
  });
});

describe("an exchange that R2 did not take", () => {
  const unrecorded = (exchange: TestExchange, bytes: number) =>
    messageOf(exchange, {
      request: { ...exchange.request.metadata, body: notRecorded(bytes) },
      response: { ...exchange.response.metadata, body: notRecorded() },
    });

  it("is stored from the metadata in its message, as unrecorded", async () => {
    const exchange = makeExchange();
    const notification = unrecorded(exchange, 4_000);
    expect(await deliver([notification, notification])).toEqual({ acks: [0, 1], retries: {} });
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome: "unrecorded", status: 200, bodyKind: "none", bodyBytes: 4_000 });
    expect(row).toMatchObject({ model: null, requestType: "query_evaluation", usagePartial: true });
    expect((await storedBodies(row)).request).toBeNull();
    expect(await countedExchanges()).toBe(1);
  });

  it("except for its request keeps the request", async () => {
    const exchange = await journal(makeExchange(), ["request"]);
    const response = { ...exchange.response.metadata, body: notRecorded() };
    await deliver([messageOf(exchange, { response })]);
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome: "unrecorded", status: 200, model: "claude-opus-5-5" });
    expect((await storedBodies(row)).request).toEqual(exchange.request.body);
    expect(await journalContents()).toEqual([]);
  });

  it("according to its message is recorded when the journal has it", async () => {
    const exchange = await journal(makeExchange());
    const { metadata } = exchange.response;
    await deliver([messageOf(exchange, { response: { ...metadata, outcome: "unrecorded" } })]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
  });

  it.each([
    ["both parts are", ["request", "response"], "complete"],
    ["only its request is", ["request"], "unrecorded"],
  ] as const)("gets its request's body too when %s found later", async (_, parts, outcome) => {
    const exchange = makeExchange();
    const { request, response } = exchange;
    await deliver([unrecorded(exchange, request.body.length)]);
    await journal(exchange, [...parts]);
    for (let n = 0; n < 2; n++) expect((await deliver([sweptMessage(exchange)])).acks).toEqual([0]);
    const row = await storedRow(exchange.id);
    expect(row).toMatchObject({ outcome, bodyKind: "json", model: "claude-opus-5-5", messageCount: 1 });
    const bodies = await storedBodies(row);
    expect(bodies.request).toEqual(request.body);
    if (outcome === "complete") expect(bodies.response).toEqual(response.body);
    expect(await rollups()).toMatchObject([{ outcome, requests: 1 }]);
    expect(await journalContents()).toEqual([]);
  });

  it("is completed when its response is found later", async () => {
    const exchange = await journal(makeExchange(), ["request"]);
    const response = { ...exchange.response.metadata, body: notRecorded() };
    await deliver([messageOf(exchange, { response })]);
    await journal(exchange, ["response"]);
    await deliver([sweptMessage(exchange)]);
    expect(await storedOutcomes()).toEqual([{ id: exchange.id, outcome: "complete" }]);
    expect(await rollups()).toMatchObject([{ outcome: "complete", requests: 1, input_tokens: 12 }]);
  });
});

describe("a response that was cut short", () => {
  it("keeps what arrived and marks its usage as partial", async () => {
    const whole = messageStream("A long story.");
    const responseBody = whole.slice(0, whole.indexOf("event: content_block_stop"));
    for (const outcome of ["client_gone", "upstream_failed"] as const) {
      const exchange = makeExchange({ responseBody, responseMetadata: { outcome } });
      await ingest(exchange);
      expect(await storedRow(exchange.id)).toMatchObject({ outcome, usagePartial: true, inputTokens: 12 });
    }
  });

  it("keeps the error message, upstream's or the proxy's", async () => {
    const error = { type: "overloaded_error", message: "Overloaded" };
    const refused = makeExchange(
      jsonResponse({ type: "error", error, request_id: "req_5" }, { status: 529 }),
    );
    const ours = makeExchange({
      responseBody: "",
      responseMetadata: { status: 502, errorType: "api_error", outcome: "upstream_failed", headers: {} },
    });
    for (const exchange of [refused, ours]) await journal(exchange);
    await deliver([messageOf(refused), messageOf(ours)]);
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
    const names = { model: nul, system: nul, stop_reason: nul, request_id: nul };
    const exchange = makeExchange({
      domain: "team\0.example",
      requestBody: messageRequest(nul, { ...names, metadata: { user_id: nul }, tools: [{ name: nul }] }),
      responseBody: JSON.stringify({ type: "message", role: "assistant", content, usage, ...names }),
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
    const refused = makeExchange(errorResponse(400, nul, nul.repeat(10_000)));
    for (const each of [exchange, refused]) await journal(each);
    const delivered = await deliver([messageOf(exchange), messageOf(refused)]);
    expect(delivered).toEqual({ acks: [0, 1], retries: {} });
    expect(await storedBodies(await storedRow(exchange.id))).toEqual(bodiesOf(exchange));
    expect((await storedRow(refused.id)).errorMessage!.length).toBeLessThanOrEqual(500);
  });

  it("are truncated where they are too long", async () => {
    const long = "x".repeat(100_000);
    const exchange = makeExchange({
      requestBody: messageRequest("Hello", { model: long }),
      requestMetadata: { path: `/v1/${long}`, query: `?${long}`, method: long },
      responseMetadata: { errorType: long, headers: { "request-id": long } },
    });
    expect((await ingest(exchange)).acks).toEqual([0]);
    const row = await storedRow(exchange.id);
    for (const text of [row.model, row.path, row.query, row.method, row.errorType, row.upstreamRequestId])
      expect(text!.length).toBeLessThanOrEqual(2_000);
  });
});
