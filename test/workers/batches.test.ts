/** Message batches: their results are priced once, at batch rates, whenever and however often they are downloaded. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type { RequestDetail, RequestList } from "../../workers/schemas/api/requests.ts";
import { jsonResponse, makeExchange, NOON, type TestExchange } from "../support/exchanges.ts";
import { apiJson, store } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage } from "../support/worker-ingest.ts";

beforeEach(resetStorage);

type Json = Record<string, unknown>;

const succeeded = (custom_id: string, model: string, usage: Json | undefined, more: Json = {}) =>
  JSON.stringify({
    custom_id,
    result: {
      type: "succeeded",
      message: {
        id: `msg_${custom_id}`,
        type: "message",
        role: "assistant",
        model,
        content: [{ type: "text", text: "Well." }],
        stop_reason: "end_turn",
        usage,
        ...more,
      },
    },
  });
const ended = (custom_id: string, type: string) =>
  JSON.stringify({ custom_id, result: { type, ...(type === "errored" && { error: { type: "error" } }) } });

/** (1000×4 + 100×20) ÷ 2 = 3000µ */
const OPUS = succeeded("a", "claude-opus-5-5", {
  input_tokens: 1_000,
  output_tokens: 100,
  service_tier: "batch",
});
/** (1000×1 + 200×5) ÷ 2 = 1000µ, although the tier is not reported. */
const HAIKU = succeeded("b", "claude-haiku-4-5-20251001", { input_tokens: 1_000, output_tokens: 200 });
const FREE = [ended("c", "errored"), ended("d", "expired"), ended("e", "canceled")];
const RESULTS = [OPUS, FREE[0]!, HAIKU, FREE[1]!, FREE[2]!].map((line) => `${line}\n`).join("");

interface Options {
  at?: number;
  batch?: string;
  domain?: string;
  exchangeId?: string;
  requests?: number;
}

const created = (
  { at = 0, batch = "msgbatch_1", domain = "team.example", requests = 1 }: Options = {},
  body = JSON.stringify({ id: batch, type: "message_batch" }),
  metadata: Json = {},
) =>
  makeExchange({
    startedAt: NOON + at * 1_000,
    domain,
    requestBody: {
      requests: Array.from({ length: requests }, (_, n) => ({
        custom_id: `${n}`,
        params: { model: "claude-opus-5-5", messages: [] },
      })),
    },
    requestMetadata: { path: "/v1/messages/batches" },
    ...asked(domain, "POST", "/v1/messages/batches", body, metadata),
  });

const downloaded = (
  results: string,
  { at = 60, batch = "msgbatch_1", domain = "team.example", ...metadata }: Options & Json = {},
) =>
  makeExchange({
    startedAt: NOON + at * 1_000,
    domain,
    requestBody: "",
    requestMetadata: { method: "GET", path: `/v1/messages/batches/${batch}/results` },
    ...asked(domain, "GET", `/v1/messages/batches/${batch}/results`, results, {
      headers: { "content-type": "application/x-jsonl" },
      ...metadata,
    }),
  });

function asked(domain: string, method: string, path: string, body: string, metadata: Json = {}) {
  const summary = { domain, accountId: "acc_1", credentialType: "api_key" as const, clientKeyId: null };
  return jsonResponse(body, { asked: { ...summary, method, path }, ...metadata });
}

const read = ({ id }: TestExchange) => apiJson<RequestDetail>(`/api/requests/${id}`);
const notesOf = async (exchange: TestExchange) =>
  (await read(exchange)).costBreakdown?.notes.map(({ code }) => code) ?? [];
/** From rollups; the period starts and ends with their buckets. */
const overview = (more = "") => {
  const [from, to] = [NOON - 3_600_000, NOON + 3_600_000].map((time) => new Date(time).toISOString());
  return apiJson<Overview>(`/api/overview?from=${from}&to=${to}${more}`);
};
async function money() {
  const { totals, models } = await overview();
  return {
    costUsd: totals.costUsd,
    unpriced: totals.unpricedCount,
    requests: totals.requests,
    models: Object.fromEntries(
      models
        .filter(({ requests, costUsd }) => requests > 0 || costUsd !== "0")
        .map((each) => [each.model, each.costUsd]),
    ),
  };
}
const BOTH = { "claude-opus-5-5": "0.003", "claude-haiku-4-5-20251001": "0.001" };

