/**
 * Totals of a window by domain, session and model, and what part of the whole each is. The parts of one kind add up to
 * the total, in every figure. Called by the AccountWindow object.
 */
import type { WindowShare, WindowSums, WindowTotals } from "../../schemas/window.ts";
import type { Span } from "./time-span.ts";

/** Sums of the exchanges of one domain, session and model within a window. */
export interface WindowCell extends WindowSums {
  domain: string;
  sessionId: string | null;
  model: string | null;
}

/** Sessions named one by one; clients choose their ids, and an answer has to end somewhere. */
export const MAX_SESSIONS = 200;

export const NO_SUMS: WindowSums = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  costPico: 0n,
  unpricedCount: 0,
};

/** Member by member. */
export function addSums(a: WindowSums, b: WindowSums): WindowSums {
  return {
    requests: a.requests + b.requests,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadInputTokens: a.cacheReadInputTokens + b.cacheReadInputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + b.cacheCreationInputTokens,
    costPico: a.costPico + b.costPico,
    unpricedCount: a.unpricedCount + b.unpricedCount,
  };
}

export function windowTotals({ from, to }: Span, cells: readonly WindowCell[]): WindowTotals {
  const total = cells.reduce(addSums, NO_SUMS);
  const sessions = shares(cells, total, (cell) => cell.sessionId);
  const others = sessions.slice(MAX_SESSIONS);
  return {
    from: from - 1,
    to: to - 1,
    total,
    domains: shares(cells, total, (cell) => cell.domain),
    sessions: sessions.slice(0, MAX_SESSIONS),
    otherSessions: others.length === 0 ? null : others.reduce(addSums, NO_SUMS),
    models: shares(cells, total, (cell) => cell.model),
  };
}

/** Largest first: by tokens, then requests, then name, so that the order says nothing by accident. */
function shares(
  cells: readonly WindowCell[],
  total: WindowSums,
  nameOf: (cell: WindowCell) => string | null,
): WindowShare[] {
  const sums = new Map<string | null, WindowSums>();
  for (const cell of cells) sums.set(nameOf(cell), addSums(sums.get(nameOf(cell)) ?? NO_SUMS, cell));
  return [...sums]
    .map(([name, sum]) => ({
      name,
      ...sum,
      shareOfTokens: ratio(tokens(sum), tokens(total)),
      shareOfCost: ratio(Number(sum.costPico), Number(total.costPico)),
    }))
    .sort((a, b) => tokens(b) - tokens(a) || b.requests - a.requests || (sortName(a) < sortName(b) ? -1 : 1));
}

const tokens = (sums: WindowSums) => sums.inputTokens + sums.outputTokens;
const ratio = (of: number, whole: number) => (whole > 0 ? of / whole : 0);
const sortName = ({ name }: WindowShare) => name ?? "";
