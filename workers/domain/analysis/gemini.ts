/**
 * Gemini's `generateContent`: the request, and what its response means. Sampling parameters are not sent (models from 4.x on reject or ignore
 * them). Source: https://ai.google.dev/api/generate-content and the types of @google/genai 3.3.0; errors as google-gemini/gemini-cli reads them.
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

/** A whole day, also at the end of daylight saving time. Postgres holds the time; a queue message waits at most 12 hours at once. */
const MAX_RETRY_AFTER_MS = 25 * 3_600_000;
const DEFAULT_RETRY_AFTER_MS = 60_000;
const MAX_MESSAGE = 300;
/** The provider refuses this content; another attempt would end in the same way. */
const BLOCKED =
  /^(SAFETY|RECITATION|LANGUAGE|BLOCKLIST|PROHIBITED_CONTENT|SPII|MODEL_ARMOR|PUP_LIMITED_DISABLED)$/;

export function geminiCall(
  address: string,
  key: string,
  { model, prompt, maxOutputTokens }: ModelRequest,
): HttpCall {
  return {
    url: `${address.replace(/\/+$/, "")}/${encodeURIComponent(model)}:generateContent`,
    headers: { "content-type": "application/json", "x-goog-api-key": key },
    body: JSON.stringify({
      systemInstruction: { parts: [{ text: prompt.system }] },
      contents: [{ role: "user", parts: [{ text: prompt.user }] }],
      generationConfig: {
        responseMimeType: "application/json",
        responseJsonSchema: modelSchema("gemini"),
        // Thinking counts as output.
        maxOutputTokens,
        thinkingConfig: { thinkingLevel: "LOW" },
      },
      store: false,
    }),
  };
}

const tokens = z.number().int().nonnegative().default(0);
const GeminiResponse = z.looseObject({
  candidates: z
    .array(
      z.looseObject({
        content: z
          .looseObject({
            parts: z
              .array(z.looseObject({ text: z.string().optional(), thought: z.boolean().optional() }))
              .default([]),
          })
          .optional(),
        finishReason: z.string().optional(),
      }),
    )
    .default([]),
  promptFeedback: z.looseObject({ blockReason: z.string().optional() }).optional(),
  usageMetadata: z
    .looseObject({
      promptTokenCount: tokens,
      cachedContentTokenCount: tokens,
      candidatesTokenCount: tokens,
      thoughtsTokenCount: tokens,
      toolUsePromptTokenCount: tokens,
    })
    .optional(),
  modelVersion: z.string().optional(),
});

/** The outcome of a response. `now`: epoch milliseconds. */
export function readGeminiResponse(
  status: number,
  body: string,
  model: string,
  now: number,
): ModelResponse | ModelFailure {
  const json = parseJson(body);
  if (status !== 200) return readError(status, json, model, now);
  const { success, data } = GeminiResponse.safeParse(json);
  if (!success)
    return modelFailure("invalid_response", "Gemini's response is not of the documented shape.", {
      retryAfterMs: undefined,
    });
  const { usageMetadata: used, candidates, promptFeedback, modelVersion } = data;
  const usage = used
    ? {
        inputTokens: used.promptTokenCount + used.toolUsePromptTokenCount,
        cachedInputTokens: used.cachedContentTokenCount,
        outputTokens: used.candidatesTokenCount + used.thoughtsTokenCount,
        thinkingTokens: used.thoughtsTokenCount,
      }
    : null;
  const billed = { usage, model: modelVersion ?? null };
  const [candidate] = candidates;
  if (promptFeedback?.blockReason !== undefined) return blocked(promptFeedback.blockReason, billed);
  if (!candidate)
    return modelFailure(
      "invalid_response",
      "Gemini's response has no candidate and no reason for it.",
      { retryAfterMs: undefined },
      billed,
    );
  const text = (candidate.content?.parts ?? [])
    .filter(({ thought }) => thought !== true)
    .map((part) => part.text ?? "")
    .join("");
  const reason = candidate.finishReason ?? "STOP";
  if (BLOCKED.test(reason)) return blocked(reason, billed);
  if (reason === "STOP" || reason === "MAX_TOKENS" || reason === "CONTINUATION")
    return { ok: true, text, early: reason === "STOP" ? null : RESPONSE_CUT, ...billed };
  const early = {
    code: "unexpected_end",
    message: `Gemini ended its response with ${truncate(reason, 50)}.`,
  } as const;
  // What it wrote before is paid for, and may be whole.
  if (text.trim() !== "") return { ok: true, text, early, ...billed };
  return modelFailure(early.code, early.message, { retryAfterMs: undefined }, billed);
}

