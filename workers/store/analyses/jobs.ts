/**
 * Analyses as jobs. A claim is one transaction under an advisory lock: it counts the live leases and sets status, attempt and lease, so that
 * no more jobs run than allowed and each attempt calls the model once, however often its queue message is delivered.
 */
import { and, eq, inArray, ne, lt, or, sql } from "drizzle-orm";
import { analyses, domains } from "../../../drizzle/schema.ts";
import type { AnalysisUsage } from "../../domain/analysis/price.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import type { AnalysisError, AnalysisResult } from "../../schemas/analysis.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { type DatabaseConfig, withPrimary, withWriter } from "../db/db.ts";
import { spentToday } from "./read.ts";

/** Key of the lock that claims hold. */
const CLAIM_LOCK = 7_263_117;

export type AnalysisJob = typeof analyses.$inferSelect;

export interface ClaimLimits {
  maxConcurrent: number;
  maxAttempts: number;
  /** Until the attempt counts as lost. */
  leaseMs: number;
  /** Pico-dollars per UTC day; null: no limit. */
  dailyBudget: bigint | null;
}

export type Claim =
  | { state: "claimed"; job: AnalysisJob }
  /** Not due, or all slots are taken. */
  | { state: "wait"; delayMs: number }
  /** Ended, or ended by this call. */
  | { state: "ended" };

const BUSY_DELAY_MS = 15_000;

/** Claims the next attempt of an analysis. */
export async function claimAnalysis(
  config: DatabaseConfig,
  id: string,
  limits: ClaimLimits,
  now: Date,
): Promise<Claim> {
  return withWriter(config, (db) =>
    db.transaction(async (tx): Promise<Claim> => {
      await tx.execute(sql`select pg_advisory_xact_lock(${CLAIM_LOCK}::bigint)`);
      const [found] = await tx
        .select({ job: analyses, isEnabled: domains.analysisEnabled })
        .from(analyses)
        .innerJoin(domains, eq(domains.id, analyses.domainId))
        .where(eq(analyses.id, id));
      if (!found || found.job.status === "completed" || found.job.status === "failed")
        return { state: "ended" };
      const { job, isEnabled } = found;
      const dueAt = (job.status === "processing" ? job.leaseUntil : job.nextAttemptAt)?.getTime() ?? 0;
      if (dueAt > now.getTime()) return { state: "wait", delayMs: dueAt - now.getTime() };
      const set = async (change: Partial<AnalysisJob>) =>
        (
          await tx
            .update(analyses)
            .set({ ...change, updatedAt: now })
            .where(eq(analyses.id, id))
            .returning()
        )[0]!;
      const error = (code: string, message: string): AnalysisError => ({
        at: now.toISOString(),
        attempt: job.attempts,
        code,
        message,
      });
      const lost = error("interrupted", "The attempt was interrupted, or took too long.");
      const errors = job.status === "processing" ? [...job.errors, lost] : job.errors;
      const end = {
        status: "failed",
        leaseUntil: null,
        nextAttemptAt: null,
        completedAt: now,
        note: null,
      } as const;
      if (!isEnabled) {
        const off = error("domain_off", "Analysis was turned off for this domain. Turn it on and try again.");
        await set({ ...end, errors: [...errors, off] });
        return { state: "ended" };
      }
      if (job.attempts >= limits.maxAttempts) {
        await set({ ...end, errors });
        return { state: "ended" };
      }
      if (limits.dailyBudget !== null && (await spentToday(tx, now)) >= limits.dailyBudget) {
        const tomorrow = new Date((Math.floor(now.getTime() / DAY_MS) + 1) * DAY_MS);
        const note = "The daily budget is spent. The analysis continues at 00:00 UTC.";
        await set({ status: "pending", leaseUntil: null, nextAttemptAt: tomorrow, errors, note });
        return { state: "wait", delayMs: tomorrow.getTime() - now.getTime() };
      }
      const [live] = await tx
        .select({ count: sql<string>`count(*)` })
        .from(analyses)
        .where(
          and(
            eq(analyses.status, "processing"),
            sql`${analyses.leaseUntil} > ${now.toISOString()}::timestamptz`,
          ),
        );
      if (Number(live?.count ?? 0) >= limits.maxConcurrent) return { state: "wait", delayMs: BUSY_DELAY_MS };
      const claimed = await set({
        status: "processing",
        attempts: job.attempts + 1,
        leaseUntil: new Date(now.getTime() + limits.leaseMs),
        nextAttemptAt: null,
        startedAt: now,
        note: null,
        errors,
      });
      return { state: "claimed", job: claimed };
    }),
  );
}

