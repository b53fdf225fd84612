/** One attempt of an analysis: transcript, prompt, one call of the model, checked result. */
import { claudeCall, NO_OUTPUT_CONFIG, readClaudeResponse } from "../domain/analysis/claude.ts";
import { geminiCall, readGeminiResponse } from "../domain/analysis/gemini.ts";
import {
  isLastAttempt,
  keptNote,
  mayBeBilled,
  OVER_BUDGET,
  retryDelayMs,
  waitAfter,
} from "../domain/analysis/attempts.ts";
import {
  modelFailure,
  type ModelFailure,
  type ModelRequest,
  type ModelResponse,
} from "../domain/analysis/model-call.ts";
import { analysisCost, estimateCost } from "../domain/analysis/price.ts";
import type { AnalysisPrompt, AnalysisPrompts } from "../domain/analysis/prompt.ts";
import { calibrationOf, estimateTokens } from "../domain/analysis/estimate-tokens.ts";
import { MAX_OUTPUT_TOKENS, maxPromptTokens } from "../domain/analysis/provider.ts";
import { readResult } from "../domain/analysis/result.ts";
import { type PreparedTranscript, prepareTranscript } from "../domain/analysis/transcript.ts";
import { maskPersonalData } from "../domain/masking/personal-data.ts";
import { redact } from "../domain/masking/redact.ts";
import { failed, ok, type Result } from "../domain/result.ts";
import { plainText } from "../domain/truncate.ts";
import type { Config } from "../runtime/config.ts";
import { MAX_ANALYSIS_CALL_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { readText } from "../runtime/read-body.ts";
import type { AnalysisFailureCode, AnalysisProvider } from "../schemas/analysis.ts";
import {
  type AttemptEnd,
  correctEstimate,
  endAttempt,
  type KeptResponse,
} from "../store/analyses/attempts.ts";
import { providerKey } from "../store/analyses/provider.ts";
import { type AnalysisJob, DOMAIN_OFF } from "../store/analyses/jobs.ts";
import { readBranch } from "../store/conversations/branch-messages.ts";
import { bundledAnalysisPrompts } from "../store/prompts/analysis-prompts.ts";

/** A response with an analysis has some 10 KB. */
const MAX_RESPONSE_BYTES = 2 * 1_048_576;
/** Reading this many prompt tokens takes a model about a second. */
const TOKENS_PER_SECOND = 2_000;
const MAX_CONTENT = 200_000;
/** The database may be away for a while. */
const NOT_PREPARED_DELAY_MS = 30_000;
const MAX_MODEL = 200;
/** An earlier part of the conversation has arrived, or it was linked again. */
const NO_BRANCH =
  "This branch is part of another one by now, or was deleted. Analyze the branch that has its messages.";
/** Between attempts to store the end of an attempt; together less than the lease outlasts a call. */
const STORE_DELAYS_MS = [500, 2_000, 5_000, 10_000, 20_000];

/** The limit of a call, which grows with the prompt. */
export function timeoutMs(config: Config, promptTokens: number): number {
  const base = config.AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS;
  return Math.min(MAX_ANALYSIS_CALL_MS, base + (promptTokens / TOKENS_PER_SECOND) * 1_000);
}

export interface AttemptLimits {
  /** The call has ended by then, whatever its transcript took to prepare, so that its end is stored within the lease. */
  deadline: Date;
  /** Pico-dollars per UTC day; null: no limit. */
  dailyBudget: bigint | null;
}

/** Makes the claimed attempt and stores its end. Milliseconds until the next attempt; null: the analysis has ended. */
export async function runAttempt(
  config: Config,
  job: AnalysisJob,
  limits: AttemptLimits,
): Promise<number | null> {
  const prompts = await bundledAnalysisPrompts();
  const prepared = await prepareWithin(config, job, prompts, limits);
  const response = prepared.ok
    ? await callModel(config, job.provider, prepared.value, limits)
    : prepared.error;
  const now = new Date();
  const end = endOf(config, job, response, prepared.ok ? prepared.value.transcript : null, now);
  const { model } = response;
  const cost = {
    usage: response.usage,
    costPico: costOf(job, response, end, now),
    model: model && plainText(model, MAX_MODEL),
  };
  const attempt = { analysisId: job.id, attempt: job.attempts };
  await storeEnd(() => endAttempt(config, attempt, prompts.hash, cost, storable(end), now));
  if (end.error) log.warn("analysis: attempt failed", { id: job.id, code: end.error.code });
  return end.status === "failed" && end.nextAttemptAt ? end.nextAttemptAt.getTime() - now.getTime() : null;
}

/** Null: not known, because the response had no usage or the model has no known price. */
function costOf(
  job: AnalysisJob,
  { usage, model }: ModelResponse | ModelFailure,
  end: AttemptEnd,
  now: Date,
): bigint | null {
  if (usage === null) return end.error && !mayBeBilled(end.error.code) ? 0n : null;
  const costBy = (named: string) => analysisCost(job.provider, named, usage, now);
  // The provider may name a version of the model, which has the same price.
  return (model === null ? null : costBy(model)) ?? costBy(job.model);
}

/** A response that was paid for is not lost because the database is away for a minute. */
async function storeEnd(store: () => Promise<unknown>): Promise<void> {
  for (const delayMs of STORE_DELAYS_MS) {
    try {
      await store();
      return;
    } catch (thrown) {
      log.warn("analysis: end of the attempt not stored yet", { error: errorText(thrown) });
      await scheduler.wait(delayMs);
    }
  }
  await store();
}

/** Without what Postgres does not take in texts: NUL, and surrogates without their other half. */
function storable<T>(value: T): T {
  if (typeof value === "string") return value.replaceAll("\u0000", "").toWellFormed() as T;
  if (Array.isArray(value)) return value.map(storable) as T;
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, storable(inner)])) as T;
}

