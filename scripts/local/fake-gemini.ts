/**
 * A Gemini API on loopback, of demo and tests. It checks what it is sent as the real one does, and the transcript chooses the response by a
 * tag such as `[gemini:blocked]` (BEHAVIOURS); without one it returns an analysis.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { AnalysisResult } from "../../workers/schemas/analysis.ts";
import { startHttpServer } from "./network/http-server.ts";

export const FAKE_GEMINI_KEY = "fake-gemini-key";

/** Keywords of JSON schemas that `responseJsonSchema` takes. */
const SCHEMA_KEYWORDS =
  /^(?:\$id|\$defs|\$ref|\$anchor|type|format|title|description|enum|items|prefixItems|minItems|maxItems|minimum|maximum|anyOf|oneOf|properties|additionalProperties|required|propertyOrdering)$/;
const parts = z.strictObject({ parts: z.array(z.strictObject({ text: z.string().min(1) })).length(1) });
/** Unknown fields and sampling parameters are errors. */
const GeminiRequest = z.strictObject({
  systemInstruction: parts,
  contents: z.array(parts.extend({ role: z.literal("user") })).length(1),
  generationConfig: z.strictObject({
    responseMimeType: z.literal("application/json"),
    responseJsonSchema: z.record(z.string(), z.unknown()).refine(hasKnownKeywords),
    maxOutputTokens: z.number().int().max(65_536),
    thinkingConfig: z.strictObject({ thinkingLevel: z.enum(["LOW", "MEDIUM", "HIGH"]) }),
  }),
  store: z.literal(false),
});
type GeminiRequest = z.infer<typeof GeminiRequest>;

export const FAKE_ANALYSIS: AnalysisResult = {
  summary: "The person asked for help, and the assistant gave it.",
  keyTopics: ["help"],
  sentiment: "positive",
  userIntent: "Get help",
  outcomes: ["The question was resolved."],
  actionItems: [{ type: "follow_up", description: "Run the tests.", priority: "low" }],
  promptingTips: [
    { category: "context", issue: "The file is not named.", suggestion: "Name the file.", messages: [1] },
  ],
  interactionPatterns: {
    promptClarity: 7,
    contextCompleteness: 6,
    followUpEffectiveness: "good",
    commonIssues: ["missing context"],
    strengths: ["short prompts"],
  },
  technicalDetails: { frameworks: [], issues: [], solutions: [] },
  conversationQuality: { clarity: "high", completeness: "complete", effectiveness: "effective" },
};
const TEXT = JSON.stringify(FAKE_ANALYSIS);

interface Reply {
  status: number;
  body: unknown;
}
const success = (text: string, finishReason = "STOP"): Reply => ({
  status: 200,
  body: {
    candidates: [
      {
        content: { role: "model", parts: [{ text: "Let me think.", thought: true }, { text }] },
        finishReason,
        index: 0,
      },
    ],
    usageMetadata: { promptTokenCount: 1_200, candidatesTokenCount: 300, thoughtsTokenCount: 450 },
    modelVersion: "gemini-3.8-flash",
  },
});
const failure = (code: number, status: string, details: object[] = []): Reply => ({
  status: code,
  body: { error: { code, message: "Scripted.", status, details } },
});

/** Of a response with the tag `slow`. */
const SLOW_MS = 1_000;

/** By tag; null: never responds. `call` counts the calls with the tag, from 1. */
const BEHAVIOURS: Record<string, (call: number) => Reply | null> = {
  ok: () => success(TEXT),
  slow: () => success(TEXT),
  prose: () => success(`Here is the analysis:\n\`\`\`json\n${TEXT}\n\`\`\``),
  malformed: () => success('{"summary": "x'),
  "malformed-once": (call) => success(call === 1 ? "{" : TEXT),
  "limited-once": (call) =>
    call === 1
      ? failure(429, "RESOURCE_EXHAUSTED", [
          { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.2s" },
        ])
      : success(TEXT),
  "limited-day": () =>
    failure(429, "RESOURCE_EXHAUSTED", [
      { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel" }] },
    ]),
  down: () => failure(500, "INTERNAL"),
  "down-once": (call) => (call === 1 ? failure(503, "UNAVAILABLE") : success(TEXT)),
  blocked: () => ({ status: 200, body: { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } } }),
  refused: () => success("", "SAFETY"),
  "cut-empty": () => success("", "MAX_TOKENS"),
  "cut-once": (call) => success(call === 1 ? "" : TEXT, call === 1 ? "MAX_TOKENS" : "STOP"),
  unknown: () => success("", "TIRED"),
  gone: () => failure(404, "NOT_FOUND"),
  "gone-once": (call) => (call === 1 ? failure(404, "NOT_FOUND") : success(TEXT)),
  huge: () => success("x".repeat(5 * 1_048_576)),
  silent: () => null,
  "silent-once": (call) => (call === 1 ? null : success(TEXT)),
};

/** What to respond with to a transcript without a tag: a result, or the name of a behaviour. */
export type ChooseResponse = (transcript: string) => Promise<AnalysisResult | string>;

export async function startFakeGemini({
  choose = () => Promise.resolve("ok"),
}: { choose?: ChooseResponse } = {}) {
  const calls: { tag: string; request: GeminiRequest }[] = [];
  const rejected: string[] = [];

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = ({ status, body }: Reply) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (!/^\/models\/[\w.-]+:generateContent$/.test(request.url ?? ""))
      return void send(failure(404, "NOT_FOUND"));
    if (request.headers["x-goog-api-key"] !== FAKE_GEMINI_KEY)
      return void send(failure(400, "INVALID_ARGUMENT", [{ reason: "API_KEY_INVALID" }]));
    const {
      success: isValid,
      data,
      error,
    } = GeminiRequest.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    if (!isValid) {
      rejected.push(z.prettifyError(error));
      return void send(failure(400, "INVALID_ARGUMENT"));
    }
    const transcript = data.contents[0]?.parts[0]?.text ?? "";
    const chosen = /\[gemini:([\w-]+)\]/.exec(transcript)?.[1] ?? (await choose(transcript));
    if (typeof chosen !== "string") return void send(success(JSON.stringify(chosen)));
    const tag = chosen;
    calls.push({ tag, request: data });
    const reply = BEHAVIOURS[tag]?.(calls.filter((call) => call.tag === tag).length);
    if (tag === "slow") await pause(SLOW_MS);
    if (reply) send(reply);
  }

  const { url, stop } = await startHttpServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  return {
    /** For GEMINI_API_URL. */
    url: `${url}/models`,
    calls,
    /** Why requests were not valid. */
    rejected,
    stop,
  };
}

function hasKnownKeywords(schema: Record<string, unknown>): boolean {
  return Object.entries(schema).every(([keyword, value]) => {
    if (!SCHEMA_KEYWORDS.test(keyword)) return false;
    const inner =
      keyword === "properties" ? Object.values(value as object) : keyword === "items" ? [value] : [];
    return inner.every((each) => hasKnownKeywords(each as Record<string, unknown>));
  });
}
