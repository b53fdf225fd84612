/**
 * Analyses as jobs. A claim is one transaction under an advisory lock: it counts the live leases, reserves the estimated cost, and sets
 * status, attempt and lease, so that no more jobs run than allowed, the budget holds, and each attempt calls the model once, however often
 * its queue message is delivered.
 */
import { and, eq, gt, inArray, isNull, lt, min, or, sql } from "drizzle-orm";
import { analyses, analysisAttempts, domains } from "../../../drizzle/schema.ts";
import { countedAttempts, keptNote, OVER_BUDGET } from "../../domain/analysis/attempts.ts";
import { budgetFor, estimateCost } from "../../domain/analysis/price.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import type { AnalysisError, AnalysisFailureCode } from "../../schemas/analysis.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { type DatabaseConfig, withPrimary, withWriter } from "../db/db.ts";
import { abandonAttempts, spentToday, startAttempt } from "./attempts.ts";

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
  /** `leaseUntil`: when the attempt counts as lost. */
  | { state: "claimed"; job: AnalysisJob; leaseUntil: Date }
  /** Not due, or all slots are taken. */
  | { state: "wait"; delayMs: number }
  /** Ended, or ended by this call. */
  | { state: "ended" };

/** The message of an analysis that ends because its domain was turned off. */
export const DOMAIN_OFF = "Analysis was turned off for this domain. Turn it on and try again.";
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
      const error = (code: AnalysisFailureCode, message: string): AnalysisError => ({
        at: now.toISOString(),
        attempt: job.attempts,
        code,
        message,
      });
      const errors = [...job.errors];
      if (job.status === "processing") {
        errors.push(error("interrupted", "The attempt was interrupted, or took too long."));
        await abandonAttempts(tx, eq(analysisAttempts.analysisId, id), "interrupted", now);
      }
      const fail = async (...reasons: AnalysisError[]): Promise<Claim> => {
        const all = [...errors, ...reasons];
        // The text of an earlier attempt has been paid for.
        const kept: Partial<AnalysisJob> | null =
          job.analysisContent === null
            ? null
            : { status: "completed", note: keptNote(job.note, all.at(-1)?.message ?? "") };
        const end = { leaseUntil: null, nextAttemptAt: null, waitsFor: null, completedAt: now };
        await set({ status: "failed", ...end, errors: all, ...kept });
        return { state: "ended" };
      };
      const wait = async (waitsFor: AnalysisJob["waitsFor"], delayMs: number): Promise<Claim> => {
        const nextAttemptAt = new Date(now.getTime() + delayMs);
        await set({ status: "pending", leaseUntil: null, nextAttemptAt, waitsFor, errors });
        return { state: "wait", delayMs };
      };
      if (!isEnabled) return fail(error("domain_off", DOMAIN_OFF));
      if (countedAttempts({ ...job, errors }) >= limits.maxAttempts) return fail();
      const estimate = estimateCost(job.provider, job.model, job.estimatedTokens, now);
      const spent = limits.dailyBudget === null ? 0n : await spentToday(tx, now);
      switch (budgetFor(limits.dailyBudget, spent, estimate)) {
        case "never":
          return fail(error(OVER_BUDGET, overBudget(job.model, estimate, limits.dailyBudget)));
        case "waits":
          return wait("budget", DAY_MS - (now.getTime() % DAY_MS));
        case "covered":
      }
      const running = await tx.$count(
        analyses,
        and(eq(analyses.status, "processing"), gt(analyses.leaseUntil, now)),
      );
      if (running >= limits.maxConcurrent) return wait("slot", BUSY_DELAY_MS);
      const leaseUntil = new Date(now.getTime() + limits.leaseMs);
      const claimed = await set({
        status: "processing",
        attempts: job.attempts + 1,
        leaseUntil,
        nextAttemptAt: null,
        waitsFor: null,
        startedAt: now,
        errors,
      });
      await startAttempt(tx, { analysisId: id, attempt: claimed.attempts }, estimate, now);
      return { state: "claimed", job: claimed, leaseUntil };
    }),
  );
}

function overBudget(model: string, estimate: bigint | null, budget: bigint | null): string {
  return estimate === null
    ? `The price of ${model} is not known, so that AI_DAILY_BUDGET_USD cannot cover it. Choose another model, or remove the budget.`
    : `It would cost about $${formatUsd(estimate)}, more than AI_DAILY_BUDGET_USD ($${formatUsd(budget ?? 0n)}). Raise the budget and try again.`;
}

/** After its queue message was sent again, an analysis gets no further one for so long. */
const ENQUEUE_AGAIN_MS = 600_000;

/**
 * Ids of analyses whose queue message is lost, because they were due, or their lease ended, before `before`. They are marked as enqueued:
 * messages that only come late do not multiply.
 */
