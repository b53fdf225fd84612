/** AI analyses of conversations: `/api/analyses`. */
import { z } from "zod";
import {
  AnalysisError,
  AnalysisProvider,
  AnalysisResult,
  AnalysisStatus,
  AnalysisWait,
} from "../analysis.ts";
import { seriesBuckets } from "./overview.ts";
import {
  CursorText,
  DomainFilter,
  Limit,
  oneOf,
  optional,
  PeriodEnd,
  PeriodStart,
  text,
  time,
  TimeZone,
  uuid,
  whole,
  wholeInBody,
} from "./parameters.ts";

const count = z.number().int();
const name = z.string().nullable();
const at = z.iso.datetime();
const usd = z.string().nullable();

const BRANCH_RULE = "a branch's key or name";
const PROMPT_RULE = "instructions of at most 20,000 characters";
const customPrompt = z
  .string({ error: PROMPT_RULE })
  .max(20_000, { error: PROMPT_RULE })
  // PostgreSQL stores no NUL.
  .regex(/^[^\u0000]*$/, { error: PROMPT_RULE })
  .transform((value) => (value.trim() === "" ? undefined : value))
  .optional()
  .describe("Replaces the default instructions. Absent or empty: the default.");

export const AnalysisInput = z.strictObject(
  {
    conversationId: uuid(),
    branchId: text(100, BRANCH_RULE).default("main"),
    customPrompt,
  },
  { error: "conversationId, branchId, customPrompt" },
);
/** A request without a body has the default instructions. */
export const RegenerateInput = z.strictObject({ customPrompt }, { error: "customPrompt" });

export const FailStuckInput = z.strictObject(
  {
    minutes: wholeInBody(1, 10_080)
      .default(15)
      .describe("Minutes for which they should have ended, or started, by now."),
  },
  { error: "minutes" },
);
export const FailedStuck = z.object({
  analysisIds: z.array(z.string()).describe("Analyses that have failed now, at most 1,000, oldest first."),
});
export type FailedStuck = z.infer<typeof FailedStuck>;

export const AnalysisParameter = z.object({
  conversationId: uuid().describe("The id of the conversation, or a former one."),
  branchId: text(100, BRANCH_RULE).describe("A branch's key or name."),
});
export const AnalysisVersionQuery = z.object({
  version: optional(whole(1, 100_000)).describe("An earlier version; default: the current one."),
});

export const AnalysisCreated = z.object({
  message: z.string(),
  analysisId: z.string(),
  status: AnalysisStatus,
});
export type AnalysisCreated = z.infer<typeof AnalysisCreated>;

const row = {
  id: z.string(),
  conversationId: z.string(),
  branchKey: z.string().describe("The id of the branch's first request."),
  branchId: z.string(),
  domain: z.string(),
  version: count.describe("1 for the first analysis of the branch."),
  status: AnalysisStatus,
  attempts: count.describe("Calls of the model that were started."),
  nextAttemptAt: at.nullable().describe("When a pending analysis is tried next."),
  waitsFor: AnalysisWait.nullable().describe(
    "What a pending analysis waits for: a free slot, the next day's budget, or as long as the provider says. POST /api/analyses ends the last two waits.",
  ),
  provider: AnalysisProvider,
  model: z.string().describe("The model that responded; before that, the requested one."),
  tokenUsage: z
    .object({
      prompt: count.describe("Cached tokens included."),
      completion: count.describe("Thinking included."),
      thinking: count,
      total: count,
    })
    .nullable()
    .describe("Of all attempts; null before the first response."),
  costUsd: usd.describe(
    "Exact decimal; null where it is not known. Not part of the cost of proxied requests.",
  ),
  unreportedCostUsd: usd.describe(
    "Estimated cost of attempts whose usage the provider did not report, such as after a timeout; they may have been billed. Null: none.",
  ),
  requestedBy: z.string(),
  createdAt: at,
  updatedAt: at,
  completedAt: at.nullable(),
  durationMs: count.nullable().describe("Of the last attempt."),
};

export const AnalysisView = z.object({
  ...row,
  customPrompt: name,
  promptHash: name.describe("SHA-256 of the prompt files; null before the first attempt."),
  data: AnalysisResult.nullable().describe("Null where the response was not valid; then `content` has it."),
  content: name.describe("The text of a response that is not structured."),
  note: name.describe("Something that limits the result, such as omitted messages."),
  error: AnalysisError.nullable().describe("The last failed attempt."),
  errors: z.array(AnalysisError).describe("All failed attempts, oldest first."),
  completedVersion: count
    .nullable()
    .describe("The last version with a result, which may be an earlier one than the current; null: none."),
  versions: z
    .array(
      z.object({ version: count, status: AnalysisStatus, createdAt: at, model: z.string(), costUsd: usd }),
    )
    .describe("All analyses of this branch, newest first."),
});
export type AnalysisView = z.infer<typeof AnalysisView>;

