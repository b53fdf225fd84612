import { expect, test } from "vitest";
import { claudeCall, readClaudeResponse } from "./claude.ts";
import { readGeminiResponse } from "./gemini.ts";
import { backoffMs, RESPONSE_CUT } from "./model-call.ts";
import { modelSchema } from "./model-schema.ts";

const NOON_UTC = Date.parse("2026-11-30T12:00:00Z");
const gemini = (body: unknown, status = 200) =>
  readGeminiResponse(
    status,
    typeof body === "string" ? body : JSON.stringify(body),
    "gemini-3.8-flash",
    NOON_UTC,
  );
const candidate = (finishReason: string, text = "{}") => ({
  candidates: [{ content: { parts: [{ text: "hm", thought: true }, { text }] }, finishReason }],
  usageMetadata: { promptTokenCount: 1200, candidatesTokenCount: 300, thoughtsTokenCount: 450 },
  modelVersion: "gemini-3.8-flash-002",
});
const limited = (...details: object[]) => ({ error: { code: 429, message: "Quota", details } });

test("a response of Gemini has its text without thoughts, and thinking counts as output", () => {
  expect(gemini(candidate("STOP", '{"a":1}'))).toEqual({
    ok: true,
    text: '{"a":1}',
    early: null,
    usage: { inputTokens: 1200, cachedInputTokens: 0, outputTokens: 750, thinkingTokens: 450 },
    model: "gemini-3.8-flash-002",
  });
  expect(gemini(candidate("MAX_TOKENS", ""))).toMatchObject({ ok: true, text: "", early: RESPONSE_CUT });
  expect(gemini(candidate("TIRED", '{"a":1}'))).toMatchObject({
    ok: true,
    text: '{"a":1}',
    early: { code: "unexpected_end", message: "Gemini ended its response with TIRED." },
  });
});

test.each([
  ["a blocked prompt", 200, { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }, "blocked", null],
  ["no candidate and no reason", 200, {}, "invalid_response", { retryAfterMs: undefined }],
  ["a blocked response", 200, candidate("SAFETY"), "blocked", null],
  [
    "an unknown end without text",
    200,
    candidate("TIRED", " "),
    "unexpected_end",
    { retryAfterMs: undefined },
  ],
  ["no JSON", 200, "<html>", "invalid_response", { retryAfterMs: undefined }],
  ["a model that is gone", 404, {}, "model_gone", null],
  ["a rejected key", 403, {}, "key_rejected", null],
  ["a malformed key", 400, { error: { details: [{ reason: "API_KEY_INVALID" }] } }, "key_rejected", null],
  ["a bad field", 400, { error: { message: "x" } }, "rejected", null],
  [
    "an error in a list",
    503,
    [{ error: { message: "busy" } }],
    "provider_error",
    { retryAfterMs: undefined },
  ],
  [
    "a limit with a delay",
    429,
    limited({ retryDelay: "34.0742s" }),
    "rate_limited",
    { retryAfterMs: 34_075 },
  ],
  [
    "a limit with a short delay",
    429,
    limited({ retryDelay: "900ms" }),
    "rate_limited",
    { retryAfterMs: 900 },
  ],
  [
    "a limit in words",
    429,
    { error: { message: "Please retry in 12.3s." } },
    "rate_limited",
    { retryAfterMs: 12_300 },
  ],
  ["a limit without a delay", 429, limited(), "rate_limited", { retryAfterMs: 60_000 }],
  [
    "a limit per day",
    429,
    limited({ violations: [{ quotaId: "GenerateRequestsPerDayPerProject" }] }, { retryDelay: "5s" }),
    "quota_day",
    { retryAfterMs: 20 * 3_600_000 },
  ],
])("%s of Gemini", (_name, status, body, code, retry) => {
  expect(gemini(body, status)).toMatchObject({ ok: false, code, retry });
});

const claude = (body: object, status = 200, retryAfter: string | null = null) =>
  readClaudeResponse(status, JSON.stringify(body), "claude-sonnet-5", retryAfter);
const message = (stop_reason: string) => ({
  model: "claude-sonnet-5",
  stop_reason,
  content: [{ type: "text", text: "{}" }],
  usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 2 },
});

test.each([
  [message("end_turn"), 200, { ok: true, text: "{}", early: null, usage: { inputTokens: 12 } }],
  [message("max_tokens"), 200, { ok: true, early: RESPONSE_CUT }],
  [message("refusal"), 200, { ok: false, code: "blocked", retry: null }],
  [message("model_context_window_exceeded"), 200, { ok: false, code: "too_long", retry: null }],
  [{}, 404, { ok: false, code: "model_gone" }],
  [{}, 401, { ok: false, code: "key_rejected" }],
  [{}, 529, { ok: false, code: "rate_limited", retry: { retryAfterMs: 7_000 } }],
  [{}, 500, { ok: false, code: "provider_error", retry: { retryAfterMs: undefined } }],
  [{}, 400, { ok: false, code: "rejected", retry: null }],
  [
    { error: { message: "output_config: Extra inputs are not permitted" } },
    400,
    { ok: false, code: "no_output_config", retry: { retryAfterMs: 0 } },
  ],
  [
    { ...message("tool_use"), content: [{ type: "tool_use", name: "analysis", input: { a: 1 } }] },
    200,
    { ok: true, text: '{"a":1}', early: null },
  ],
])("a response of Claude: %j with status %s", (body, status, expected) => {
  expect(claude(body, status, "7")).toMatchObject(expected);
});

test("Claude is asked with a tool where the model has no output_config", () => {
  const request = { model: "m", prompt: { system: "s", user: "u" }, maxOutputTokens: 1, usesTool: true };
  const body = JSON.parse(claudeCall("https://c.example", "k", request).body) as Record<string, unknown>;
  expect(body).toMatchObject({
    tools: [{ name: "analysis", input_schema: { type: "object" } }],
    tool_choice: { type: "tool", name: "analysis" },
  });
  expect(body).not.toHaveProperty("output_config");
});

test("the schema has only keywords that the provider honours", () => {
  const keywordsOf = (schema: object): string[] =>
    Object.entries(schema).flatMap(([keyword, value]: [string, unknown]) => [
      keyword,
      ...(keyword === "properties"
        ? Object.values(value as object)
        : keyword === "items"
          ? [value]
          : []
      ).flatMap((each) => keywordsOf(each as object)),
    ]);
  const common = ["additionalProperties", "description", "enum", "items", "properties", "required", "type"];
  expect([...new Set(keywordsOf(modelSchema("claude")))].sort()).toEqual(common);
  expect([...new Set(keywordsOf(modelSchema("gemini")))].sort()).toEqual(
    [...common, "maximum", "minimum"].sort(),
  );
});

test("the backoff grows to 15 minutes", () => {
  expect([1, 2, 3, 20].map(backoffMs)).toEqual([1_000, 2_500, 6_250, 900_000]);
});
