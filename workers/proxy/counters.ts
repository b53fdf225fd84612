/**
 * Things that are counted, not stored (requests refused before authentication, exchanges the journal could not take).
 * An isolate sums them up and sends the sums as one queue message at most every 10 s, so that a flood of bad requests
 * costs a flood of additions and nothing else. What is left when an isolate is evicted is lost; a counter may be.
 */
import { errorText, log } from "../log.ts";
import type { CountersBell } from "../schemas/exchange.ts";

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
  | "recorder_failed";

const FLUSH_INTERVAL_MS = 10_000;

let counts: Record<string, number> = {};
let flushedAt = -Infinity;

/** Adds one. Leaves with the next flush. */
export function count(name: CounterName): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/**
 * Sends the sums if there are any and the last message is long enough ago. To be called at the end of a request; the sending
 * goes on under `waitUntil` and never throws.
 */
export function flushCounters(
  env: Pick<Env, "EXCHANGES">,
  ctx: Pick<ExecutionContext, "waitUntil">,
  now: number,
): void {
  if (now - flushedAt < FLUSH_INTERVAL_MS || Object.keys(counts).length === 0) return;
  flushedAt = now;
  const bell: CountersBell = { v: 1, kind: "counters", id: crypto.randomUUID(), at: now, counts };
  counts = {};
  ctx.waitUntil(
    env.EXCHANGES.send(bell).then(
      () => undefined,
      (thrown: unknown) => {
        log.warn("counters: queue send failed, kept for the next message", { error: errorText(thrown) });
        for (const [name, value] of Object.entries(bell.counts)) counts[name] = (counts[name] ?? 0) + value;
      },
    ),
  );
}
