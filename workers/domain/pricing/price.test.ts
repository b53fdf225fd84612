import { describe, expect, test } from "vitest";
import {
  eventStream,
  type Json,
  type PriceContext,
  priceOfBody,
  pricesOf,
  streamedEvents,
} from "../../../test/support/bills.ts";
import { toCostBreakdown } from "./cost-breakdown.ts";
import { PRICE_VERSION } from "./rates.ts";
import { formatUsd } from "./usd.ts";

const OPUS = { model: "claude-opus-5-5", usage: { input_tokens: 1_000, output_tokens: 100 } };

function billOf(body: string, known: PriceContext = {}) {
  const price = priceOfBody(body, known);
  const breakdown = toCostBreakdown(price.breakdown);
  const codes = breakdown.notes.map(({ code }) => code);
  const costUsd = price.costPico === null ? null : formatUsd(price.costPico);
  return { costUsd, codes, breakdown };
}

/** The beginning of a streamed response of Opus 5.5: its start and these deltas of text, and no end. */
function cutStream(texts: string[], more: Json[] = [], usageMore: Json = {}): string {
  const usage = {
    input_tokens: 1_000,
    cache_read_input_tokens: 10_000,
    cache_creation_input_tokens: 0,
    output_tokens: 3,
    ...usageMore,
  };
  return eventStream([
    {
      type: "message_start",
      message: { id: "m", type: "message", role: "assistant", model: OPUS.model, content: [], usage },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...texts.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
    ...more,
  ]);
}
const STREAM = { contentType: "text/event-stream" } as const;
const GONE = { ...STREAM, outcome: "client_gone" } as const;

describe("a response that was cut off", () => {
  test("costs at least its prompt and what came of it, and says so", () => {
    // 1000×4 + 10000×0.20 + 40÷4=10 tokens ×20 = 4000+2000+200 = 6200µ
    const { costUsd, codes, breakdown } = billOf(cutStream(["x".repeat(24), "y".repeat(16)]), GONE);
    expect([costUsd, codes, breakdown.floor, breakdown.estimated]).toEqual([
      "0.0062",
      ["cut_off"],
      true,
      true,
    ]);
    expect(breakdown.lines.map(({ kind, quantity, estimated }) => [kind, quantity, estimated])).toEqual([
      ["input", 1_000, false],
      ["cache_read", 10_000, false],
      ["output", 3, false],
      ["output", 7, true],
    ]);
  });

  test("costs what was reported when that is more than what came", () => {
    const reported = [{ type: "message_delta", delta: {}, usage: { output_tokens: 50 } }];
    // 4000 + 2000 + 50×20 = 7000µ
    expect(billOf(cutStream(["short"], reported), GONE).costUsd).toBe("0.007");
  });

  test("counts thinking and tool input, and what the stream estimated for thinking it does not show", () => {
    const more = [
      { type: "content_block_stop", index: 0 },
      { type: "content_block_start", index: 1, content_block: { type: "thinking", thinking: "" } },
      {
        type: "content_block_delta",
        index: 1,
        delta: { type: "thinking_delta", thinking: "", estimated_tokens: 90 },
      },
      {
        type: "content_block_start",
        index: 2,
        content_block: { type: "tool_use", id: "t", name: "Bash", input: {} },
      },
      { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"a":"' } },
      { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "12" } },
    ];
    // 8 characters of text + 8 of input = 4 tokens, 90 of thinking: 94×20 = 1880; 6000 + 1880 = 7880µ
    expect(billOf(cutStream(["8 chars."], more), GONE).costUsd).toBe("0.00788");
  });

  const entry = (type: string, input: number, output: number, model?: string) => ({
    type,
    input_tokens: input,
    output_tokens: output,
    ...(model && { model }),
  });
  const TEXT_TOKENS = 100;
  test.each<[string, Json[], Json[], string]>([
    // 1000×4 + 2×20 + 98×20 = 6000µ
    ["its message", [entry("message", 1_000, 2)], [], "0.006"],
    // 1000×4 + 150×20 = 7000µ: more than the text shows
    ["more output than came", [entry("message", 1_000, 150)], [], "0.007"],
    // Advisor 500×5 + 7000×25 = 177500µ, whose output is none of the text; 1000×4 + 100×20 = 6000µ
    [
      "an advisor",
      [entry("message", 1_000, 2), entry("advisor_message", 500, 7_000, "claude-opus-4-7")],
      [],
      "0.1835",
    ],
    // 9000×4 + 500×20 = 46000µ; the top level 1000×4 + 10000×0.20 + 100×20 = 8000µ
    ["a compaction alone", [entry("compaction", 9_000, 500)], [], "0.054"],
    // 1000×4 + 2×20 = 4040µ; 98 by Haiku 4.5, as the fallback block says: 98×5 = 490µ
    [
      "an attempt before a fallback to another model",
      [entry("message", 1_000, 2, OPUS.model)],
      [
        {
          type: "content_block_start",
          index: 1,
          content_block: { type: "fallback", to: { model: "claude-haiku-4-5" } },
        },
      ],
      "0.00453",
    ],
  ])("with iterations of %s costs at least what its text proves", (_, iterations, more, expected) => {
    const body = cutStream(["x".repeat(TEXT_TOKENS * 4)], more, { iterations });
    const { costUsd, breakdown } = billOf(body, { ...GONE, requested: OPUS.model });
    expect([costUsd, breakdown.floor]).toEqual([expected, true]);
  });

  test("counts the summary of a compaction that no entry reports", () => {
    const summary = { type: "compaction", content: "x".repeat(400) };
    const more = [{ type: "content_block_start", index: 1, content_block: summary }];
    // 6000 + (100 + 10)×20 = 8200µ
    expect(billOf(cutStream(["x".repeat(40)], more), GONE).costUsd).toBe("0.0082");
  });

  test("is complete when only its last event is missing", () => {
    const events = streamedEvents(OPUS).slice(0, -1);
    const { costUsd, breakdown } = billOf(eventStream(events), GONE);
    expect([costUsd, breakdown.floor]).toEqual(["0.006", false]);
  });

  test("has no price when not even its beginning came", () => {
    for (const body of ["", ": comment\n\n"])
      expect(billOf(body, { ...GONE, model: OPUS.model })).toMatchObject({
        costUsd: null,
        codes: ["usage_unknown"],
      });
    expect(billOf('{"id":"msg_1","type":"mess', { outcome: "upstream_failed" }).costUsd).toBeNull();
    expect(billOf("", { status: null, outcome: "client_gone" }).costUsd).toBeNull();
  });

  test("by an error of the vendor after it began is a floor too", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    const { costUsd, breakdown } = billOf(cutStream(["x".repeat(40)], [error]), STREAM);
    expect([costUsd, breakdown.floor]).toEqual(["0.0062", true]);
  });
});

