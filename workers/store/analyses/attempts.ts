/** Calls of the model for analyses: what each was expected to cost, what it used, how it ended, and what those of a day cost together. */
import { and, eq, gte, isNull, type SQL, sql } from "drizzle-orm";
import { analyses, analysisAttempts, domains } from "../../../drizzle/schema.ts";
import type { AnalysisUsage } from "../../domain/analysis/price.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import type { AnalysisError, AnalysisResult, AnalysisWait } from "../../schemas/analysis.ts";
import { type DatabaseConfig, type Reader, withPrimary, type WriterTransaction } from "../db/db.ts";

export interface Attempt {
  analysisId: string;
  attempt: number;
}

/** Stores that a claimed attempt begins. */
export async function startAttempt(
  tx: WriterTransaction,
  { analysisId, attempt }: Attempt,
  estimatedPico: bigint | null,
  now: Date,
): Promise<void> {
  await tx.insert(analysisAttempts).values({ analysisId, attempt, startedAt: now, estimatedPico });
}

/** Ends attempts that have stored no end, and may have been billed. */
export async function abandonAttempts(
  tx: WriterTransaction,
  ofAnalysis: SQL,
  outcome: string,
  now: Date,
): Promise<void> {
  await tx
    .update(analysisAttempts)
    .set({ outcome, endedAt: now })
    .where(and(ofAnalysis, isNull(analysisAttempts.outcome)));
}

/**
 * Replaces what the attempt is expected to read and cost; returns what the day costs with it, and whether the domain's conversations may
 * still be analyzed.
 */
export async function correctEstimate(
  config: DatabaseConfig,
  { analysisId, attempt }: Attempt,
  { tokens, pico }: { tokens: number; pico: bigint | null },
  now: Date,
): Promise<{ spent: bigint; isEnabled: boolean }> {
  return withPrimary(config, async (db) => {
    const [, , [domain]] = await db.batch([
      db.update(analyses).set({ estimatedTokens: tokens }).where(eq(analyses.id, analysisId)),
      db.update(analysisAttempts).set({ estimatedPico: pico }).where(isAttempt({ analysisId, attempt })),
      db
        .select({ isEnabled: domains.analysisEnabled })
        .from(domains)
        .innerJoin(analyses, eq(analyses.domainId, domains.id))
        .where(eq(analyses.id, analysisId)),
    ]);
    return { spent: await spentToday(db, now), isEnabled: domain?.isEnabled ?? false };
  });
}

export interface AttemptCost {
  usage: AnalysisUsage | null;
  /** 0: the provider has billed nothing; null: not known, so that the estimate counts. */
  costPico: bigint | null;
  /** The model that responded; null: as requested. */
  model: string | null;
}

/** The text of a response that is no result, and what limits it. */
export interface KeptResponse {
  content: string;
  note: string;
}

export type AttemptEnd =
  /** `error`: why this attempt failed although the analysis has the text of an earlier one. */
  | {
      status: "completed";
      result: AnalysisResult | null;
      content: string | null;
      note: string | null;
      error: AnalysisError | null;
    }
  /** `nextAttemptAt` null: it is not tried again. `kept` null: what earlier attempts have kept stays. */
  | {
      status: "failed";
      error: AnalysisError;
      nextAttemptAt: Date | null;
      waitsFor: AnalysisWait | null;
      kept: KeptResponse | null;
    };

/** Stores the end of an attempt; again, it changes nothing. False where the lease was lost meanwhile: then only tokens and cost are stored. */
export async function endAttempt(
  config: DatabaseConfig,
  { analysisId, attempt }: Attempt,
  promptHash: string,
  { usage, costPico, model }: AttemptCost,
  end: AttemptEnd,
  now: Date,
): Promise<boolean> {
  const isRetried = end.status === "failed" && end.nextAttemptAt !== null;
  const { error } = end;
  const response = end.status === "completed" ? end : end.kept;
  const ended = {
    status: isRetried ? "pending" : end.status,
    leaseUntil: null,
    nextAttemptAt: end.status === "failed" ? end.nextAttemptAt : null,
    waitsFor: end.status === "failed" ? end.waitsFor : null,
    completedAt: isRetried ? null : now,
    promptHash,
    updatedAt: now,
    // The next attempt asks the requested model again, whatever version of it has responded.
    model: isRetried ? undefined : (model ?? undefined),
    ...(end.status === "completed" && { result: end.result }),
    ...(response && { analysisContent: response.content, note: response.note }),
    ...(error && { errors: sql`${analyses.errors} || ${JSON.stringify([error])}::jsonb` }),
  } as const;
  const outcome = error?.code ?? "completed";
  return withPrimary(config, async (db) => {
    const [, , changed] = await db.batch([
      db
        .update(analysisAttempts)
        .set({
          ...usage,
          costPico,
          outcome: sql`coalesce(${analysisAttempts.outcome}, ${outcome})`,
          endedAt: sql`coalesce(${analysisAttempts.endedAt}, ${now.toISOString()}::timestamptz)`,
        })
        .where(isAttempt({ analysisId, attempt })),
      db
        .update(analyses)
        .set({
          inputTokens: attemptSum("input_tokens"),
          cachedInputTokens: attemptSum("cached_input_tokens"),
          outputTokens: attemptSum("output_tokens"),
          thinkingTokens: attemptSum("thinking_tokens"),
          // A sum without an unpriced response would be too low.
          costPico: sql`(select case when not bool_or(output_tokens is not null and cost_pico is null) then sum(cost_pico) end
            from analysis_attempts where analysis_id = ${analyses.id})`,
        })
        .where(eq(analyses.id, analysisId)),
      db
        .update(analyses)
        .set(ended)
        .where(
          and(eq(analyses.id, analysisId), eq(analyses.attempts, attempt), eq(analyses.status, "processing")),
        )
        .returning({ id: analyses.id }),
    ]);
    return changed.length > 0;
  });
}

/** Pico-dollars of the attempts that started on the UTC day of `now`: as reported, else as estimated, running ones included. */
export async function spentToday(db: Pick<Reader, "select">, now: Date): Promise<bigint> {
  const day = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
  const [row] = await db
    .select({
      pico: sql<string>`coalesce(sum(coalesce(${analysisAttempts.costPico}, ${analysisAttempts.estimatedPico})), 0)`,
    })
    .from(analysisAttempts)
    .where(gte(analysisAttempts.startedAt, day));
  return BigInt(row?.pico ?? 0);
}

export function readSpentToday(config: DatabaseConfig, now: Date): Promise<bigint> {
  return withPrimary(config, (db) => spentToday(db, now));
}

/** Estimated pico-dollars of an analysis's ended attempts whose cost the provider did not report; null: none. */
export const unreportedPico = sql<string | null>`(select sum(t.estimated_pico) from analysis_attempts t
  where t.analysis_id = ${analyses.id} and t.cost_pico is null and t.outcome is not null)`;

const attemptSum = (column: string) =>
  sql`(select sum(${sql.raw(column)}) from analysis_attempts where analysis_id = ${analyses.id})`;

const isAttempt = ({ analysisId, attempt }: Attempt) =>
  and(eq(analysisAttempts.analysisId, analysisId), eq(analysisAttempts.attempt, attempt));
