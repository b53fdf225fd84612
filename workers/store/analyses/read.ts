/** Reads analyses for the API: one with its versions, the list, and what an analysis would read and cost. */
import { and, desc, eq, gte, lt, sql } from "drizzle-orm";
import { analyses, conversations, domains, requests } from "../../../drizzle/schema.ts";
import type { Cursor } from "../../domain/cursor.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import type { AnalysisError, AnalysisResult } from "../../schemas/analysis.ts";
import type { AnalysisList, AnalysisListQuery, AnalysisView } from "../../schemas/api/analyses.ts";
import { type DatabaseConfig, type Reader, withPrimary, withReader } from "../db/db.ts";
import { inDomain, olderThan, pageOf } from "../db/sql.ts";
import { findBranchOf, type FoundBranch, type NoBranch } from "../conversations/find.ts";
import { spentToday, unreportedPico } from "./attempts.ts";

/** A branch of a conversation, by names that may be former ones. */
export interface BranchName {
  conversationId: string;
  branchId: string;
}

/** Columns of a row of the list: not the texts of prompt, result and response. */
const ROW = {
  id: analyses.id,
  branchKey: analyses.branchKey,
  version: analyses.version,
  status: analyses.status,
  attempts: analyses.attempts,
  nextAttemptAt: analyses.nextAttemptAt,
  waitsFor: analyses.waitsFor,
  provider: analyses.provider,
  model: analyses.model,
  inputTokens: analyses.inputTokens,
  outputTokens: analyses.outputTokens,
  thinkingTokens: analyses.thinkingTokens,
  costPico: analyses.costPico,
  unreportedPico,
  requestedBy: analyses.requestedBy,
  createdAt: analyses.createdAt,
  updatedAt: analyses.updatedAt,
  startedAt: analyses.startedAt,
  completedAt: analyses.completedAt,
};
type Row = Pick<typeof analyses.$inferSelect, Exclude<keyof typeof ROW, "unreportedPico">> & {
  unreportedPico: string | null;
};

/** The analysis of a branch: the current one, or an earlier version. Reads the primary, so that a change is visible at once. */
export async function readAnalysis(
  config: DatabaseConfig,
  name: BranchName,
  version: number | undefined,
): Promise<Result<AnalysisView, NoBranch | "no_analysis">> {
  return withPrimary(config, async (db) => {
    const found = await findBranchOf(db, name.conversationId, name.branchId);
    if (!found.ok) return found;
    const { conversationId, domain, branch } = found.value;
    const ofBranch = eq(analyses.branchKey, branch.branchKey);
    const [rows, versions] = await db.batch([
      db
        .select({
          ...ROW,
          customPrompt: analyses.customPrompt,
          promptHash: analyses.promptHash,
          result: analyses.result,
          analysisContent: analyses.analysisContent,
          note: analyses.note,
          errors: analyses.errors,
        })
        .from(analyses)
        .where(and(ofBranch, version === undefined ? analyses.isCurrent : eq(analyses.version, version))),
      db
        .select({
          version: analyses.version,
          status: analyses.status,
          createdAt: analyses.createdAt,
          model: analyses.model,
          costPico: analyses.costPico,
        })
        .from(analyses)
        .where(ofBranch)
        .orderBy(desc(analyses.version)),
    ]);
    const [row] = rows;
    if (!row) return failed("no_analysis");
    return ok({
      ...rowView(row, { conversationId, domain, branchId: branch.branchId }),
      customPrompt: row.customPrompt,
      promptHash: row.promptHash,
      data: row.result,
      // Before its end, an analysis has only what it falls back on.
      content: row.status === "completed" ? row.analysisContent : null,
      note: row.status === "completed" ? row.note : null,
      error: row.status === "completed" ? null : (row.errors.at(-1) ?? null),
      errors: row.errors,
      completedVersion: versions.find(({ status }) => status === "completed")?.version ?? null,
      versions: versions.map(({ createdAt, costPico, ...each }) => ({
        ...each,
        createdAt: createdAt.toISOString(),
        costUsd: usdText(costPico),
      })),
    });
  });
}

