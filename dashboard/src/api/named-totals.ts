/** The lists of the overview under one shape: totals with the name they belong to. */
import type { ApiResponse } from "../../../workers/schemas/api/routes.ts";

export type Overview = ApiResponse<"GET", "/api/overview">;
export type Totals = Overview["previous"];
export type NamedTotals = Totals & { name: string };

export const totalsBy = {
  domain: ({ domains }: Overview) => domains.map((entry): NamedTotals => ({ ...entry, name: entry.domain })),
  account: ({ accounts }: Overview) =>
    accounts.map((entry): NamedTotals => ({ ...entry, name: entry.accountId })),
  model: ({ models }: Overview) => models.map((entry): NamedTotals => ({ ...entry, name: entry.model })),
  type: ({ requestTypes }: Overview) =>
    requestTypes.map((entry): NamedTotals => ({ ...entry, name: entry.requestType })),
} as const;
export type TotalsBy = keyof typeof totalsBy;