describe("what costs nothing", () => {
  const error = JSON.stringify({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
  test.each<[string, string, PriceContext]>([
    ["an error", error, { status: 529 }],
    ["an error that is no JSON", "<html>", { status: 502 }],
    ["a redirect", "", { status: 307 }],
    ["a stream that is an error from its first event", eventStream([JSON.parse(error) as Json]), STREAM],
    ["an error of an endpoint that is billed elsewhere", error, { status: 400, endpoint: "batches" }],
    ["an error inside a 200 as JSON", error, {}],
    ["a 401 of the proxy, after that of upstream", error, { status: 401, timeToFirstByteMs: null }],
    [
      "an error of upstream in a row that does not know its attempts",
      error,
      { status: 504, upstreamAttempts: null },
    ],
  ])("%s", (_name, body, known) => {
    expect(billOf(body, known)).toMatchObject({ costUsd: "0", codes: ["error_not_billed"] });
  });

  test("an error of the proxy whose request was not sent", () => {
    for (const status of [401, 403, 413, 502])
      expect(billOf(error, { status, timeToFirstByteMs: null, upstreamAttempts: 0 })).toMatchObject({
        costUsd: "0",
        codes: ["not_sent"],
      });
  });

  test.each([
    ["count_tokens", "POST"],
    ["models", "GET"],
    ["batch_results", "GET"],
    ["batches", "GET"],
    ["files", "POST"],
    ["other", "OPTIONS"],
    ["session_stream", "GET"],
  ])("%s by %s", (endpoint, method) => {
    const bill = billOf('{"input_tokens":2095}', { endpoint, method });
    expect(bill).toMatchObject({ costUsd: "0", codes: ["free_endpoint"], breakdown: { lines: [] } });
  });
});

describe("what has no price and is never taken for free", () => {
  test.each<[Json]>([
    [{ output_tokens: "100" }],
    [{ input_tokens: -1 }],
    [{ cache_read_input_tokens: 1.5 }],
    [{ cache_creation_input_tokens: 2 ** 31 }],
    [{ server_tool_use: { web_search_requests: "2" } }],
    [{ iterations: [{ type: "advisor_message", input_tokens: "NaN", output_tokens: 3 }] }],
  ])("a usage with %j", (odd) => {
    const message = { ...OPUS, usage: { ...OPUS.usage, ...odd } };
    for (const { costPico, breakdown } of Object.values(pricesOf(message)))
      expect([costPico, breakdown.notes]).toEqual([null, ["invalid_usage"]]);
  });

  test.each(['{"input_tokens":1000}', '{"output_tokens":5}', '{"input_tokens":null,"output_tokens":5}'])(
    "a usage of %s alone",
    (usage) => {
      const body = `{"type":"message","role":"assistant","model":"claude-opus-5-5","content":[],"usage":${usage}}`;
      expect(billOf(body)).toMatchObject({ costUsd: null, codes: ["invalid_usage"] });
    },
  );

  test.each<[string, PriceContext]>([
    ["a 502", { status: 502 }],
    ["a 504", { status: 504 }],
    ["a 504 in a row that does not know its attempts", { status: 504, upstreamAttempts: null }],
    ["a 504 of an endpoint that is billed elsewhere", { status: 504, endpoint: "batches" }],
  ])("%s of the proxy, whose response was lost", (_, known) => {
    const body = JSON.stringify({ type: "error", error: { type: "api_error", message: "Nexus: …" } });
    expect(billOf(body, { ...known, timeToFirstByteMs: null })).toMatchObject({
      costUsd: null,
      codes: ["response_lost"],
    });
  });

  test.each([
    ["an empty stream", "", "text/event-stream"],
    ["an empty body", "", "application/json"],
    ["JSON cut in the middle", '{"id":"msg_1","usage":{"input_to', "application/json"],
  ])("%s with status 200", (_, body, contentType) => {
    for (const errorType of [null, "stream_ended_early"])
      expect(billOf(body, { contentType, errorType }).costUsd).toBeNull();
  });

  test.each([
    ["sessions", "POST"],
    ["session_events", "POST"],
    ["complete", "POST"],
    ["other", "POST"],
  ])("%s by %s, which is billed elsewhere", (endpoint, method) => {
    expect(billOf("{}", { endpoint, method })).toMatchObject({ costUsd: null, codes: ["billed_elsewhere"] });
  });

  test("a batch whose results are not counted yet; once they are, its creation is free", () => {
    const created = { endpoint: "batches", method: "POST" };
    expect(billOf("{}", created)).toMatchObject({ costUsd: null, codes: ["batch_pending"] });
    const counted = { ...created, areResultsCounted: true };
    expect(billOf("{}", counted)).toMatchObject({ costUsd: "0", codes: ["batch_counted"] });
  });

  test("a response without usage, or with an empty one", () => {
    for (const usage of [
      undefined,
      null,
      {},
      { input_tokens: "12" },
      { iterations: [] },
      { output_tokens: -1 },
    ]) {
      const body = JSON.stringify({
        type: "message",
        role: "assistant",
        model: OPUS.model,
        content: [],
        usage,
      });
      expect(billOf(body)).toMatchObject({ costUsd: null, codes: ["usage_unknown"] });
    }
  });

  test.each([
    "claude-opus-5-50",
    "claude-opus-5-5-2026",
    "claude-opus-5-5-fast",
    "claude-opus-4-9",
    "claude-fable-5-3",
    "anthropic.claude-opus-5-5-v1:0",
    "anthropic/claude-opus-5-5",
    "us.anthropic.claude-opus-5-5[1m]",
    "claude-opus-4-5@20251101",
    "claude-opus-4-5@20251101[1m]",
    "claude-opus-5-5-latest",
    "Claude-Opus-5-5",
    "claude opus 5.5",
    "claude-opus -5-5",
    "claude-mythos-preview",
    "toString",
    "gpt-5",
    "",
  ])("%j: a model that is not in the table", (model) => {
    const { plain, streamed } = pricesOf({ ...OPUS, model });
    for (const { costPico, breakdown } of [plain, streamed]) {
      expect(costPico).toBeNull();
      expect(breakdown.lines.map(([kind, quantity, rate, , , note]) => [kind, quantity, rate, note])).toEqual(
        [
          ["input", 1_000, null, "unknown_model"],
          ["output", 100, null, "unknown_model"],
        ],
      );
    }
  });

  test("one that used nothing costs nothing", () => {
    const { plain } = pricesOf({ model: "gpt-5", usage: { input_tokens: 0, output_tokens: 0 } });
    expect(plain.costPico).toBe(0n);
  });
});

describe("what is inferred is marked", () => {
  test.each<[string, Json, string]>([
    ["a service tier sold by agreement", { service_tier: "priority" }, "other_service_tier"],
    ["a geography without a known surcharge", { inference_geo: "eu" }, "other_geography"],
    ["a credit for a fallback", { fallback_credit: { status: { type: "redeemed" } } }, "fallback_credit"],
    [
      "parts that are more than their sum",
      { cache_creation_input_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 2 } },
      "contradictory_usage",
    ],
  ])("%s", (_name, more, code) => {
    const { plain } = pricesOf({ ...OPUS, usage: { ...OPUS.usage, ...more } });
    const breakdown = toCostBreakdown(plain.breakdown);
    expect([breakdown.estimated, breakdown.notes.map((note) => note.code)]).toEqual([true, [code]]);
    expect(plain.costPico).toBeGreaterThanOrEqual(6_000_000_000n);
  });

  test("cache writes of an unknown lifetime, on their own line", () => {
    const usage = {
      ...OPUS.usage,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 20 },
    };
    const { lines } = toCostBreakdown(pricesOf({ ...OPUS, usage }).plain.breakdown);
    expect(
      lines.map(({ kind, quantity, estimated, costUsd }) => [kind, quantity, estimated, costUsd]),
    ).toEqual([
      ["input", 1_000, false, "0.004"],
      ["cache_write_1h", 20, false, "0.00016"],
      ["cache_write_1h", 10, true, "0.00008"],
      ["output", 100, false, "0.002"],
    ]);
  });

  test("an iteration's writes by the lifetime of the whole response", () => {
    const iterations = [
      { type: "message", input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 10 },
    ];
    const usage = { ...OPUS.usage, cache_creation: { ephemeral_1h_input_tokens: 10 }, iterations };
    const { lines } = toCostBreakdown(pricesOf({ ...OPUS, usage }).plain.breakdown);
    expect(lines.map(({ kind, entry, costUsd }) => [kind, entry, costUsd])).toEqual([
      ["cache_write_1h", "message", "0.00008"],
    ]);
  });

  test("a fallback by a model that has no fast mode, in a response that ran fast", () => {
    const attempt = { input_tokens: 10, output_tokens: 10 };
    const iterations = [
      { type: "message", model: "claude-opus-5-5", ...attempt },
      { type: "fallback_message", model: "claude-sonnet-5-5", ...attempt },
    ];
    // 10×8 + 10×40 + 10×2 + 10×10 = 600µ
    const { plain } = pricesOf({ ...OPUS, usage: { ...OPUS.usage, speed: "fast", iterations } });
    expect([plain.costPico, plain.breakdown.notes]).toEqual([600_000_000n, ["fast_mode", "speed_not_told"]]);
  });
});

