/**
 * Rate-limit headers on their way to the account's window. An isolate gathers the newest of each account and sends them
 * at most once a second, under `waitUntil`: neither a stream nor its headers wait for a Durable Object.
 */
import { LIMIT_REPORT_INTERVAL_MS } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { LimitReport } from "../../schemas/window.ts";

/** Subscriptions' and API keys' limits, those of priority and fast traffic. */
const RATE_LIMIT_HEADER = /^anthropic-(?:ratelimit|priority|fast)-/;

/** The newest report of each account that waits to be sent, and when the sending was planned. */
const waiting = new Map<string, { report: LimitReport; plannedAt: number }>();
/** A sending that has not happened by then died with the request that planned it. */
const LOST_AFTER_MS = 10 * LIMIT_REPORT_INTERVAL_MS;

/**
 * Takes note of an answer's headers (those that may be stored). Whose limits they are is decided as ingest decides whose exchange it is.
 */
export function reportRateLimits(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  account: { accountId: string | null; domain: string },
  stored: Readonly<Record<string, string>>,
  now: number,
): void {
  const about = Object.entries(stored).filter(([name]) => RATE_LIMIT_HEADER.test(name));
  if (about.length === 0) return;
  const accountId = account.accountId ?? stored["anthropic-organization-id"] ?? account.domain;
  const report: LimitReport = { accountId, at: now, headers: Object.fromEntries(about) };
  const planned = waiting.get(accountId);
  const isPlanned = planned !== undefined && Math.abs(now - planned.plannedAt) < LOST_AFTER_MS;
  waiting.set(accountId, { report, plannedAt: isPlanned ? planned.plannedAt : now });
  // A timer belongs to the request that set it; what it sends may come from another.
  if (!isPlanned) ctx.waitUntil(sendLater(env, accountId));
}

async function sendLater(env: Env, accountId: string): Promise<void> {
  await scheduler.wait(LIMIT_REPORT_INTERVAL_MS);
  const report = waiting.get(accountId)?.report;
  waiting.delete(accountId);
  if (!report) return;
  try {
    await env.ACCOUNT_WINDOW.getByName(accountId).report(report);
  } catch (thrown) {
    // The next answer says it again.
    log.warn("limits: an account's window was not told", { accountId, error: errorText(thrown) });
  }
}
