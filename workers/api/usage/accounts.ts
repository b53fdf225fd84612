/** `/api/token-usage/accounts`: every account active in the window, its domains, and its course in five-minute steps. */
import { ROLLUP_BUCKET_MS } from "../../runtime/constants.ts";
import { filledSeries, limitFigures, slotsBetween } from "../../domain/usage/time-series.ts";
import type { AccountsUsage } from "../../schemas/api/usage.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { readLastRequests, readTokenLimits } from "../../store/usage/accounts.ts";
import { readUsage, addUsage, type UsageCell } from "../../store/usage/read.ts";
import { iso, tokenDetails, span } from "./totals.ts";

type Account = AccountsUsage["accounts"][number];

export async function readAccountsUsage(
  config: DatabaseConfig,
  now: number,
  windowMs: number,
): Promise<AccountsUsage> {
  const { from, to } = span(now, windowMs);
  const [cells, limits] = await Promise.all([
    readUsage(config, { from, to }, { domain: true, account: true, slotMs: ROLLUP_BUCKET_MS }),
    readTokenLimits(config),
  ]);
  const byAccount = grouped(cells, (cell) => cell.accountId);
  byAccount.delete("");
  const last = await readLastRequests(config, [...byAccount.keys()], new Date(from));
  const slots = slotsBetween(from, to, ROLLUP_BUCKET_MS);
  const accounts = [...byAccount].map(([accountId, own]): Account => {
    const sums = addUsage(own);
    const tokenLimit = limits.get(accountId) ?? null;
    const { remaining, percentageUsed } = limitFigures(tokenLimit, sums.outputTokens);
    return {
      accountId,
      outputTokens: sums.outputTokens,
      ...tokenDetails(sums),
      requestCount: sums.requests,
      lastRequestTime: (last.get(accountId) ?? new Date(own.at(-1)!.slot)).toISOString(),
      tokenLimit,
      remainingTokens: remaining,
      percentageUsed,
      domains: domainsOf(own),
      miniSeries: miniSeries(slots, own, tokenLimit),
    };
  });
  accounts.sort((a, b) => b.outputTokens - a.outputTokens || (a.accountId < b.accountId ? -1 : 1));
  return { windowStart: iso(now - windowMs), windowEnd: iso(now), accounts, tokenLimit: null };
}

function domainsOf(cells: readonly UsageCell[]): Account["domains"] {
  return [...grouped(cells, (cell) => cell.domain)]
    .map(([domain, own]) => {
      const sums = addUsage(own);
      return { domain, outputTokens: sums.outputTokens, requests: sums.requests, ...tokenDetails(sums) };
    })
    .sort((a, b) => b.outputTokens - a.outputTokens || (a.domain < b.domain ? -1 : 1));
}

function miniSeries(
  slots: readonly number[],
  cells: readonly UsageCell[],
  tokenLimit: number | null,
): Account["miniSeries"] {
  const sums = new Map([...grouped(cells, (cell) => cell.slot)].map(([slot, own]) => [slot, addUsage(own)]));
  let used = 0;
  return filledSeries(slots, sums).map(({ time, outputTokens }) => {
    used += outputTokens;
    return { time: iso(time), outputTokens, remaining: limitFigures(tokenLimit, used).remaining };
  });
}

function grouped<K>(cells: readonly UsageCell[], keyOf: (cell: UsageCell) => K): Map<K, UsageCell[]> {
  const groups = new Map<K, UsageCell[]>();
  for (const cell of cells) {
    const own = groups.get(keyOf(cell));
    if (own) own.push(cell);
    else groups.set(keyOf(cell), [cell]);
  }
  return groups;
}