describe("the bill", () => {
  test("shows what is free, what cannot be priced by the request, and the version of the prices", () => {
    const usage = {
      ...OPUS.usage,
      server_tool_use: { web_search_requests: 2, code_execution_requests: 1, new_tool: 4 },
    };
    const { plain } = pricesOf({ ...OPUS, usage });
    expect(plain.priceVersion).toBe(PRICE_VERSION);
    expect(PRICE_VERSION).toMatch(/^\d{4}-\d\d-\d\d\.[0-9a-f]{8}$/);
    expect(toCostBreakdown(plain.breakdown).lines.slice(2)).toEqual([
      {
        kind: "web_search_requests",
        model: null,
        entry: null,
        quantity: 2,
        unit: "request",
        rateUsd: "10",
        ratePer: 1_000,
        costPico: "20000000000",
        costUsd: "0.02",
        estimated: false,
        note: null,
      },
      expect.objectContaining({ kind: "code_execution_requests", quantity: 1, costUsd: null }),
      expect.objectContaining({ kind: "new_tool", quantity: 4, rateUsd: null }),
    ]);
  });

  test("lists a refused response's tokens without charging them", () => {
    const { plain } = pricesOf({
      ...OPUS,
      content: [],
      stopReason: "refusal",
      usage: { input_tokens: 9, output_tokens: 0 },
    });
    const [line] = toCostBreakdown(plain.breakdown).lines;
    expect(line).toMatchObject({ kind: "input", quantity: 9, rateUsd: "0", costUsd: "0", estimated: false });
    expect(line!.note).toContain("Refused before any output");
  });
});

