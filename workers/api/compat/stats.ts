/** `/api/stats`, `/token-stats` and `/api/dashboard/stats`. */
import type { z } from "zod";
import { DAY_MS, HOUR_MS } from "../../runtime/constants.ts";
import { slotsBetween } from "../../domain/usage/time-series.ts";
import type * as compat from "../../schemas/api/compat.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { countConversations, readLastByDomain } from "../../store/usage/compat.ts";
import { readUsage, type UsageCell } from "../../store/usage/read.ts";
import { addUsage } from "../../store/usage/totals.ts";
import { totalTokens } from "../../domain/usage/token-totals.ts";
import { besideOutput, cost, iso } from "./fields.ts";

export async function readStats(
  config: DatabaseConfig,
  { domain, since }: z.infer<typeof compat.StatsQuery>,
  now: number,
): Promise<compat.Stats> {
  const from = since?.getTime() ?? now - DAY_MS;
  const cells = await readUsage(
    config,
    { from, domain },
    { domain: true, model: "requested", requestType: true },
  );
  const totals = addUsage(cells);
  return {
    totalRequests: totals.requests,
    totalTokens: totalTokens(totals),
    totalInputTokens: totals.inputTokens,
    totalOutputTokens: totals.outputTokens,
    totalCacheCreationTokens: totals.cacheCreationInputTokens,
    totalCacheReadTokens: totals.cacheReadInputTokens,
    averageResponseTime: totals.requests === 0 ? 0 : totals.durationMs / totals.requests,
    errorCount: totals.errors,
    activeDomains: new Set(cells.map((cell) => cell.domain)).size,
    // fromEntries: a model named `__proto__` becomes a key like any other.
    requestsByModel: Object.fromEntries(requestsBy(cells, (cell) => cell.model || "unknown")),
    requestsByType: Object.fromEntries(requestsBy(cells, (cell) => cell.requestType)),
    ...cost(totals),
  };
}

/** All-time totals by domain name; of one domain where `domain` is given, empty if it was never seen. */
export async function readTokenStats(
  config: DatabaseConfig,
  domain: string | undefined,
): Promise<Map<string, compat.DomainTokens>> {
  const [cells, last] = await Promise.all([
    readUsage(config, { domain }, { domain: true, requestType: true }),
    readLastByDomain(config, domain),
  ]);
  const byDomain = [...Map.groupBy(cells, (cell) => cell.domain)].map(([name, own]) => {
    const totals = addUsage(own);
    const ofType = (type: string) => addUsage(own.filter((cell) => cell.requestType === type)).requests;
    const at = last.get(name);
    const tokens: compat.DomainTokens = {
      outputTokens: totals.outputTokens,
      ...besideOutput(totals),
      requestCount: totals.requests,
      queryEvaluationCount: ofType("query_evaluation"),
      inferenceCount: ofType("inference"),
      toolCallCount: totals.toolCallCount,
      lastUpdated: at === undefined ? null : iso(at),
    };
    return [name, tokens] as const;
  });
  return new Map(byDomain);
}

/** The last 24 hours are the current hour and the 23 before it. */
export async function readDashboardStats(
  config: DatabaseConfig,
  { domain, accountId }: z.infer<typeof compat.DashboardStatsQuery>,
  now: number,
): Promise<compat.DashboardStats> {
  const from = (Math.floor(now / HOUR_MS) - 23) * HOUR_MS;
  const filter = { domain, accountId };
  const [cells, recent, conversations] = await Promise.all([
    readUsage(config, filter, { account: true, model: "requested" }),
    readUsage(config, { ...filter, from }, { account: true, slotMs: HOUR_MS }),
    countConversations(config, filter, from),
  ]);
  const totals = addUsage(cells);
  const models = requestsBy(cells, (cell) => cell.model).flatMap(([model]) => model || []);
  const bySlot = Map.groupBy(recent, (cell) => cell.slot);
  return {
    totalConversations: conversations.conversations,
    activeUsers: accountsOf(cells),
    totalRequests: totals.requests,
    totalTokens: totalTokens(totals),
    totalCacheReadTokens: totals.cacheReadInputTokens,
    totalCacheCreationTokens: totals.cacheCreationInputTokens,
    ...cost(totals),
    totalBranches: conversations.branches,
    subtaskBranches: conversations.subtasks,
    compactBranches: conversations.compactions,
    modelsUsed: models,
    modelsUsedCount: models.length,
    last24Hours: {
      requests: addUsage(recent).requests,
      conversations: conversations.recent,
      activeUsers: accountsOf(recent),
    },
    hourlyActivity: slotsBetween(from, from + DAY_MS, HOUR_MS).map((slot) => {
      const hour = addUsage(bySlot.get(slot) ?? []);
      return {
        hour: iso(slot),
        requestCount: hour.requests,
        tokenCount: totalTokens(hour),
        cacheReadInputTokens: hour.cacheReadInputTokens,
        cacheCreationInputTokens: hour.cacheCreationInputTokens,
        ...cost(hour),
      };
    }),
  };
}

function accountsOf(cells: readonly UsageCell[]): number {
  return new Set(cells.flatMap(({ accountId }) => accountId || [])).size;
}

/** Requests by name, most first; a model that served only parts of requests (an advisor) has none. */
function requestsBy(cells: readonly UsageCell[], nameOf: (cell: UsageCell) => string): [string, number][] {
  return [...Map.groupBy(cells, nameOf)]
    .map(([name, own]): [string, number] => [name, addUsage(own).requests])
    .filter(([, requests]) => requests > 0)
    .sort(([, a], [, b]) => b - a);
}