/** A request with its transcript. */
interface Prepared {
  request: ModelRequest;
  transcript: PreparedTranscript;
  /** Estimate of the whole prompt. */
  tokens: number;
}

/** The request, whose estimated cost is within the budget; or why the model cannot be called. */
async function prepareWithin(
  config: Config,
  job: AnalysisJob,
  prompts: AnalysisPrompts,
  { dailyBudget }: AttemptLimits,
): Promise<Result<Prepared, ModelFailure>> {
  try {
    const prepared = await prepare(config, job, prompts);
    if (!prepared.ok) return prepared;
    const now = new Date();
    const { tokens } = prepared.value;
    const pico = estimateCost(job.provider, job.model, tokens, now);
    const attempt = { analysisId: job.id, attempt: job.attempts };
    const { spent, isEnabled } = await correctEstimate(config, attempt, { tokens, pico }, now);
    if (!isEnabled) return failed(modelFailure("domain_off", DOMAIN_OFF, null));
    if (dailyBudget !== null && spent > dailyBudget)
      return failed(
        modelFailure(OVER_BUDGET, "The transcript costs more than is left of the daily budget.", {
          retryAfterMs: undefined,
        }),
      );
    return prepared;
  } catch (thrown) {
    const message = `The transcript could not be read: ${redact(errorText(thrown))}`;
    return failed(modelFailure("not_prepared", message, { retryAfterMs: NOT_PREPARED_DELAY_MS }));
  }
}

async function prepare(
  config: Config,
  job: AnalysisJob,
  prompts: AnalysisPrompts,
): Promise<Result<Prepared, ModelFailure>> {
  const branch = await readBranch(config, job.conversationId, job.branchKey);
  if (!branch.ok) return failed(modelFailure("no_branch", NO_BRANCH, null));
  if (branch.value.messages.length === 0)
    return failed(modelFailure("no_transcript", "No messages of this branch are recorded.", null));
  const { messages, subtaskAnswers, recorded } = branch.value;
  const system = systemOf(job, prompts);
  const systemTokens = estimateTokens(system, job.provider);
  const limits = {
    provider: job.provider,
    maxTokens: Math.max(
      0,
      maxPromptTokens(job.provider, job.model, config.AI_MAX_PROMPT_TOKENS) - systemTokens,
    ),
    targetTokens: config.AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS,
    headTokens: config.AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS,
    tailTokens: config.AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS,
    headMessages: config.AI_HEAD_MESSAGES,
    tailMessages: config.AI_TAIL_MESSAGES,
    calibration: calibrationOf(recorded, job.provider),
  };
  const transcript = prepareTranscript(messages, limits, subtaskAnswers);
  const request = requestOf(job, { system, user: prompts.user(transcript.text) });
  return ok({ request, transcript, tokens: transcript.estimatedTokens + systemTokens });
}

/** An invalid response is asked for again with its problem. */
function systemOf(job: AnalysisJob, prompts: AnalysisPrompts): string {
  // Errors of the network in between change nothing about it.
  const invalid = job.errors.findLast(({ code }) => code === "invalid_result");
  const customPrompt = job.customPrompt === null ? null : maskPersonalData(redact(job.customPrompt));
  return prompts.system({ customPrompt, problem: invalid?.message ?? null });
}

