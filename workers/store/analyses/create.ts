/** Creates analyses: one transaction with its audit entry, which serialises the callers of one branch. */
import { and, desc, eq, gt, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { analyses, domains } from "../../../drizzle/schema.ts";
import { waitMs } from "../../domain/auth/call-rate.ts";
import { promptTokens, type ProviderChoice } from "../../domain/analysis/provider.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { MINUTE_MS } from "../../runtime/constants.ts";
import type { AnalysisStatus } from "../../schemas/analysis.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { findBranchOf, type NoBranch } from "../conversations/find.ts";
import { type DatabaseConfig, withPrimary, withWriter } from "../db/db.ts";
import { waitsLonger } from "./jobs.ts";
import { type BranchName, recordedContextTokens } from "./read.ts";

export interface NewAnalysis {
  branch: BranchName;
  customPrompt: string | undefined;
  /** Estimated tokens of the instructions. */
  instructionTokens: number;
  provider: ProviderChoice;
  /** Analyses that the caller may create per minute. */
  limitPerMinute: number;
  /** Creates a new version of a completed analysis as well. */
  isRegeneration: boolean;
}

export interface CreatedAnalysis {
  analysisId: string;
  status: AnalysisStatus;
  /** `resumed`: it waited for a budget or a quota, and is due now. */
  kind: "new" | "resumed" | "existing";
}

export type CreationError =
  | NoBranch
  | { reason: "domain_off"; domain: string }
  | { reason: "running"; analysisId: string; status: AnalysisStatus }
  | { reason: "too_many"; retryAfterMs: number };

/**
 * A pending analysis, or the completed one that exists. A failed one gets a new version. One that waits for a budget or a quota is due now;
 * another one that is pending or running is an error.
 */
export async function createAnalysis(
  config: DatabaseConfig,
  { branch: name, customPrompt, instructionTokens, provider, limitPerMinute, isRegeneration }: NewAnalysis,
  by: AuditActor,
): Promise<Result<CreatedAnalysis, CreationError>> {
  const found = await withPrimary(config, async (db) => {
    const branch = await findBranchOf(db, name.conversationId, name.branchId);
    return branch.ok
      ? ok({ ...branch.value, tokens: await recordedContextTokens(db, branch.value) })
      : branch;
  });
  if (!found.ok) return found;
  const { domain, conversationId } = found.value;
  const { branchKey, branchId } = found.value.branch;
  const { now, actor } = by;
  return withWriter(config, (db) =>
    db.transaction(async (tx): Promise<Result<CreatedAnalysis, CreationError>> => {
      // Serialises the callers of one branch, its first analysis included, and the calls that the rate limit counts.
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${branchKey}, 0)),
        pg_advisory_xact_lock(hashtextextended(${`analyses of ${actor}`}, 0))`);
      const [owner] = await tx.select().from(domains).where(eq(domains.name, domain));
      if (!owner?.analysisEnabled) return failed({ reason: "domain_off", domain });
      const [latest] = await tx
        .select()
        .from(analyses)
        .where(eq(analyses.branchKey, branchKey))
        .orderBy(desc(analyses.version))
        .limit(1);
      const audit = (id: string, action: string) =>
        auditInsert(tx, {
          ...by,
          action,
          target: conversationId,
          details: {
            domain,
            branch: branchId,
            analysisId: id,
            hasCustomPrompt: customPrompt !== undefined,
          },
        });
      if (latest && !isRegeneration && customPrompt === undefined && waitsLonger(latest, now)) {
        await tx
          .update(analyses)
          .set({ nextAttemptAt: now, waitsFor: null, updatedAt: now })
          .where(and(eq(analyses.id, latest.id), eq(analyses.status, "pending")));
        await audit(latest.id, "analysis.resume");
        return ok({ analysisId: latest.id, status: "pending", kind: "resumed" });
      }
      if (latest?.status === "pending" || latest?.status === "processing")
        return failed({ reason: "running", analysisId: latest.id, status: latest.status });
      if (latest?.status === "completed" && !isRegeneration)
        return ok({ analysisId: latest.id, status: latest.status, kind: "existing" });
      const recent = await tx
        .select({ at: analyses.createdAt })
        .from(analyses)
        .where(
          and(eq(analyses.requestedBy, actor), gt(analyses.createdAt, new Date(now.getTime() - MINUTE_MS))),
        )
        .orderBy(analyses.createdAt);
      const retryAfterMs = waitMs(
        recent.map(({ at }) => at.getTime()),
        limitPerMinute,
        now.getTime(),
      );
      if (retryAfterMs > 0) return failed({ reason: "too_many", retryAfterMs });
      const id = uuidv7();
      if (latest) await tx.update(analyses).set({ isCurrent: false }).where(eq(analyses.id, latest.id));
      await tx.insert(analyses).values({
        id,
        domainId: owner.id,
        conversationId,
        branchKey,
        branchId,
        version: (latest?.version ?? 0) + 1,
        isCurrent: true,
        status: "pending",
        nextAttemptAt: now,
        provider: provider.provider,
        model: provider.model,
        customPrompt,
        estimatedTokens: promptTokens(found.value.tokens, instructionTokens, provider),
        requestedBy: actor,
        createdAt: now,
        updatedAt: now,
      });
      await audit(id, isRegeneration ? "analysis.regenerate" : "analysis.create");
      return ok({ analysisId: id, status: "pending", kind: "new" });
    }),
  );
}
