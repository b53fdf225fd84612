/**
 * Totals of a window by domain, session and model, and the share of each in the whole. The shares of one dimension add up to
 * the total in every field. Called by the AccountWindow object.
 */
import type { TokenTotals } from "../../schemas/tokens.ts";
import type { WindowShare, WindowTotals } from "../../schemas/window.ts";
import { addTotals, totalTokens, ZERO_TOTALS } from "../usage/token-totals.ts";
import type { Span } from "./time-span.ts";

/** Totals of the exchanges of one domain, session and model within a window. */
export interface WindowCell extends TokenTotals {
  domain: string;
  sessionId: string | null;
  model: string | null;
}

/** Sessions listed one by one. Clients choose their ids, so their number is unbounded. */
export const MAX_SESSIONS = 200;

export function windowTotals({ from, to }: Span, cells: readonly WindowCell[]): WindowTotals {
  const total = cells.reduce((sum, cell) => addTotals(sum, cell), ZERO_TOTALS);
  const sessions = shares(cells, total, (cell) => cell.sessionId);
  const others = sessions.slice(MAX_SESSIONS);
  return {
    from: from - 1,
    to: to - 1,
    total,
    domains: shares(cells, total, (cell) => cell.domain),
    sessions: sessions.slice(0, MAX_SESSIONS),
    otherSessions:
      others.length === 0 ? null : others.reduce((sum, cell) => addTotals(sum, cell), ZERO_TOTALS),
    models: shares(cells, total, (cell) => cell.model),
  };
}

/**
 * Most expensive first, then by tokens, requests and name, so that the order is deterministic. Cost, because tokens of different kinds and
 * models weigh differently; how Anthropic weighs them is not published.
 */
function shares(
  cells: readonly WindowCell[],
  total: TokenTotals,
  nameOf: (cell: WindowCell) => string | null,
): WindowShare[] {
  const sums = new Map<string | null, TokenTotals>();
  for (const cell of cells) sums.set(nameOf(cell), addTotals(sums.get(nameOf(cell)) ?? ZERO_TOTALS, cell));
  return [...sums]
    .map(([name, sum]) => ({
      name,
      ...sum,
      shareOfTokens: ratio(totalTokens(sum), totalTokens(total)),
      shareOfCost: ratio(Number(sum.costPico), Number(total.costPico)),
    }))
    .sort(
      (a, b) =>
        Number(b.costPico - a.costPico) ||
        totalTokens(b) - totalTokens(a) ||
        b.requests - a.requests ||
        (sortName(a) < sortName(b) ? -1 : 1),
    );
}

const ratio = (of: number, whole: number) => (whole > 0 ? of / whole : 0);
const sortName = ({ name }: WindowShare) => name ?? "";
