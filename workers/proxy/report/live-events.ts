/**
 * Tells the live feed which exchanges begin and end. An isolate collects notices for a second and sends them as one call
 * under `waitUntil`: nothing waits for it, and what cannot be delivered is dropped, because it is only news.
 */
import { LIVE_FEED_NAME, LIVE_NOTICE_DELAY_MS } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { LiveEvent } from "../../schemas/api/live.ts";
import type { Exchange } from "../exchange.ts";
import type { RequestBody } from "../body/request-body.ts";

/** Claude Code and the SDKs write the model among the first members. */
const HEAD_BYTES = 512;
const MODEL_PATTERN = /"model"\s*:\s*"([\w.:@/[\]-]{1,200})"/;
/** The invocation that was to send may have been killed. */
const SEND_GRACE_MS = 5_000;
/** With the feed out of reach an isolate forgets older news rather than growing. */
const MAX_PENDING_NOTICES = 2_000;

let pendingNotices: LiveEvent[] = [];
/** Until then (epoch milliseconds) a sending is under way; a killed one is not waited for. */
let scheduledUntil = 0;

/** An exchange was sent upstream. */
export function notifyStarted(exchange: Exchange, body: RequestBody): void {
  const { id, startedAt, admission } = exchange;
  const { domain, accountId } = admission.record;
  const data = {
    requestId: id,
    domain,
    accountId,
    model: modelOf(body),
    startedAt: new Date(startedAt).toISOString(),
  };
  enqueue(exchange, { event: "exchange.started", data });
}

/** Its answer has ended, however it did. */
export function notifyEnded(exchange: Exchange): void {
  enqueue(exchange, { event: "exchange.ended", requestId: exchange.id });
}

function enqueue({ env, ctx }: Exchange, notice: LiveEvent): void {
  if (pendingNotices.length < MAX_PENDING_NOTICES) pendingNotices.push(notice);
  const now = Date.now();
  if (now < scheduledUntil) return;
  scheduledUntil = now + LIVE_NOTICE_DELAY_MS + SEND_GRACE_MS;
  ctx.waitUntil(send(env));
}

/** Not at once: the call would compete with the first byte of the answer. */
async function send(env: Env): Promise<void> {
  await scheduler.wait(LIVE_NOTICE_DELAY_MS);
  const notices = pendingNotices;
  pendingNotices = [];
  scheduledUntil = 0;
  try {
    await env.LIVE_FEED.getByName(LIVE_FEED_NAME).publish(notices);
  } catch (thrown) {
    log.warn("live: notices of the proxy were lost", { notices: notices.length, error: errorText(thrown) });
  }
}

/** What the beginning of a body that is at hand says; the stored row will have it in any case. */
function modelOf(body: RequestBody): string | null {
  if (body.kind !== "held") return null;
  return MODEL_PATTERN.exec(new TextDecoder().decode(body.bytes.subarray(0, HEAD_BYTES)))?.[1] ?? null;
}