/** A response that was cut is asked for again with twice the tokens. */
function requestOf(job: AnalysisJob, prompt: AnalysisPrompt): ModelRequest {
  const wasCut = job.errors.some(({ code }) => code === "response_cut");
  return {
    model: job.model,
    prompt,
    maxOutputTokens: MAX_OUTPUT_TOKENS * (wasCut ? 2 : 1),
    usesTool: job.errors.some(({ code }) => code === NO_OUTPUT_CONFIG),
  };
}

async function callModel(
  config: Config,
  provider: AnalysisProvider,
  { request, tokens }: Prepared,
  { deadline }: AttemptLimits,
): Promise<ModelResponse | ModelFailure> {
  const limit = Math.min(timeoutMs(config, tokens), deadline.getTime() - Date.now());
  if (limit <= 0)
    return modelFailure("not_called", "Preparing the transcript took too long.", { retryAfterMs: undefined });
  try {
    const key = await providerKey(config, provider);
    if (!key.ok) return modelFailure("not_configured", `${key.error} Then try again.`, null);
    const { url, headers, body } =
      provider === "gemini"
        ? geminiCall(config.GEMINI_API_URL, key.value, request)
        : claudeCall(config.CLAUDE_API_BASE_URL, key.value, request);
    const signal = AbortSignal.timeout(limit);
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    const text = await readText(response.body, MAX_RESPONSE_BYTES);
    if (text === null)
      return modelFailure("response_too_large", "The provider's response is too large to be an analysis.", {
        retryAfterMs: undefined,
      });
    return provider === "gemini"
      ? readGeminiResponse(response.status, text, request.model, Date.now())
      : readClaudeResponse(response.status, text, request.model, response.headers.get("retry-after"));
  } catch (thrown) {
    const isTimeout = thrown instanceof Error && thrown.name === "TimeoutError";
    const message = isTimeout
      ? `The provider took longer than ${Math.round(limit / 1_000)} s.`
      : `The provider is not reachable: ${redact(errorText(thrown))}`;
    return modelFailure(isTimeout ? "timeout" : "unreachable", message, { retryAfterMs: undefined });
  }
}

function endOf(
  config: Config,
  job: AnalysisJob,
  response: ModelResponse | ModelFailure,
  prepared: PreparedTranscript | null,
  now: Date,
): AttemptEnd {
  const isLast = (code: string) => isLastAttempt(job, code, config.AI_ANALYSIS_MAX_RETRIES, now);
  const fail = (
    code: AnalysisFailureCode,
    message: string,
    delayMs: number | null,
    kept: KeptResponse | null = null,
  ): AttemptEnd => {
    const isRetried = delayMs !== null && !isLast(code);
    const error = { at: now.toISOString(), attempt: job.attempts, code, message };
    if (!isRetried && job.analysisContent !== null)
      return {
        status: "completed",
        result: null,
        content: job.analysisContent,
        note: keptNote(job.note, message),
        error,
      };
    return {
      status: "failed",
      error,
      nextAttemptAt: isRetried ? new Date(now.getTime() + delayMs) : null,
      waitsFor: isRetried ? waitAfter(code) : null,
      kept,
    };
  };
  if (!response.ok) {
    const { code, message, retry } = response;
    return fail(code, message, retry && retryDelayMs(job, code, retry.retryAfterMs));
  }
  const omitted = prepared?.omittedMessages ?? 0;
  const note =
    omitted > 0 ? `${omitted} messages in the middle were too long for the model and were omitted.` : null;
  const result = readResult(response.text, prepared?.positions ?? []);
  if (result.ok) return { status: "completed", result: result.value, content: null, note, error: null };
  const kept = response.text.trim() === "" ? null : keptResponse(response, note);
  const { code, message } = response.early ?? { code: "invalid_result", message: result.error };
  const wasAsked = job.errors.some((error) => error.code === code);
  if (!wasAsked && !isLast(code)) return fail(code, message, 0, kept);
  if (kept === null) return fail(code, "The model returned no text.", null);
  return { status: "completed", result: null, ...kept, error: null };
}

/** A response that is no result, with its secrets masked before it is cut. */
function keptResponse({ text, early }: ModelResponse, note: string | null): KeptResponse {
  const masked = redact(text);
  const isLong = masked.length > MAX_CONTENT;
  const notes = [
    early?.code === "unexpected_end" ? early.message : null,
    "The response does not have the expected form.",
    isLong ? `Of its ${masked.length} characters, the first ${MAX_CONTENT} are kept.` : null,
    note,
  ];
  return { content: masked.slice(0, MAX_CONTENT), note: notes.filter((part) => part !== null).join(" ") };
}