export interface AttemptCost {
  usage: AnalysisUsage | null;
  costPico: bigint | null;
  /** The model that responded; null: as requested. */
  model: string | null;
}

export type AttemptEnd =
  | { status: "completed"; result: AnalysisResult | null; content: string | null; note: string | null }
  /** `nextAttemptAt` null: it is not tried again. */
  | { status: "failed"; error: AnalysisError; nextAttemptAt: Date | null };

/**
 * Stores the end of an attempt; again with the same `now`, it changes nothing. False where the lease was lost meanwhile: then only tokens
 * and cost are added.
 */
export async function endAttempt(
  config: DatabaseConfig,
  job: AnalysisJob,
  promptHash: string,
  { usage, costPico, model }: AttemptCost,
  end: AttemptEnd,
  now: Date,
): Promise<boolean> {
  const plus = (column: keyof AnalysisUsage) =>
    usage === null ? undefined : sql`coalesce(${analyses[column]}, 0) + ${usage[column]}::bigint`;
  const billed = {
    inputTokens: plus("inputTokens"),
    cachedInputTokens: plus("cachedInputTokens"),
    outputTokens: plus("outputTokens"),
    thinkingTokens: plus("thinkingTokens"),
    costPico:
      costPico === null
        ? undefined
        : sql`coalesce(${analyses.costPico}, 0) + ${costPico.toString()}::numeric`,
    model: model ?? undefined,
    updatedAt: now,
  };
  const isRetried = end.status === "failed" && end.nextAttemptAt !== null;
  const ended = {
    status: isRetried ? "pending" : end.status,
    leaseUntil: null,
    nextAttemptAt: end.status === "failed" ? end.nextAttemptAt : null,
    completedAt: isRetried ? null : now,
    promptHash,
    ...(end.status === "completed"
      ? { result: end.result, analysisContent: end.content, note: end.note }
      : { errors: sql`${analyses.errors} || ${JSON.stringify([end.error])}::jsonb` }),
  } as const;
  return withPrimary(config, async (db) => {
    const isOurs = and(
      eq(analyses.id, job.id),
      eq(analyses.attempts, job.attempts),
      eq(analyses.status, "processing"),
    );
    const changed = await db
      .update(analyses)
      .set({ ...billed, ...ended })
      .where(isOurs)
      .returning({ id: analyses.id });
    if (changed.length > 0) return true;
    await db
      .update(analyses)
      .set(billed)
      .where(and(eq(analyses.id, job.id), ne(analyses.updatedAt, now)));
    return false;
  });
}

/** Ids of analyses whose queue message is lost: they were due, or their lease ended, before `before`. */
export async function overdueAnalyses(
  config: DatabaseConfig,
  before: Date,
  limit: number,
): Promise<string[]> {
  const rows = await withPrimary(config, (db) =>
    db
      .select({ id: analyses.id })
      .from(analyses)
      .where(isOverdue(before))
      .orderBy(analyses.createdAt)
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}

const MAX_FAILED_AT_ONCE = 1_000;

/** Fails analyses that should have been tried, or whose attempt should have ended, before `before`; those that wait for a budget are not due. */
export async function failStuckAnalyses(
  config: DatabaseConfig,
  before: Date,
  by: AuditActor,
): Promise<string[]> {
  const ids = await overdueAnalyses(config, before, MAX_FAILED_AT_ONCE);
  const error = { at: by.now.toISOString(), code: "stuck", message: "It neither ran nor started in time." };
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      // A claim of one of them waits, and then finds it failed.
      await tx.execute(sql`select pg_advisory_xact_lock(${CLAIM_LOCK}::bigint)`);
      const failed = await tx
        .update(analyses)
        .set({
          status: "failed",
          leaseUntil: null,
          nextAttemptAt: null,
          completedAt: by.now,
          note: null,
          updatedAt: by.now,
          errors: sql`${analyses.errors} || jsonb_build_array(${JSON.stringify(error)}::jsonb || jsonb_build_object('attempt', ${analyses.attempts}))`,
        })
        .where(and(inArray(analyses.id, ids), isOverdue(before)))
        .returning({ id: analyses.id });
      const details = { analyses: failed.length };
      await auditInsert(tx, { ...by, action: "analysis.fail_stuck", target: "*", details });
      return failed.map(({ id }) => id);
    }),
  );
}

const isOverdue = (before: Date) =>
  or(
    and(eq(analyses.status, "pending"), lt(analyses.nextAttemptAt, before)),
    and(eq(analyses.status, "processing"), lt(analyses.leaseUntil, before)),
  );
