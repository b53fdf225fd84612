/** Tool `usage_now`: what an agent needs to decide whether to continue, to wait or to stop. */
import { z } from "zod";
import { iso } from "../domain/usage/calendar.ts";
import { DAY_MS } from "../runtime/constants.ts";
import type { LimitState, WindowState } from "../schemas/window.ts";
import { listRequests } from "../store/requests/list.ts";
import { readUsage } from "../store/usage/read.ts";
import { addUsage, tokenTotalsView } from "../store/usage/totals.ts";
import type { Tool, ToolScope } from "./tool.ts";

const Input = z.object({});

export const usageNow: Tool<typeof Input> = {
  name: "usage_now",
  title: "Usage now",
  description:
    "How full the rate-limit windows of the Claude account behind this key are, when they reset and when they will be full at the current rate; and what this key has used and cost today (UTC). Call it before long work, and wind down when a window is nearly full.",
  input: Input,
  target: () => "*",
  async run(_given, scope) {
    const { context, owner, now } = scope;
    const from = now - (now % DAY_MS);
    const [accountId, cells] = await Promise.all([
      accountOf(scope),
      readUsage(context.config, { ...owner, from, to: now + 1 }),
    ]);
    const state =
      accountId === null
        ? null
        : await context.env.ACCOUNT_WINDOW.getByName(accountId).state(accountId, { now });
    const totals = addUsage(cells);
    const { totalTokens, costUsd, unpricedCount } = tokenTotalsView(totals);
    const { requests, errors } = totals;
    const structured = {
      now: iso(now),
      windows: state?.limits.map(windowOf) ?? [],
      reportedAt: timeOf(state?.reportedAt ?? null),
      ownLimit: state && ownLimit(state),
      today: {
        of: owner.clientKeyId === undefined ? "domain" : "key",
        from: iso(from),
        requests,
        errors,
        totalTokens,
        costUsd,
        unpricedRequests: unpricedCount,
      },
    };
    return { text: describe(structured), structured };
  },
};

/** The account of the domain, or with credentials of the clients that of the last request. */
async function accountOf({ context, owner }: ToolScope): Promise<string | null> {
  const { config, caller } = context;
  if (caller.accountId !== null) return caller.accountId;
  const { requests } = await listRequests(config, { ...owner, limit: 1, before: null });
  return requests[0]?.accountId ?? null;
}

/** Times are ISO 8601. */
function windowOf(limit: LimitState) {
  const { name, utilization, status, remaining, resetAt, hasEnded, isBinding, forecast } = limit;
  return {
    name,
    /** Share used; null after the reset, when nothing newer was reported. */
    utilization: hasEnded ? null : utilization,
    status: hasEnded ? null : status,
    limit: limit.limit,
    remaining: hasEnded ? null : remaining,
    resetsAt: hasEnded ? null : timeOf(resetAt),
    fullAt: hasEnded ? null : timeOf(forecast.fullAt),
    isBinding,
  };
}

/** The limit that the operator has set for the output tokens of five hours, without the usage of others. */
function ownLimit({ settings, totals, fullAt }: WindowState) {
  if (settings.tokenLimit === null) return null;
  const { tokenLimit } = settings;
  return { tokenLimit, utilization: totals.total.outputTokens / tokenLimit, fullAt: timeOf(fullAt) };
}

interface Usage {
  now: string;
  windows: ReturnType<typeof windowOf>[];
  reportedAt: string | null;
  ownLimit: ReturnType<typeof ownLimit> | null;
  today: {
    of: string;
    requests: number;
    errors: number;
    totalTokens: number;
    costUsd: string | null;
    unpricedRequests: number;
  };
}

function describe({ now, windows, reportedAt, ownLimit, today }: Usage): string {
  const { requests, errors, totalTokens, costUsd, unpricedRequests } = today;
  const full = (at: string | null) => (at === null ? "" : `, full at ${at} at the current rate`);
  return [
    `Now: ${now}`,
    ...windows.map(({ name, utilization, status, limit, remaining, resetsAt, fullAt, isBinding }) => {
      const used =
        utilization !== null
          ? `${percent(utilization)} used`
          : remaining !== null
            ? `${remaining} of ${limit ?? "?"} left`
            : "has reset since the last report";
      const reset = resetsAt === null ? "" : `, resets at ${resetsAt}`;
      return `Window ${name}: ${used}${status === null ? "" : ` (${status})`}${reset}${full(fullAt)}${isBinding ? "; this one binds" : ""}`;
    }),
    reportedAt === null ? "Claude has reported no limits yet." : `Reported at ${reportedAt}.`,
    ...(ownLimit === null
      ? []
      : [
          `Limit of this deployment: ${percent(ownLimit.utilization)} of ${ownLimit.tokenLimit} output tokens in five hours${full(ownLimit.fullAt)}`,
        ]),
    `Today (UTC), ${today.of === "key" ? "this key" : "the whole domain"}: ${requests} requests, ${errors} of them failed, ${totalTokens} tokens, ${costUsd === null ? "no known price" : `$${costUsd}`}${unpricedRequests > 0 ? ` (${unpricedRequests} requests without a price)` : ""}`,
  ].join("\n");
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
const timeOf = (at: number | null) => (at === null ? null : iso(at));
