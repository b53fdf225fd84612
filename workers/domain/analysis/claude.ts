/**
 * Claude's Messages API for analyses: the request, with `output_config.format`, and what its response means.
 * Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs.
 */
import { z } from "zod";
import { parseJson } from "../json/json.ts";
import { truncate } from "../truncate.ts";
import {
  type HttpCall,
  modelFailure,
  type ModelFailure,
  type ModelRequest,
  type ModelResponse,
  RESPONSE_CUT,
} from "./model-call.ts";
import { modelSchema } from "./model-schema.ts";

const MAX_MESSAGE = 300;
/** Its input is the analysis. */
const TOOL = "analysis";
/** Code of a failure after which the model is asked with a tool: it has no `output_config`. */
export const NO_OUTPUT_CONFIG = "no_output_config";
const DEFAULT_RETRY_AFTER_MS = 60_000;

export function claudeCall(
  address: string,
  key: string,
  { model, prompt, maxOutputTokens, usesTool = false }: ModelRequest,
): HttpCall {
  const schema = modelSchema("claude");
  return {
    url: `${address.replace(/\/+$/, "")}/v1/messages`,
    headers: { "content-type": "application/json", "x-api-key": key, "anthropic-version": "2023-06-01" },
    body: JSON.stringify({
      model,
      max_tokens: maxOutputTokens,
      system: prompt.system,
      messages: [{ role: "user", content: prompt.user }],
      ...(usesTool
        ? { tools: [{ name: TOOL, input_schema: schema }], tool_choice: { type: "tool", name: TOOL } }
        : { output_config: { format: { type: "json_schema", schema }, effort: "low" } }),
    }),
  };
}

const tokens = z.number().int().nonnegative().nullish();
const ClaudeResponse = z.looseObject({
  model: z.string(),
  stop_reason: z.string().nullable(),
  content: z.array(
    z.looseObject({ type: z.string(), text: z.string().optional(), input: z.unknown().optional() }),
  ),
  usage: z.looseObject({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_read_input_tokens: tokens,
  }),
});
const ClaudeError = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** The outcome of a response. `retryAfter`: the header, in seconds. */
export function readClaudeResponse(
  status: number,
  body: string,
  model: string,
  retryAfter: string | null,
): ModelResponse | ModelFailure {
  const json = parseJson(body);
  if (status !== 200) return readError(status, json, model, retryAfter);
  const { success, data } = ClaudeResponse.safeParse(json);
  if (!success)
    return modelFailure("invalid_response", "Claude's response is not of the documented shape.", {
      retryAfterMs: undefined,
    });
  const cached = data.usage.cache_read_input_tokens ?? 0;
  const usage = {
    inputTokens: (data.usage.input_tokens ?? 0) + cached,
    cachedInputTokens: cached,
    outputTokens: data.usage.output_tokens ?? 0,
    thinkingTokens: 0,
  };
  const billed = { usage, model: data.model };
  if (data.stop_reason === "refusal")
    return modelFailure(
      "blocked",
      "Claude refused this conversation. Analyze it with another provider, or not at all.",
      null,
      billed,
    );
  if (data.stop_reason === "model_context_window_exceeded")
    return modelFailure(
      "too_long",
      `The conversation exceeds the context window of ${model}. Lower AI_MAX_PROMPT_TOKENS.`,
      null,
      billed,
    );
  const toolCall = data.content.find(({ type }) => type === "tool_use");
  const text = toolCall
    ? JSON.stringify(toolCall.input ?? null)
    : data.content.map((block) => (block.type === "text" ? (block.text ?? "") : "")).join("");
  return { ok: true, text, early: data.stop_reason === "max_tokens" ? RESPONSE_CUT : null, ...billed };
}

function readError(status: number, json: unknown, model: string, retryAfter: string | null): ModelFailure {
  const text = truncate(ClaudeError.safeParse(json).data?.error.message ?? "no reason given", MAX_MESSAGE);
  if (status === 404)
    return modelFailure("model_gone", `The model ${model} is gone. Set AI_CLAUDE_MODEL_NAME.`, null);
  if (status === 401 || status === 403)
    return modelFailure(
      "key_rejected",
      "Claude rejected the key of the account AI_CLAUDE_ACCOUNT_ID. Store a valid one.",
      null,
    );
  if (status === 429 || status === 529) {
    const retryAfterMs = /^\d{1,5}$/.test(retryAfter ?? "")
      ? Number(retryAfter) * 1_000
      : DEFAULT_RETRY_AFTER_MS;
    return modelFailure("rate_limited", `Claude limits the rate: ${text}`, { retryAfterMs });
  }
  if (status >= 500)
    return modelFailure("provider_error", `Claude failed with status ${status}: ${text}`, {
      retryAfterMs: undefined,
    });
  if (status === 400 && text.includes("output_config"))
    return modelFailure(NO_OUTPUT_CONFIG, `${model} does not take output_config: ${text}`, {
      retryAfterMs: 0,
    });
  return modelFailure("rejected", `Claude rejected the request with status ${status}: ${text}`, null);
}
