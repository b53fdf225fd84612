/** Creates analyses: one transaction with its audit entry, which serialises the callers of one branch. */
import { and, desc, eq, gt, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { analyses, domains, requests } from "../../../drizzle/schema.ts";
import { waitMs } from "../../domain/analysis/call-rate.ts";
import type { ProviderChoice } from "../../domain/analysis/provider.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { MINUTE_MS } from "../../runtime/constants.ts";
import type { AnalysisStatus } from "../../schemas/analysis.ts";
import { type AuditEntry, auditInsert } from "../admin/audit.ts";
import { findBranch, findConversation, readBranchStarts } from "../conversations/find.ts";
import { type DatabaseConfig, type Reader, withPrimary, withWriter } from "../db/db.ts";

/** A branch of a conversation, by names that may be former ones. */
export interface BranchName {
  conversationId: string;
  branchId: string;
}

export interface FoundBranch {
  conversationId: string;
  domain: string;
  branchKey: string;
  branchId: string;
}

export type NoBranch = "no_conversation" | "no_branch";

/** The branch with its present names. */
export async function findNamedBranch(db: Reader, name: BranchName): Promise<Result<FoundBranch, NoBranch>> {
  const conversation = await findConversation(db, name.conversationId);
  if (!conversation) return failed("no_conversation");
  const { conversationId, domain } = conversation;
  const branch = findBranch(await readBranchStarts(db, conversationId), name.branchId);
  if (!branch) return failed("no_branch");
  return ok({ conversationId, domain, branchKey: branch.branchKey, branchId: branch.branchId });
}

/** Prompt tokens that the last inference of the branch was sent and responded with; null without recorded usage. */
export async function recordedContextTokens(db: Reader, { conversationId, branchKey }: FoundBranch) {
  const [row] = await db
    .select({ tokens: requests.contextTokens })
    .from(requests)
    .where(
      and(
        eq(requests.conversationId, conversationId),
        eq(requests.branchKey, branchKey),
        sql`${requests.contextTokens} is not null`,
      ),
    )
    .orderBy(desc(requests.startedAt))
    .limit(1);
  return row?.tokens ?? null;
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
  by: Pick<AuditEntry, "actor" | "role" | "now">,
): Promise<Result<CreatedAnalysis, CreationError>> {
  const found = await withPrimary(config, (db) => findNamedBranch(db, name));
  if (!found.ok) return found;
  const { domain, ...branch } = found.value;
  const { now, actor } = by;
  return withWriter(config, (db) =>
    db.transaction(async (tx): Promise<Result<CreatedAnalysis, CreationError>> => {
      // Serialises the callers of one branch, its first analysis included, and the calls that the rate limit counts.
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${branch.branchKey}, 0)),
        pg_advisory_xact_lock(hashtextextended(${`analyses of ${actor}`}, 0))`);
      const [owner] = await tx.select().from(domains).where(eq(domains.name, domain));
      if (!owner?.analysisEnabled) return failed({ reason: "domain_off", domain });
      const [latest] = await tx
        .select()
        .from(analyses)
        .where(eq(analyses.branchKey, branch.branchKey))
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
        ...branch,
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
        target: branch.conversationId,
        details: {
          domain,
          branch: branch.branchId,
          analysisId: id,
          hasCustomPrompt: customPrompt !== undefined,
        },
      });
      return ok({ analysisId: id, status: "pending", isNew: true });
    }),
  );
}