describe("the results of a batch", () => {
  it("are priced at half the rates, each under its model; the creation is pending until then", async () => {
    const [creation] = await store(created());
    expect(await read(creation!)).toMatchObject({ costUsd: null });
    expect(await notesOf(creation!)).toEqual(["batch_pending"]);
    expect(await money()).toMatchObject({ unpriced: 1, requests: 1 });

    const [download] = await store(downloaded(RESULTS));
    const detail = await read(download!);
    expect(detail).toMatchObject({ costUsd: "0.004", inputTokens: 2_000, outputTokens: 300 });
    expect(
      detail.costBreakdown!.lines.map(({ model, kind, quantity, rateUsd, costUsd }) => [
        model,
        kind,
        quantity,
        rateUsd,
        costUsd,
      ]),
    ).toEqual(
      [
        ["claude-opus-5-5", "input", 1_000, "2", "0.002"],
        ["claude-opus-5-5", "output", 100, "10", "0.001"],
        ["claude-haiku-4-5-20251001", "input", 1_000, "0.5", "0.0005"],
        ["claude-haiku-4-5-20251001", "output", 200, "2.5", "0.0005"],
      ].sort((a, b) => lineOrder(detail, a) - lineOrder(detail, b)),
    );
    expect(await notesOf(download!)).toEqual(["batch"]);
    expect(await read(creation!)).toMatchObject({ costUsd: "0" });
    expect(await notesOf(creation!)).toEqual(["batch_counted"]);
    expect(await money()).toMatchObject({ costUsd: "0.004", unpriced: 0, requests: 2, models: BOTH });
    for (const [model, costUsd] of Object.entries(BOTH)) {
      expect((await overview(`&model=${model}`)).totals).toMatchObject({ requests: 1, costUsd });
      const { requests } = await apiJson<RequestList>(`/api/requests?model=${model}`);
      expect(requests.map(({ requestId }) => requestId)).toEqual([download!.id]);
    }
    expect(await apiJson(`/api/stats?since=${new Date(NOON - 1_000).toISOString()}`)).toMatchObject({
      totalInputTokens: 2_000,
      costUsd: "0.004",
    });
    expect(await apiJson("/api/admin/reprice", { method: "POST", body: {} })).toMatchObject({ changed: 0 });
  });

  it("count once in any order, with any repetition, and cut off as far as they passed", async () => {
    const cut = RESULTS.slice(0, OPUS.length + 40);
    const creation = created();
    const downloads = [
      downloaded(cut, { at: 60, outcome: "client_gone" }),
      downloaded(RESULTS, { at: 70 }),
      downloaded(RESULTS, { at: 80 }),
    ];
    const all = [creation, ...downloads];
    for (const order of [
      all,
      all.toReversed(),
      [all[2]!, all[0]!, all[1]!, all[3]!],
      [all[1]!, all[3]!, all[0]!, all[2]!],
    ]) {
      await resetStorage();
      for (const exchange of [...order, ...order]) await store(exchange);
      expect(await money()).toMatchObject({ costUsd: "0.004", unpriced: 0, requests: 4, models: BOTH });
      expect(await notesOf(creation)).toEqual(["batch_counted"]);
      const costs = await Promise.all(downloads.map(async (each) => (await read(each)).costUsd));
      expect(costs.filter((cost) => cost !== "0").length).toBeGreaterThan(0);
    }
    await resetStorage();
    await store(...all);
    expect(await money(), "in one transaction").toMatchObject({ costUsd: "0.004", models: BOTH });
  });

  it.each([
    ["by the client", RESULTS.slice(0, OPUS.length + 40), { outcome: "client_gone" }],
    ["by upstream", RESULTS.slice(0, OPUS.length + 40), { outcome: "upstream_failed" }],
    ["in a line", RESULTS.slice(0, OPUS.length + 40), {}],
    [
      "after the recorded beginning",
      `${OPUS}\n`,
      { body: { recorded: "head", bytes: 40_000_000, sha256: null } },
    ],
  ])(
    "cut off %s leave the creation pending until they are downloaded to the end",
    async (_how, results, metadata) => {
      const [creation, first] = await store(created(), downloaded(results, metadata));
      expect(await read(first!)).toMatchObject({ costUsd: "0.003" });
      expect(await notesOf(creation!)).toEqual(["batch_pending"]);
      const [second] = await store(downloaded(RESULTS, { at: 90 }));
      expect(await read(first!)).toMatchObject({ costUsd: "0.003" });
      expect(await read(second!)).toMatchObject({ costUsd: "0.001", inputTokens: 1_000 });
      expect(await notesOf(creation!)).toEqual(["batch_counted"]);
      expect(await money()).toMatchObject({ costUsd: "0.004", unpriced: 0, models: BOTH });
    },
  );

  it("that end within a line have failed, however the transport ended", async () => {
    const [cut, whole] = await store(downloaded(RESULTS.slice(0, -20)), downloaded(RESULTS.trimEnd()));
    expect(await read(cut!)).toMatchObject({
      failed: true,
      outcome: "upstream_failed",
      errorType: "stream_ended_early",
    });
    expect(await read(whole!)).toMatchObject({ failed: false, outcome: "complete", errorType: null });
  });

  it.each([
    ["the request's", created({ requests: 5 })],
    [
      "the response's",
      created({}, JSON.stringify({ id: "msgbatch_1", request_counts: { processing: 4, succeeded: 1 } })),
    ],
  ])(
    "are all there when they are as many as the requests, by %s number, in any order",
    async (_, creation) => {
      const part = downloaded(`${OPUS}\n${OPUS}\n${FREE[0]}\n`);
      const all = downloaded(RESULTS, { at: 90 });
      for (const order of [
        [creation, part],
        [part, creation],
      ]) {
        await resetStorage();
        for (const exchange of order) await store(exchange);
        expect(await read(part)).toMatchObject({ costUsd: "0.003" });
        expect(await notesOf(creation)).toEqual(["batch_pending"]);
        expect(await money()).toMatchObject({ costUsd: "0.003", unpriced: 1 });
        await store(all);
        expect(await notesOf(creation)).toEqual(["batch_counted"]);
        await store(part);
        expect(await money()).toMatchObject({ costUsd: "0.004", unpriced: 0 });
      }
      await resetStorage();
      for (const exchange of [all, part, creation]) await store(exchange);
      expect(await notesOf(creation)).toEqual(["batch_counted"]);
    },
  );

  it.each<[string, string, Json, string | null]>([
    ["nothing", "", {}, "stream_ended_early"],
    ["a line feed", "\n", {}, "stream_ended_early"],
    ["a page", "<html></html>", { headers: { "content-type": "text/html" } }, "unexpected_response"],
    ["other JSON", '{"code":500}', {}, "stream_ended_early"],
    ["an error", '{"type":"error","error":{"type":"api_error"}}', {}, "api_error"],
    ["no content", "", { status: 204, headers: {} }, "unexpected_response"],
    ["a redirect", "", { status: 302, headers: {} }, "unexpected_response"],
    ["the range that was asked for", `${OPUS}\n`, { status: 206 }, null],
    ["what the client has already", "", { status: 304, headers: {} }, null],
  ])("are not counted by a download that is %s", async (_, body, metadata, errorType) => {
    const [creation, download] = await store(created(), downloaded(body, metadata));
    expect(await notesOf(creation!)).toEqual(["batch_pending"]);
    expect(await read(creation!)).toMatchObject({ costUsd: null });
    expect(await read(download!)).toMatchObject({ failed: errorType !== null, errorType });
    await store(downloaded(RESULTS, { at: 90 }));
    expect(await notesOf(creation!)).toEqual(["batch_counted"]);
    expect(await money()).toMatchObject({ costUsd: "0.004", unpriced: 0 });
  });

  it.each<[string, string, Json, string | null, string]>([
    ["an error", '{"type":"error","error":{"type":"api_error"}}', {}, "0", "error_not_billed"],
    ["nothing", "", {}, null, "response_lost"],
    ["a page", "<html></html>", { headers: { "content-type": "text/html" } }, null, "response_lost"],
    ["JSON without an id", "{}", {}, null, "response_lost"],
  ])("of a creation whose response is %s are not waited for", async (_, body, metadata, costUsd, note) => {
    const [creation] = await store(created({}, body, metadata));
    expect(await read(creation!)).toMatchObject({ failed: true, costUsd });
    expect(await notesOf(creation!)).toEqual([note]);
  });

  it("that all failed are free", async () => {
    const [creation, download] = await store(created(), downloaded(FREE.join("\n")));
    expect(await read(creation!)).toMatchObject({ costUsd: "0" });
    expect(await read(download!)).toMatchObject({ costUsd: "0", inputTokens: null });
    expect(await money()).toMatchObject({ costUsd: "0", unpriced: 0 });
  });

  it("of another batch or domain count for themselves, with equal custom ids", async () => {
    await store(downloaded(RESULTS), downloaded(RESULTS, { batch: "msgbatch_2" }));
    await store(downloaded(RESULTS, { domain: "other.example" }));
    expect(await money()).toMatchObject({
      costUsd: "0.012",
      models: { "claude-opus-5-5": "0.009", "claude-haiku-4-5-20251001": "0.003" },
    });
  });

  it("with a custom id twice count it once", async () => {
    await store(downloaded(`${OPUS}\n${OPUS}\n`));
    expect(await money()).toMatchObject({ costUsd: "0.003" });
  });

  it("include advisors under their model, and tools, which batches do not make cheaper", async () => {
    const iterations = [
      { type: "message", input_tokens: 1_000, output_tokens: 100 },
      { type: "advisor_message", model: "claude-opus-4-7", input_tokens: 200, output_tokens: 40 },
    ];
    const usage = {
      input_tokens: 1_000,
      output_tokens: 100,
      iterations,
      server_tool_use: { web_search_requests: 3 },
    };
    await store(downloaded(succeeded("a", "claude-sonnet-5", usage)));
    expect((await money()).models).toEqual({
      "": "0",
      "claude-sonnet-5": "0.0315", // (1000×2 + 100×10) ÷ 2 = 1500µ; 3 × 10,000µ
      "claude-opus-4-7": "0.001", // (200×5 + 40×25) ÷ 2
    });
  });

  it("of an unknown model, or without usage, have no price until the table has it", async () => {
    for (const line of [
      succeeded("a", "claude-opus-9", { input_tokens: 1, output_tokens: 1 }),
      succeeded("a", "claude-opus-5-5", undefined),
    ]) {
      await resetStorage();
      const [download] = await store(downloaded(`${line}\n${HAIKU}\n`));
      expect(await read(download!)).toMatchObject({ costUsd: null });
      expect(await money()).toMatchObject({ unpriced: 1 });
      // Of neither model a cost is counted, and each says so.
      const { models } = await overview();
      const used = models.filter(({ inputTokens }) => inputTokens > 0);
      expect(used.map(({ requests, costUsd, unpricedCount }) => [requests, costUsd, unpricedCount])).toEqual(
        used.map(() => [1, null, 1]),
      );
    }
    await queryRows(`UPDATE batch_results SET message = jsonb_set(message, '{usage}', '{"input_tokens": 1000, "output_tokens": 0}')
      WHERE message->>'usage' IS NULL`);
    expect(await apiJson("/api/admin/reprice", { method: "POST", body: {} })).toMatchObject({
      changed: 1,
      newlyPriced: 1,
      deltaUsd: "0.003", // (1000×4) ÷ 2 = 2000µ, and Haiku's 1000µ
    });
    expect(await money()).toMatchObject({ costUsd: "0.003", unpriced: 0 });
  });

  it("that could not be read cost nothing", async () => {
    for (const status of [400, 404, 529]) {
      const error = JSON.stringify({ type: "error", error: { type: "not_found_error", message: "x" } });
      const [download] = await store(downloaded(error, { status }));
      expect(await read(download!)).toMatchObject({ costUsd: "0" });
    }
    expect(await queryRows("SELECT 1 FROM message_batches")).toEqual([]);
  });
});

it("thousands of results are one bill", async () => {
  const lines = Array.from({ length: 11_000 }, (_, n) =>
    succeeded(`r-${n}`, "claude-opus-5-5", { input_tokens: 1_000, output_tokens: 100 }),
  );
  const [download] = await store(downloaded(lines.join("\n")));
  const { costUsd, costBreakdown, inputTokens } = await read(download!);
  expect([costUsd, inputTokens, costBreakdown!.lines.length]).toEqual(["33", 11_000_000, 2]);
});

/** Where the bill has the line of this model and kind: results are summed in no particular order. */
function lineOrder({ costBreakdown }: RequestDetail, [model, kind]: unknown[]): number {
  return costBreakdown!.lines.findIndex((line) => line.model === model && line.kind === kind);
}