function blocked(reason: string, billed: Pick<ModelFailure, "usage" | "model">): ModelFailure {
  const message = `Gemini refused this conversation (${truncate(reason, 50)}). Analyze it with another provider, or not at all.`;
  return modelFailure("blocked", message, null, billed);
}

const GeminiError = z.looseObject({
  error: z.looseObject({
    message: z.string().default(""),
    status: z.string().default(""),
    details: z
      .array(
        z.looseObject({
          reason: z.string().optional(),
          retryDelay: z.string().optional(),
          violations: z.array(z.looseObject({ quotaId: z.string().optional() })).default([]),
        }),
      )
      .default([])
      .catch([]),
  }),
});

function readError(status: number, json: unknown, model: string, now: number): ModelFailure {
  const parsed = GeminiError.safeParse(Array.isArray(json) ? json[0] : json);
  const { message = "", details = [] } = parsed.data?.error ?? {};
  const text = truncate(message, MAX_MESSAGE);
  if (status === 404)
    return modelFailure("model_gone", `The model ${model} is gone. Set GEMINI_MODEL_NAME.`, null);
  if (status === 401 || status === 403 || details.some(({ reason }) => reason === "API_KEY_INVALID"))
    return modelFailure("key_rejected", "Gemini rejected the key. Set GEMINI_API_KEY.", null);
  if (status === 429) {
    const isDaily = details.some(({ violations }) =>
      violations.some(({ quotaId }) => /PerDay/i.test(quotaId ?? "")),
    );
    if (isDaily)
      return modelFailure(
        "quota_day",
        "Gemini's quota of this day is used up; it is renewed at midnight Pacific time.",
        {
          retryAfterMs: Math.min(MAX_RETRY_AFTER_MS, untilPacificMidnight(now)),
        },
      );
    const given = details.map(({ retryDelay }) => retryDelay).find((delay) => delay !== undefined);
    const delay = delayMs(given) ?? delayMs(/retry in ([\d.]{1,20}m?s)/.exec(message)?.[1]);
    const retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, delay ?? DEFAULT_RETRY_AFTER_MS);
    return modelFailure("rate_limited", `Gemini limits the rate: ${text || "no reason given"}`, {
      retryAfterMs,
    });
  }
  if (status >= 500 || status === 499)
    return modelFailure(
      "provider_error",
      `Gemini failed with status ${status}: ${text || "no reason given"}`,
      {
        retryAfterMs: undefined,
      },
    );
  return modelFailure(
    "rejected",
    `Gemini rejected the request with status ${status}: ${text || "no reason given"}`,
    null,
  );
}

/** "34.07s" or "900ms" in milliseconds, rounded up. */
function delayMs(text: string | undefined): number | null {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text ?? "") ?? [];
  return value === undefined ? null : Math.ceil(Number(value) * (unit === "s" ? 1_000 : 1));
}

function untilPacificMidnight(now: number): number {
  const [hour = 0, minute = 0] = new Intl.DateTimeFormat("en-GB", {
    timeZone: "America/Los_Angeles",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  })
    .formatToParts(now)
    .filter(({ type }) => type === "hour" || type === "minute")
    .map(({ value }) => Number(value));
  return (24 * 60 - hour * 60 - minute) * 60_000;
}
