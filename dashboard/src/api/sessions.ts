/**
 * Client sessions found in a stretch of recent requests: what can be said about conversations from rows alone. Requests
 * without a session stand alone and are left out.
 */
import type { RequestRow } from "./types.ts";
import { cacheWrites } from "./tokens.ts";
import { picoOf } from "../format/decimal.ts";

export interface Session {
  id: string;
  domain: string;
  accountId: string | null;
  models: string[];
  requests: number;
  failures: number;
  /** Sub-agents seen. */
  agents: number;
  /** Messages of the longest history: a measure of how far the conversation has come. */
  messages: number;
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number };
  /** Pico-dollars of the priced requests; null when none was priced. */
  costPico: bigint | null;
  unpriced: number;
  first: number;
  last: number;
  latestRequestId: string;
}

/** Sessions, the one active last first. Rows may come in any order. */
export function sessionsOf(rows: readonly RequestRow[]): Session[] {
  const byId = new Map<string, RequestRow[]>();
  for (const row of rows) {
    if (row.sessionId) byId.set(row.sessionId, [...(byId.get(row.sessionId) ?? []), row]);
  }
  return [...byId].map(([id, group]) => summary(id, group)).sort((left, right) => right.last - left.last);
}

function summary(id: string, group: readonly RequestRow[]): Session {
  const ordered = [...group].sort((left, right) => Date.parse(left.timestamp) - Date.parse(right.timestamp));
  const latest = ordered.at(-1)!;
  const sum = (read: (row: RequestRow) => number | null) =>
    ordered.reduce((total, row) => total + (read(row) ?? 0), 0);
  const priced = ordered.filter((row) => row.costUsd !== null);
  return {
    id,
    domain: latest.domain,
    accountId: latest.accountId,
    models: [...new Set(ordered.flatMap((row) => (row.model ? [row.model] : [])))],
    requests: ordered.length,
    failures: ordered.filter((row) => (row.responseStatus ?? 0) >= 400 || row.outcome !== "complete").length,
    agents: new Set(ordered.flatMap((row) => (row.agentId ? [row.agentId] : []))).size,
    messages: Math.max(...ordered.map((row) => row.messageCount)),
    tokens: {
      input: sum((row) => row.inputTokens),
      output: sum((row) => row.outputTokens),
      cacheRead: sum((row) => row.cacheReadInputTokens),
      cacheWrite: sum(cacheWrites),
    },
    costPico: priced.length === 0 ? null : priced.reduce((total, row) => total + picoOf(row.costUsd!), 0n),
    unpriced: ordered.length - priced.length,
    first: Date.parse(ordered[0]!.timestamp),
    last: Date.parse(latest.timestamp) + (latest.durationMs ?? 0),
    latestRequestId: latest.requestId,
  };
}
