/**
 * Reports rate-limit headers to the account's window. An isolate keeps the newest headers of each account and sends them
 * at most once per LIMIT_REPORT_INTERVAL_MS, under `waitUntil`: no response waits for a Durable Object.
 */
import { LIMIT_REPORT_INTERVAL_MS } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { LimitReport } from "../../schemas/window.ts";

/** Limits of subscriptions and API keys, of priority and of fast traffic. */
const RATE_LIMIT_HEADER = /^anthropic-(?:ratelimit|priority|fast)-/;

/** The newest unsent report of each account, and when its send was planned. */
const pending = new Map<string, { report: LimitReport; plannedAt: number }>();
/** After this a planned send counts as lost with the invocation that planned it. */
const LOST_AFTER_MS = 10 * LIMIT_REPORT_INTERVAL_MS;

/** `stored`: the response's headers that may be stored. The account is determined as in ingest. */
export function reportRateLimits(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  account: { accountId: string | null; domain: string },
  stored: Readonly<Record<string, string>>,
  now: number,
): void {
  const headers = Object.entries(stored).filter(([name]) => RATE_LIMIT_HEADER.test(name));
  if (headers.length === 0) return;
  const accountId = account.accountId ?? stored["anthropic-organization-id"] ?? account.domain;
  const report: LimitReport = { accountId, at: now, headers: Object.fromEntries(headers) };
  const planned = pending.get(accountId);
  const isPlanned = planned !== undefined && Math.abs(now - planned.plannedAt) < LOST_AFTER_MS;
  pending.set(accountId, { report, plannedAt: isPlanned ? planned.plannedAt : now });
  // A timer belongs to the invocation that set it; the report it sends may come from another.
  if (!isPlanned) ctx.waitUntil(sendLater(env, accountId));
}

async function sendLater(env: Env, accountId: string): Promise<void> {
  await scheduler.wait(LIMIT_REPORT_INTERVAL_MS);
  const report = pending.get(accountId)?.report;
  pending.delete(accountId);
  if (!report) return;
  try {
    await env.ACCOUNT_WINDOW.getByName(accountId).report(report);
  } catch (thrown) {
    // The next response reports them again.
    log.warn("limits: report to the account's window failed", { accountId, error: errorText(thrown) });
  }
}
