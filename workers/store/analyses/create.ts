/** Creates analyses: one transaction with its audit entry, which serialises the callers of one branch. */
import { and, desc, eq, gt, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { analyses, domains } from "../../../drizzle/schema.ts";
import { waitMs } from "../../domain/auth/call-rate.ts";
import type { ProviderChoice } from "../../domain/analysis/provider.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { MINUTE_MS } from "../../runtime/constants.ts";
import type { AnalysisStatus } from "../../schemas/analysis.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { findBranchOf, type NoBranch } from "../conversations/find.ts";
import { type DatabaseConfig, withPrimary, withWriter } from "../db/db.ts";

/** A branch of a conversation, by names that may be former ones. */
export interface BranchName {
  conversationId: string;
  branchId: string;
}

export interface NewAnalysis {
  branch: BranchName;
  customPrompt: string | undefined;
  provider: ProviderChoice;
  /** Analyses that the caller may create per minute. */
  limitPerMinute: number;
  /** Creates a new version of a completed analysis as well. */
  isRegeneration: boolean;
}

export interface CreatedAnalysis {
  analysisId: string;
  status: AnalysisStatus;
  isNew: boolean;
}

export type CreationError =
  | NoBranch
  | { reason: "domain_off"; domain: string }
  | { reason: "running"; analysisId: string; status: AnalysisStatus }
  | { reason: "too_many"; retryAfterMs: number };

/** A pending analysis, or the completed one that exists. A failed one gets a new version; a running one is an error. */
export async function createAnalysis(
  config: DatabaseConfig,
  { branch: name, customPrompt, provider, limitPerMinute, isRegeneration }: NewAnalysis,
  by: AuditActor,
): Promise<Result<CreatedAnalysis, CreationError>> {
  const found = await withPrimary(config, (db) => findBranchOf(db, name.conversationId, name.branchId));
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
      if (latest?.status === "pending" || latest?.status === "processing")
        return failed({ reason: "running", analysisId: latest.id, status: latest.status });
      if (latest?.status === "completed" && !isRegeneration)
        return ok({ analysisId: latest.id, status: latest.status, isNew: false });
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
        requestedBy: actor,
        createdAt: now,
        updatedAt: now,
      });
      await auditInsert(tx, {
        ...by,
        action: isRegeneration ? "analysis.regenerate" : "analysis.create",
        target: conversationId,
        details: {
          domain,
          branch: branchId,
          analysisId: id,
          hasCustomPrompt: customPrompt !== undefined,
        },
      });
      return ok({ analysisId: id, status: "pending", isNew: true });
    }),
  );
}