export const AnalysisListQuery = z.object({
  status: optional(oneOf(AnalysisStatus.options)).describe("Only this status."),
  domain: DomainFilter,
  from: optional(time()).describe("Created at or after."),
  to: optional(time()).describe("Created before."),
  limit: Limit,
  cursor: CursorText,
});
export type AnalysisListQuery = z.infer<typeof AnalysisListQuery>;

export const AnalysisListRow = z.object({
  ...row,
  title: name.describe("The beginning of the conversation's first user prompt."),
  summary: name,
  sentiment: AnalysisResult.shape.sentiment.nullable(),
  effectiveness: AnalysisResult.shape.conversationQuality.shape.effectiveness.nullable(),
  tipCategories: z.array(z.string()).describe("The category of each prompting tip."),
  error: AnalysisError.nullable(),
});
export type AnalysisListRow = z.infer<typeof AnalysisListRow>;

export const AnalysisList = z.object({
  analyses: z.array(AnalysisListRow).describe("Current analyses, newest first."),
  nextCursor: z.string().nullable(),
});
export type AnalysisList = z.infer<typeof AnalysisList>;

const reader = {
  problem: z
    .string()
    .nullable()
    .describe("With `not_configured`: what is missing, and what to set; else null."),
  provider: AnalysisProvider.describe("Who would read a conversation."),
  model: z.string(),
  dailyBudgetUsd: usd.describe("Null: no budget."),
  spentTodayUsd: z
    .string()
    .describe("Cost of the attempts that started on this UTC day; estimated where it is not reported (yet)."),
};
const readerStates = ["ready", "not_configured", "worker_off", "budget_spent"] as const;

export const AnalysisReader = z.object({
  state: z
    .enum(readerStates)
    .describe("Whether analyses can run now, or why not. With the last two, new ones wait."),
  ...reader,
});
export type AnalysisReader = z.infer<typeof AnalysisReader>;

export const AnalysisPlan = z.object({
  state: z
    .enum([...readerStates, "domain_off", "over_budget"])
    .describe(
      "Whether an analysis can start now, or why not. With `worker_off` and `budget_spent` it waits; with `over_budget` its cost exceeds the budget of any day, or is not known.",
    ),
  ...reader,
  domain: z.string(),
  branchKey: z.string().describe("The id of the branch's first request."),
  branchId: z.string(),
  prompt: z.string().describe("The default instructions, which `customPrompt` replaces."),
  inputTokens: count.nullable().describe("Estimated prompt tokens, at most; null without recorded usage."),
  costUsd: usd.describe("Estimated cost; null where the model has no known price."),
  current: z
    .object({ version: count, status: AnalysisStatus })
    .nullable()
    .describe("The current analysis of the branch; null: none."),
});
export type AnalysisPlan = z.infer<typeof AnalysisPlan>;

export const AnalysisTrendsQuery = z.object({
  from: PeriodStart,
  to: PeriodEnd,
  timeZone: TimeZone,
  domain: DomainFilter,
});

const sentiments = countsOf(AnalysisResult.shape.sentiment.options);
const effectiveness = countsOf(AnalysisResult.shape.conversationQuality.shape.effectiveness.options);
const average = z.number().nullable().describe("Average of scores from 0 to 10; null without a result.");
const averages = { promptClarity: average, contextCompleteness: average };
const costs = {
  costUsd: z.string().describe("Of all versions, failed ones included. Not part of the proxied requests."),
  unreportedCostUsd: z
    .string()
    .describe(
      "Estimated cost of attempts whose usage the provider did not report; they may have been billed.",
    ),
  unpricedCount: count.describe("Analyses with tokens whose model has no known price."),
  promptTokens: count,
  completionTokens: count,
};

export const AnalysisTrends = z.object({
  from: at,
  to: at,
  statuses: countsOf(AnalysisStatus.options).describe("Current analyses that were created in the period."),
  sentiments,
  effectiveness,
  ...averages,
  ...costs,
  tips: z
    .array(z.object({ category: z.string(), count }))
    .describe("Categories of prompting tips, by the analyses that give one; most frequent first."),
  topics: z
    .array(z.object({ topic: z.string(), count }))
    .describe("Key topics, by the analyses that name one; most frequent first, at most 20."),
  ...seriesBuckets,
  series: z
    .array(z.object({ time: at, sentiments, effectiveness, ...averages, ...costs }))
    .describe("Every bucket of the period, including empty ones; the first and last may be partial."),
});
export type AnalysisTrends = z.infer<typeof AnalysisTrends>;

function countsOf<const Name extends string>(names: readonly Name[]) {
  return z.record(z.enum(names), count);
}
