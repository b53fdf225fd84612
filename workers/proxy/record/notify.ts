/** The bell: tells ingest that the journal has something new. Under `waitUntil`; never throws. Used by recording and bundling. */
import { MAX_QUEUE_MESSAGE_BYTES } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { ExchangeMessage } from "../../schemas/exchange.ts";
import { withTimeout } from "../../store/db/timeout.ts";
import { count } from "./counters.ts";
import { addPendingMessage, sendPendingMessages } from "./pending-notifications.ts";

/** Pauses before the second and third try of a queue send, and the time each may take: see PUT_RETRY_DELAYS_MS. */
const SEND_RETRY_DELAYS_MS = [500, 1_500];
const SEND_TIMEOUT_MS = 4_000;

/** Rings. What the queue does not take in three tries is found by the sweep, or kept when it is in no journal. */
export async function notifyIngest(env: Pick<Env, "EXCHANGES">, message: ExchangeMessage): Promise<void> {
  const bell = fitQueueLimit(message);
  for (let attempt = 0; ; attempt++) {
    try {
      // One that arrives after its time rings twice, which does no harm.
      await withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.send(bell));
      return;
    } catch (thrown) {
      log.warn("bell: queue send failed", { id: bell.id, attempt, error: errorText(thrown) });
      const delay = SEND_RETRY_DELAYS_MS[attempt];
      if (delay === undefined) return handleSendFailure(bell);
      await scheduler.wait(delay);
    }
  }
}

/** Rings for exchanges that are only in their bells, with few calls. They are safe with `unsent-bells` before the first of them. */
export async function notifyWithMetadata(
  env: Pick<Env, "EXCHANGES">,
  bells: readonly ExchangeMessage[],
): Promise<void> {
  bells.map(fitQueueLimit).forEach(addPending);
  try {
    await sendPendingMessages((some) =>
      withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.sendBatch(some.map((body) => ({ body })))),
    );
  } catch (thrown) {
    log.warn("bell: queue send failed, bells are kept", { bells: bells.length, error: errorText(thrown) });
  }
}

/** What is in the journal is found there by the sweep. Facts that are only in the bell have to wait for the queue. */
function handleSendFailure(bell: ExchangeMessage): void {
  count("bell_failed");
  if (bell.request || bell.response) addPending(bell);
}

function addPending(bell: ExchangeMessage): void {
  if (!addPendingMessage(bell)) count("facts_lost");
}

/** The queue refuses a message that is too large; headers are what can be large and be done without. */
function fitQueueLimit(bell: ExchangeMessage): ExchangeMessage {
  if (!bell.request && !bell.response) return bell;
  if (JSON.stringify(bell).length * 3 < MAX_QUEUE_MESSAGE_BYTES) return bell;
  return {
    ...bell,
    request: bell.request && { ...bell.request, headers: {} },
    response: bell.response && { ...bell.response, headers: {} },
  };
}
