/** The window of an account as the API returns it. */
import { bindingWindow } from "../../domain/windows/rate-limit-headers.ts";
import { iso } from "../../domain/usage/calendar.ts";
import { limitFigures } from "../../domain/usage/time-series.ts";
import type { WindowDetail, WindowView } from "../../schemas/api/windows.ts";
import type { TokenTotals } from "../../schemas/tokens.ts";
import type { LimitPoint, LimitState, WindowShare, WindowState } from "../../schemas/window.ts";
import { tokenTotalsView } from "../../store/usage/totals.ts";

export function windowView(state: WindowState): WindowView {
  const { totals, settings, limits, overall } = state;
  return {
    accountId: state.accountId,
    windowStart: iso(totals.from),
    windowEnd: iso(totals.to),
    totals: totalsView(totals.total),
    tokenLimit: settings.tokenLimit,
    ...limitFigures(settings.tokenLimit, totals.total.outputTokens),
    fullAt: isoOrNull(state.fullAt),
    thresholds: settings.thresholds,
    status: overall["status"] ?? null,
    bindingWindow: bindingWindow(overall),
    reportedAt: isoOrNull(state.reportedAt),
    unified: limits.filter(({ style }) => style === "unified").map(unified),
    classic: limits.filter(({ style }) => style === "classic").map(classic),
    overall,
    alerts: state.alerts.map(({ window, threshold, at, resetAt }) => ({
      window,
      threshold,
      at: iso(at),
      resetsAt: isoOrNull(resetAt),
    })),
  };
}

export function windowDetail(state: WindowState): WindowDetail {
  const { from, domains, sessions, otherSessions, models } = state.current;
  return {
    ...windowView(state),
    usageFrom: iso(from + 1),
    domains: domains.map((share) => ({ domain: share.name ?? "", ...shareView(share) })),
    sessions: sessions.map((share) => ({ sessionId: share.name, ...shareView(share) })),
    otherSessions: otherSessions && totalsView(otherSessions),
    models: models.map((share) => ({ model: share.name, ...shareView(share) })),
  };
}

function unified(limit: LimitState): WindowView["unified"][number] {
  const surpassed = Number(limit.fields["surpassed-threshold"] ?? NaN);
  return {
    window: limit.name,
    utilization: limit.utilization,
    status: limit.status,
    resetsAt: isoOrNull(limit.resetAt),
    surpassedThreshold: Number.isFinite(surpassed) ? surpassed : null,
    isBinding: limit.isBinding,
    hasEnded: limit.hasEnded,
    perHour: limit.forecast.perHour,
    fullAt: isoOrNull(limit.forecast.fullAt),
    reportedAt: iso(limit.reportedAt),
    fields: limit.fields,
    history: limit.history.map(point),
  };
}

function classic(limit: LimitState): WindowView["classic"][number] {
  return {
    kind: limit.name,
    limit: limit.limit,
    remaining: limit.remaining,
    utilization: limit.utilization,
    resetsAt: isoOrNull(limit.resetAt),
    reportedAt: iso(limit.reportedAt),
    history: limit.history.map(point),
  };
}

function point({ at, utilization, status, remaining, resetAt }: LimitPoint) {
  return { time: iso(at), utilization, status, remaining, resetsAt: isoOrNull(resetAt) };
}

function totalsView(totals: TokenTotals) {
  return { requests: totals.requests, ...tokenTotalsView(totals) };
}

function shareView(share: WindowShare) {
  return { ...totalsView(share), shareOfTokens: share.shareOfTokens, shareOfCost: share.shareOfCost };
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