describe("shares of other models", () => {
  const share = (model: string, input: number, output: number, costPico: string, more = {}) => ({
    inputTokens: input,
    outputTokens: output,
    cacheReadInputTokens: 0,
    cacheCreationInputTokens: 0,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 0,
    thinkingTokens: 0,
    model,
    costPico,
    ...more,
  });
  const UNPRICED = { isUnpriced: true };
  const advised = (model: string) => [
    { type: "message", input_tokens: 1_000, output_tokens: 100 },
    { type: "advisor_message", model, input_tokens: 200, output_tokens: 40 },
  ];
  test.each<[string, { requested?: string; model?: string; usage?: Json }, ReturnType<typeof share>[]]>([
    ["none without another model", {}, []],
    ["none of a snapshot", { requested: "claude-opus-5-5[1m]", model: "claude-opus-5-5-20260922" }, []],
    // 1000×1 + 100×5 = 1500µ
    [
      "all of what another model served",
      { model: "claude-haiku-4-5-20251001", requested: OPUS.model },
      [share("claude-haiku-4-5-20251001", 1_000, 100, "1500000000")],
    ],
    // And a search for 10000µ.
    [
      "the tools of the model that served",
      {
        model: "claude-haiku-4-5",
        requested: OPUS.model,
        usage: { ...OPUS.usage, server_tool_use: { web_search_requests: 1 } },
      },
      [share("claude-haiku-4-5", 1_000, 100, "11500000000")],
    ],
    [
      "without a price where another model without one served",
      { model: "claude-opus-9", requested: OPUS.model },
      [share("claude-opus-9", 1_000, 100, "0", UNPRICED)],
    ],
    // 200×5 + 40×25 = 2000µ
    [
      "an advisor's",
      { usage: { ...OPUS.usage, iterations: advised("claude-opus-4-7") } },
      [share("claude-opus-4-7", 200, 40, "2000000000")],
    ],
    [
      "without a price where it is an advisor's without one",
      { usage: { ...OPUS.usage, iterations: advised("claude-opus-9") } },
      [share("claude-opus-9", 200, 40, "0", UNPRICED)],
    ],
    [
      "none of an advisor of the requested model",
      { usage: { ...OPUS.usage, iterations: advised("claude-opus-5-5-20260922") } },
      [],
    ],
  ])("are %s", (_, message, expected) => {
    const { plain, streamed } = pricesOf({ ...OPUS, ...message });
    expect(plain.shares).toEqual(expected);
    expect(streamed.shares).toEqual(expected);
  });
});
