/**
 * Reports started and ended exchanges to the live feed. An isolate collects notices for LIVE_NOTICE_DELAY_MS and sends them in one call
 * under `waitUntil`. Notices that cannot be delivered are dropped: the stored row follows in any case.
 */
import { LIVE_FEED_NAME, LIVE_NOTICE_DELAY_MS } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { LiveEvent } from "../../schemas/api/live.ts";
import type { RequestBody } from "../body/request-body.ts";
import type { Exchange } from "../exchange.ts";

/** Claude Code and the SDKs write the model among the first members. */
const HEAD_BYTES = 512;
const MODEL_PATTERN = /"model"\s*:\s*"([\w.:@/[\]-]{1,200})"/;
const decoder = new TextDecoder();
/** After this a planned send counts as lost, because its invocation may have been killed. */
const SEND_GRACE_MS = 5_000;
/** While the feed is unreachable an isolate drops further notices rather than growing. */
const MAX_PENDING_NOTICES = 2_000;

let pendingNotices: LiveEvent[] = [];
/** A send is planned until then (epoch milliseconds). */
let scheduledUntil = 0;

/** The exchange was sent upstream. */
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

/** Its response has ended, with any outcome. */
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

/** Delayed, because the call would compete with the first byte of the response. */
async function send(env: Env): Promise<void> {
  await scheduler.wait(LIVE_NOTICE_DELAY_MS);
  const notices = pendingNotices;
  pendingNotices = [];
  scheduledUntil = 0;
  try {
    await env.LIVE_FEED.getByName(LIVE_FEED_NAME).publish(notices);
  } catch (thrown) {
    log.warn("live: notices of the proxy dropped", { notices: notices.length, error: errorText(thrown) });
  }
}

/** The model in the first bytes of a buffered body. */
function modelOf(body: RequestBody): string | null {
  if (body.kind !== "buffered") return null;
  return MODEL_PATTERN.exec(decoder.decode(body.bytes.subarray(0, HEAD_BYTES)))?.[1] ?? null;
}
