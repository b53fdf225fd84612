/**
 * Counts events that have no row (requests rejected before authentication, exchanges the journal could not take).
 * An isolate sums the counts and sends them as one queue message at most every 10 s, so that a flood of bad requests
 * costs additions only. Pending messages (pending-notifications.ts) are sent along. Counts are lost when an isolate is evicted before it has sent them.
 */
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/timeout.ts";
import type { CountersMessage } from "../../schemas/exchange.ts";
import { hasPendingMessages, sendPendingMessages } from "./pending-notifications.ts";

/** Names are part of the API (`GET /api/status`) and never change. */
export type CounterName =
  | "refused_path"
  | "refused_unauthenticated"
  | "refused_endpoint"
  | "refused_other_site"
  | "no_credential"
  | "tenants_unavailable"
  | "request_cut"
  | "unrecorded"
  | "bell_failed"
  | "facts_lost"
  | "recorder_failed";

const FLUSH_INTERVAL_MS = 10_000;
const PLAN_GRACE_MS = 1_000;
const SEND_TIMEOUT_MS = 5_000;

let counts: Record<string, number> = {};
/**
 * Counts whose send failed or timed out, so the queue may have taken them. They are sent again as the same message, which ingest
 * adds once.
 */
let unconfirmed: CountersMessage | null = null;
let flushedAt = -Infinity;
/** A flush is planned until then. A time and not a flag, because the invocation that planned it may be ended. */
let plannedUntil = -Infinity;

/** Adds one; sent with the next flush. */
export function count(name: CounterName): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

const REJECTION_COUNTERS: Partial<Record<ProxyError["reason"], CounterName>> = {
  bad_request: "refused_path",
  unauthenticated: "refused_unauthenticated",
  endpoint_not_allowed: "refused_endpoint",
  other_site: "refused_other_site",
  no_credential: "no_credential",
  credential_unavailable: "no_credential",
  tenants_unavailable: "tenants_unavailable",
};

/** Counts a request that is not forwarded. */
export function countRejection({ reason }: Pick<ProxyError, "reason">): void {
  const counter = REJECTION_COUNTERS[reason];
  if (counter) count(counter);
}

/**
 * Sends counts and pending messages, if there are any: at once, or FLUSH_INTERVAL_MS after the last send. To be called
 * at the end of whatever may have counted; the send runs under `waitUntil` and never rejects.
 */
export function flushCounters(
  env: Pick<Env, "EXCHANGES">,
  ctx: Pick<ExecutionContext, "waitUntil">,
  now: number,
): void {
  if (!hasCounts() && unconfirmed === null && !hasPendingMessages()) return;
  const wait = flushedAt + FLUSH_INTERVAL_MS - now;
  if (wait <= 0) return ctx.waitUntil(send(env, ctx, now));
  if (now < plannedUntil) return;
  plannedUntil = now + wait + PLAN_GRACE_MS;
  ctx.waitUntil(scheduler.wait(wait).then(() => flushCounters(env, ctx, Date.now())));
}

const hasCounts = () => Object.keys(counts).length > 0;

async function send(
  env: Pick<Env, "EXCHANGES">,
  ctx: Pick<ExecutionContext, "waitUntil">,
  now: number,
): Promise<void> {
  flushedAt = now;
  plannedUntil = -Infinity;
  try {
    for (; unconfirmed !== null || hasCounts(); unconfirmed = null) {
      unconfirmed ??= takeCounts(now);
      await withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.send(unconfirmed));
    }
    await sendPendingMessages((batch) =>
      withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.sendBatch(batch.map((body) => ({ body })))),
    );
  } catch (thrown) {
    log.warn("counters: queue send failed, counts are kept", { error: errorText(thrown) });
    flushCounters(env, ctx, Date.now());
  }
}

function takeCounts(now: number): CountersMessage {
  const message: CountersMessage = { v: 1, kind: "counters", id: crypto.randomUUID(), at: now, counts };
  counts = {};
  return message;
}