/** Current analyses, newest first, after the cursor `before`. */
export async function listAnalyses(
  config: DatabaseConfig,
  filter: Omit<AnalysisListQuery, "cursor"> & { before: Cursor | null },
): Promise<AnalysisList> {
  const { status, domain, from, to, limit, before } = filter;
  const rows = await withReader(config, (db) =>
    db
      .select({
        ...ROW,
        domain: domains.name,
        title: conversations.title,
        summary: sql<string | null>`completed.result ->> 'summary'`,
        sentiment: sql<AnalysisResult["sentiment"] | null>`completed.result ->> 'sentiment'`,
        effectiveness: sql<
          AnalysisResult["conversationQuality"]["effectiveness"] | null
        >`completed.result #>> '{conversationQuality,effectiveness}'`,
        tipCategories: sql<
          string[] | null
        >`jsonb_path_query_array(completed.result, '$.promptingTips[*].category')`,
        error: sql<AnalysisError | null>`${analyses.errors} -> -1`,
        // Conversation and branch may have other names by now, or the branch be part of another one.
        branchKey: sql<string>`coalesce(${requests.branchKey}, ${analyses.branchKey})`,
        conversationId: sql<string>`coalesce(${requests.conversationId}, ${analyses.conversationId})`,
        branchId: sql<string>`coalesce(${requests.branchId}, ${analyses.branchId})`,
      })
      .from(analyses)
      .innerJoin(domains, eq(domains.id, analyses.domainId))
      .leftJoin(requests, eq(requests.id, analyses.branchKey))
      .leftJoin(
        conversations,
        sql`${conversations.id} = coalesce(${requests.conversationId}, ${analyses.conversationId})`,
      )
      // A new version that has failed, or runs, does not hide the result of the last completed one.
      .leftJoin(
        sql`lateral (select v.result from analyses v where v.branch_key = ${analyses.branchKey} and v.status = 'completed'
          order by v.version desc limit 1) completed`,
        sql`true`,
      )
      .where(
        and(
          analyses.isCurrent,
          status === undefined ? undefined : eq(analyses.status, status),
          inDomain(domain, "analyses.domain_id"),
          from === undefined ? undefined : gte(analyses.createdAt, from),
          to === undefined ? undefined : lt(analyses.createdAt, to),
          olderThan(analyses.createdAt, analyses.id, before),
        ),
      )
      .orderBy(desc(analyses.createdAt), desc(analyses.id))
      .limit(limit + 1),
  );
  const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, id }) => ({ at: createdAt.getTime(), id }));
  return {
    analyses: page.map(({ title, summary, sentiment, effectiveness, tipCategories, error, ...row }) => ({
      ...rowView(row, row),
      title,
      summary,
      sentiment,
      effectiveness,
      tipCategories: tipCategories ?? [],
      error: row.status === "completed" ? null : error,
    })),
    nextCursor,
  };
}

/** What an analysis of the branch would read, its current analysis, and what the analyses of this UTC day cost. */
export async function readAnalysisPlan(config: DatabaseConfig, name: BranchName, now: Date) {
  return withPrimary(config, async (db) => {
    const found = await findBranchOf(db, name.conversationId, name.branchId);
    if (!found.ok) return found;
    const { domain, branch } = found.value;
    const [[settings], [current], inputTokens, spentPico] = await Promise.all([
      db.select({ isEnabled: domains.analysisEnabled }).from(domains).where(eq(domains.name, domain)),
      db
        .select({ version: analyses.version, status: analyses.status })
        .from(analyses)
        .where(and(eq(analyses.branchKey, branch.branchKey), analyses.isCurrent)),
      recordedContextTokens(db, found.value),
      spentToday(db, now),
    ]);
    return ok({
      domain,
      branchKey: branch.branchKey,
      branchId: branch.branchId,
      isEnabled: settings?.isEnabled ?? false,
      current: current ?? null,
      inputTokens,
      spentPico,
    });
  });
}

/** Prompt tokens that the last inference of the branch was sent and responded with; null without recorded usage. */
export async function recordedContextTokens(db: Reader, { conversationId, branch }: FoundBranch) {
  const [row] = await db
    .select({ tokens: requests.contextTokens })
    .from(requests)
    .where(
      and(
        eq(requests.conversationId, conversationId),
        eq(requests.branchKey, branch.branchKey),
        sql`${requests.contextTokens} is not null`,
      ),
    )
    .orderBy(desc(requests.startedAt))
    .limit(1);
  return row?.tokens ?? null;
}

/** `names`: the present ones of conversation and branch. */
function rowView(
  row: Row,
  { conversationId, branchId, domain }: Record<"conversationId" | "branchId" | "domain", string>,
) {
  const { inputTokens: prompt, outputTokens: completion, thinkingTokens: thinking } = row;
  return {
    id: row.id,
    conversationId,
    branchKey: row.branchKey,
    branchId,
    domain,
    version: row.version,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.status === "pending" ? (row.nextAttemptAt?.toISOString() ?? null) : null,
    waitsFor: row.status === "pending" ? row.waitsFor : null,
    provider: row.provider,
    model: row.model,
    tokenUsage:
      prompt === null || completion === null
        ? null
        : { prompt, completion, thinking: thinking ?? 0, total: prompt + completion },
    costUsd: usdText(row.costPico),
    unreportedCostUsd: usdText(row.unreportedPico === null ? null : BigInt(row.unreportedPico)),
    requestedBy: row.requestedBy,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    completedAt: row.completedAt?.toISOString() ?? null,
    durationMs: row.startedAt && row.completedAt ? row.completedAt.getTime() - row.startedAt.getTime() : null,
  };
}

function usdText(pico: bigint | null): string | null {
  return pico === null ? null : formatUsd(pico);
}
