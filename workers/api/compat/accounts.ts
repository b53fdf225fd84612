/** `/api/token-usage/accounts`: every account active in the last five hours, its domains, and its usage per five minutes. */
import { filledSeries, limitFigures, slotsBetween } from "../../domain/usage/time-series.ts";
import { rollingSpan } from "../../domain/windows/time-span.ts";
import { ROLLUP_BUCKET_MS, WINDOW_MS } from "../../runtime/constants.ts";
import type { AccountsUsage } from "../../schemas/api/compat.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { readTokenLimits } from "../../store/usage/accounts.ts";
import { readLastByAccount } from "../../store/usage/compat.ts";
import { readUsage, type UsageCell } from "../../store/usage/read.ts";
import { addUsage } from "../../store/usage/totals.ts";
import { besideOutput, iso } from "./fields.ts";

type Account = AccountsUsage["accounts"][number];

export async function readAccountsUsage(config: DatabaseConfig, now: number): Promise<AccountsUsage> {
  const span = rollingSpan(now, WINDOW_MS);
  const [cells, limits] = await Promise.all([
    readUsage(config, span, { domain: true, account: true, slotMs: ROLLUP_BUCKET_MS }),
    readTokenLimits(config),
  ]);
  const byAccount = Map.groupBy(cells, (cell) => cell.accountId);
  byAccount.delete("");
  const last = await readLastByAccount(config, [...byAccount.keys()], span.from);
  const slots = slotsBetween(span.from, span.to, ROLLUP_BUCKET_MS);
  const accounts = [...byAccount].map(([accountId, own]): Account => {
    const totals = addUsage(own);
    const tokenLimit = limits.get(accountId) ?? null;
    const { remaining, percentageUsed } = limitFigures(tokenLimit, totals.outputTokens);
    return {
      accountId,
      outputTokens: totals.outputTokens,
      ...besideOutput(totals),
      requestCount: totals.requests,
      lastRequestTime: iso(last.get(accountId) ?? own.at(-1)!.slot),
      tokenLimit,
      remainingTokens: remaining,
      percentageUsed,
      domains: domainsOf(own),
      miniSeries: miniSeries(slots, own, tokenLimit),
    };
  });
  accounts.sort((a, b) => b.outputTokens - a.outputTokens || (a.accountId < b.accountId ? -1 : 1));
  return { windowStart: iso(now - WINDOW_MS), windowEnd: iso(now), accounts, tokenLimit: null };
}

function domainsOf(cells: readonly UsageCell[]): Account["domains"] {
  return [...Map.groupBy(cells, (cell) => cell.domain)]
    .map(([domain, own]) => {
      const totals = addUsage(own);
      return {
        domain,
        outputTokens: totals.outputTokens,
        requests: totals.requests,
        ...besideOutput(totals),
      };
    })
    .sort((a, b) => b.outputTokens - a.outputTokens || (a.domain < b.domain ? -1 : 1));
}

function miniSeries(
  slots: readonly number[],
  cells: readonly UsageCell[],
  tokenLimit: number | null,
): Account["miniSeries"] {
  const bySlot = Map.groupBy(cells, (cell) => cell.slot);
  const totals = new Map([...bySlot].map(([slot, own]) => [slot, addUsage(own)]));
  let used = 0;
  return filledSeries(slots, totals).map(({ time, outputTokens }) => {
    used += outputTokens;
    return { time: iso(time), outputTokens, remaining: limitFigures(tokenLimit, used).remaining };
  });
}
