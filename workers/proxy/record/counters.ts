/**
 * Things that are counted, not stored (requests refused before authentication, exchanges the journal could not take).
 * An isolate sums them up and sends the sums as one queue message at most every 10 s, so that a flood of bad requests
 * costs a flood of additions and nothing else. With them go the bells that the queue did not take before. What is left when
 * an isolate is evicted is lost; a counter may be.
 */
import { errorText, log } from "../../runtime/log.ts";
import type { CountersMessage } from "../../schemas/exchange.ts";
import { withTimeout } from "../../store/db/timeout.ts";
import { hasPendingMessages, sendPendingMessages } from "./pending-notifications.ts";

/** Names are part of the API (`GET /api/status`) and never change. */
export type CounterName =
  | "refused_path"
  | "refused_unauthenticated"
  | "refused_endpoint"
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
 * Sums that the queue may or may not have taken. They are sent again as the same message, which is added up once: a queue that
 * is slow takes what nobody waited for.
 */
let pending: CountersMessage | null = null;
let flushedAt = -Infinity;
/** Until then somebody will flush. A time and not a flag: whoever planned it may be ended before. */
let plannedUntil = -Infinity;

/** Adds one. Leaves with the next flush. */
export function count(name: CounterName): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/**
 * Sends the sums and the bells left behind, if there are any, at once or when the last message is long enough ago. To be called
 * at the end of whatever may have counted; the sending goes on under `waitUntil` and never throws.
 */
export function flushCounters(
  env: Pick<Env, "EXCHANGES">,
  ctx: Pick<ExecutionContext, "waitUntil">,
  now: number,
): void {
  if (!hasCounts() && pending === null && !hasPendingMessages()) return;
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
    for (; pending !== null || hasCounts(); pending = null) {
      pending ??= takeCounts(now);
      await withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.send(pending));
    }
    await sendPendingMessages((bells) =>
      withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.sendBatch(bells.map((body) => ({ body })))),
    );
  } catch (thrown) {
    log.warn("counters: queue send failed, kept for the next time", { error: errorText(thrown) });
    flushCounters(env, ctx, Date.now());
  }
}

function takeCounts(now: number): CountersMessage {
  const bell: CountersMessage = { v: 1, kind: "counters", id: crypto.randomUUID(), at: now, counts };
  counts = {};
  return bell;
}