export async function takeOverdueAnalyses(
  config: DatabaseConfig,
  before: Date,
  limit: number,
  now: Date,
): Promise<string[]> {
  return withPrimary(config, async (db) => {
    const overdue = db
      .select({ id: analyses.id })
      .from(analyses)
      .where(
        and(
          isOverdue(before),
          or(
            isNull(analyses.enqueuedAt),
            lt(analyses.enqueuedAt, new Date(now.getTime() - ENQUEUE_AGAIN_MS)),
          ),
        ),
      )
      .orderBy(analyses.createdAt)
      .limit(limit);
    const rows = await db
      .update(analyses)
      .set({ enqueuedAt: now })
      .where(inArray(analyses.id, overdue))
      .returning({ id: analyses.id });
    return rows.map(({ id }) => id);
  });
}

/** When the next open analysis is due or its lease ends; null: none is open. */
export async function nextAnalysisAt(config: DatabaseConfig): Promise<Date | null> {
  const [row] = await withPrimary(config, (db) =>
    db
      .select({
        at: min(sql`coalesce(${analyses.leaseUntil}, ${analyses.nextAttemptAt})`).mapWith(
          analyses.leaseUntil,
        ),
      })
      .from(analyses)
      .where(inArray(analyses.status, ["pending", "processing"])),
  );
  return row?.at ?? null;
}

/** Makes analyses due that wait for the budget of the next day and that the present one covers, oldest first. Returns their ids. */
export async function releaseBudgetWaits(
  config: DatabaseConfig,
  budget: bigint | null,
  limit: number,
  now: Date,
): Promise<string[]> {
  return withPrimary(config, async (db) => {
    const waiting = await db
      .select({
        id: analyses.id,
        provider: analyses.provider,
        model: analyses.model,
        tokens: analyses.estimatedTokens,
      })
      .from(analyses)
      .where(
        and(eq(analyses.status, "pending"), eq(analyses.waitsFor, "budget"), gt(analyses.nextAttemptAt, now)),
      )
      .orderBy(analyses.createdAt)
      .limit(limit);
    if (waiting.length === 0) return [];
    let spent = await spentToday(db, now);
    const released: string[] = [];
    for (const { id, provider, model, tokens } of waiting) {
      const estimate = estimateCost(provider, model, tokens, now);
      if (budgetFor(budget, spent, estimate) === "waits") continue;
      spent += estimate ?? 0n;
      released.push(id);
    }
    if (released.length === 0) return [];
    await db
      .update(analyses)
      .set({ nextAttemptAt: now, waitsFor: null, enqueuedAt: now })
      .where(and(inArray(analyses.id, released), eq(analyses.waitsFor, "budget")));
    return released;
  });
}

const MAX_FAILED_AT_ONCE = 1_000;

/**
 * Fails analyses that should have been tried, or whose attempt should have ended, before `before`. Those that wait for a slot, a budget or a
 * provider are not due.
 */
export async function failStuckAnalyses(
  config: DatabaseConfig,
  before: Date,
  by: AuditActor,
): Promise<string[]> {
  const error = {
    at: by.now.toISOString(),
    code: "stuck" satisfies AnalysisFailureCode,
    message: "It neither ran nor started in time.",
  };
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      // A claim of one of them waits, and then finds it failed.
      await tx.execute(sql`select pg_advisory_xact_lock(${CLAIM_LOCK}::bigint)`);
      const stuck = tx
        .select({ id: analyses.id })
        .from(analyses)
        .where(isOverdue(before))
        .orderBy(analyses.createdAt)
        .limit(MAX_FAILED_AT_ONCE);
      const failed = await tx
        .update(analyses)
        .set({
          // The text of an earlier attempt has been paid for.
          status: sql`case when ${analyses.analysisContent} is null then 'failed' else 'completed' end`,
          note: sql`${analyses.note} || ${` ${keptNote(null, error.message)}`}`,
          leaseUntil: null,
          nextAttemptAt: null,
          waitsFor: null,
          completedAt: by.now,
          updatedAt: by.now,
          errors: sql`${analyses.errors} || jsonb_build_array(${JSON.stringify(error)}::jsonb || jsonb_build_object('attempt', ${analyses.attempts}))`,
        })
        .where(inArray(analyses.id, stuck))
        .returning({ id: analyses.id });
      const ids = failed.map(({ id }) => id);
      if (ids.length > 0)
        await abandonAttempts(tx, inArray(analysisAttempts.analysisId, ids), "stuck", by.now);
      const details = { analyses: failed.length };
      await auditInsert(tx, { ...by, action: "analysis.fail_stuck", target: "*", details });
      return ids;
    }),
  );
}

const isOverdue = (before: Date) =>
  or(
    and(eq(analyses.status, "pending"), lt(analyses.nextAttemptAt, before)),
    and(eq(analyses.status, "processing"), lt(analyses.leaseUntil, before)),
  );

/** Whether a pending analysis waits for a time that an administrator may shorten: the budget or a quota may have been raised. */
export function waitsLonger({ status, waitsFor, nextAttemptAt }: AnalysisJob, now: Date): boolean {
  return (
    status === "pending" &&
    waitsFor !== null &&
    waitsFor !== "slot" &&
    (nextAttemptAt?.getTime() ?? 0) > now.getTime()
  );
}
