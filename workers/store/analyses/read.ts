/** Reads analyses for the API: one with its versions, the list, and what they cost today. */
import { and, desc, eq, gte, lt, sql } from "drizzle-orm";
import { analyses, conversations, domains, requests } from "../../../drizzle/schema.ts";
import type { Cursor } from "../../domain/cursor.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import type { AnalysisList, AnalysisListQuery, AnalysisView } from "../../schemas/api/analyses.ts";
import { type DatabaseConfig, type Reader, withPrimary, withReader } from "../db/db.ts";
import { inDomain, olderThan, pageOf } from "../db/sql.ts";
import { findBranchOf, type FoundBranch, type NoBranch } from "../conversations/find.ts";
import type { BranchName } from "./create.ts";

type Row = typeof analyses.$inferSelect;

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
        .select()
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
      content: row.analysisContent,
      note: row.note,
      error: row.status === "completed" ? null : (row.errors.at(-1) ?? null),
      errors: row.errors,
      nextAttemptAt: row.status === "pending" ? (row.nextAttemptAt?.toISOString() ?? null) : null,
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
        row: analyses,
        domain: domains.name,
        title: conversations.title,
        // Conversation and branch may have other names by now.
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
  const { page, nextCursor } = pageOf(rows, limit, ({ row }) => ({
    at: row.createdAt.getTime(),
    id: row.id,
  }));
  return {
    analyses: page.map(({ row, title, ...names }) => ({
      ...rowView(row, names),
      title,
      summary: row.result?.summary ?? null,
      sentiment: row.result?.sentiment ?? null,
      effectiveness: row.result?.conversationQuality.effectiveness ?? null,
      tipCategories: row.result?.promptingTips.map(({ category }) => category) ?? [],
      error: row.status === "completed" ? null : (row.errors.at(-1) ?? null),
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
async function recordedContextTokens(db: Reader, { conversationId, branch }: FoundBranch) {
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

export function readSpentToday(config: DatabaseConfig, now: Date): Promise<bigint> {
  return withPrimary(config, (db) => spentToday(db, now));
}

/** Pico-dollars of the analyses whose last attempt started on the UTC day of `now`. */
export async function spentToday(db: Pick<Reader, "select">, now: Date): Promise<bigint> {
  const day = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
  const [row] = await db
    .select({ pico: sql<string>`coalesce(sum(${analyses.costPico}), 0)` })
    .from(analyses)
    .where(gte(analyses.startedAt, day));
  return BigInt(row?.pico ?? 0);
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
    provider: row.provider,
    model: row.model,
    tokenUsage:
      prompt === null || completion === null
        ? null
        : { prompt, completion, thinking: thinking ?? 0, total: prompt + completion },
    costUsd: usdText(row.costPico),
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
