/** The lists of the overview under one shape: totals with the name they belong to. */
import type { ApiResponse } from "../../../workers/schemas/api/routes.ts";
import { approximateAmount } from "../format/money.ts";
import { totalTokens } from "../format/token-kinds.ts";

export type Overview = ApiResponse<"GET", "/api/overview">;
export type Totals = Overview["previous"];
export type NamedTotals = Totals & { name: string };

/** An entry with its share of the cost of all: null where that is nothing or the entry has no price. */
export type Ranked<T> = T & { shareOfCost: number | null };

/** The most expensive first, of equal cost the one with the most tokens. */
export function rankByCost(entries: readonly NamedTotals[]): Ranked<NamedTotals>[] {
  const costOf = ({ costUsd }: NamedTotals) => approximateAmount(costUsd) ?? 0;
  const total = entries.reduce((sum, entry) => sum + costOf(entry), 0);
  return entries
    .map((entry) => ({
      ...entry,
      shareOfCost: entry.costUsd === null || total === 0 ? null : costOf(entry) / total,
    }))
    .sort((left, right) => costOf(right) - costOf(left) || totalTokens(right) - totalTokens(left));
}

export const totalsBy = {
  domain: ({ domains }: Overview) => domains.map((entry): NamedTotals => ({ ...entry, name: entry.domain })),
  account: ({ accounts }: Overview) =>
    accounts.map((entry): NamedTotals => ({ ...entry, name: entry.accountId })),
  model: ({ models }: Overview) => models.map((entry): NamedTotals => ({ ...entry, name: entry.model })),
  type: ({ requestTypes }: Overview) =>
    requestTypes.map((entry): NamedTotals => ({ ...entry, name: entry.requestType })),
} as const;
export type TotalsBy = keyof typeof totalsBy;
export const isTotalsBy = (name: string): name is TotalsBy => Object.hasOwn(totalsBy, name);
