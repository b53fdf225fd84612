/**
 * The analysis of a conversation: what the model returns, and what is stored about a run. The JSON schema that the model is given comes from
 * AnalysisResult (workers/domain/analysis/model-schema.ts). Field names are those of the existing system.
 */
import { z } from "zod";

export const AnalysisStatus = z.enum(["pending", "processing", "completed", "failed"]);
export type AnalysisStatus = z.infer<typeof AnalysisStatus>;

/** Why a pending analysis is not tried yet: others run, the day's budget is spent, or the provider asked to wait. */
export const AnalysisWait = z.enum(["slot", "budget", "provider"]);
export type AnalysisWait = z.infer<typeof AnalysisWait>;

export const AnalysisProvider = z.enum(["gemini", "claude"]);
export type AnalysisProvider = z.infer<typeof AnalysisProvider>;

const list = z.array(z.string());
const score = z.number().min(0).max(10).describe("From 0 to 10.");
const messages = z
  .array(z.number().int())
  .describe("Numbers of the messages that it is about, as in the transcript.");

export const AnalysisResult = z.object({
  summary: z
    .string()
    .describe("What the conversation was about and how it ended, in three to six sentences."),
  keyTopics: list,
  sentiment: z.enum(["positive", "neutral", "negative", "mixed"]),
  userIntent: z.string(),
  outcomes: list,
  actionItems: z.array(
    z.object({
      type: z.enum(["task", "prompt_improvement", "follow_up"]),
      description: z.string(),
      priority: z.enum(["high", "medium", "low"]).optional(),
    }),
  ),
  promptingTips: z.array(
    z.object({
      category: z.enum(["clarity", "context", "structure", "specificity", "efficiency"]),
      issue: z.string(),
      suggestion: z.string(),
      example: z.string().optional(),
      messages,
    }),
  ),
  interactionPatterns: z.object({
    promptClarity: score,
    contextCompleteness: score,
    followUpEffectiveness: z.enum(["excellent", "good", "needs_improvement"]),
    commonIssues: list,
    strengths: list,
  }),
  technicalDetails: z.object({
    frameworks: list,
    issues: list,
    solutions: list,
    toolUsageEfficiency: z.enum(["optimal", "good", "could_improve"]).optional(),
    contextWindowManagement: z.enum(["efficient", "acceptable", "wasteful"]).optional(),
  }),
  conversationQuality: z.object({
    clarity: z.enum(["high", "medium", "low"]),
    clarityImprovement: z.string().optional(),
    completeness: z.enum(["complete", "partial", "incomplete"]),
    completenessImprovement: z.string().optional(),
    effectiveness: z.enum(["highly effective", "effective", "needs improvement"]),
    effectivenessImprovement: z.string().optional(),
  }),
});
export type AnalysisResult = z.infer<typeof AnalysisResult>;

/** Kinds of failure. Stored ones may be those of a later version. */
export type AnalysisFailureCode =
  | "blocked"
  | "domain_off"
  | "interrupted"
  | "invalid_response"
  | "invalid_result"
  | "key_rejected"
  | "model_gone"
  | "no_branch"
  | "no_output_config"
  | "no_transcript"
  | "not_called"
  | "not_configured"
  | "not_prepared"
  | "over_budget"
  | "provider_error"
  | "quota_day"
  | "rate_limited"
  | "rejected"
  | "response_cut"
  | "response_too_large"
  | "stuck"
  | "timeout"
  | "too_long"
  | "unexpected_end"
  | "unreachable";

/** One failed attempt. `message` says what happened and what to do, without secrets. */
export const AnalysisError = z.object({
  at: z.iso.datetime(),
  attempt: z.number().int(),
  code: z.string().describe("Kind of failure, such as `rate_limited`, `timeout`, `model_gone` or `blocked`."),
  message: z.string(),
});
export type AnalysisError = z.infer<typeof AnalysisError>;

/** The queue message of an analysis. Redelivered messages are harmless: an attempt is claimed in Postgres. */
export const AnalysisMessage = z.looseObject({ v: z.literal(1), kind: z.literal("analysis"), id: z.uuid() });
export type AnalysisMessage = z.infer<typeof AnalysisMessage>;
