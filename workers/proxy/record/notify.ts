/** Enqueues an ExchangeMessage after a journal write. Never rejects; runs under `waitUntil`. Used by record.ts and batch-writer.ts. */
import { MAX_QUEUE_MESSAGE_BYTES } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import { withRetry } from "../../runtime/retry.ts";
import { withTimeout } from "../../runtime/timeout.ts";
import type { ExchangeMessage } from "../../schemas/exchange.ts";
import { count } from "./counters.ts";
import { addPendingMessage, sendPendingMessages } from "./pending-notifications.ts";

/** Delays before the second and third send, and the timeout of each: see PUT_RETRY_DELAYS_MS. */
const SEND_RETRY_DELAYS_MS = [500, 1_500];
const SEND_TIMEOUT_MS = 4_000;

/** After three failed sends the sweep finds the journal entry; metadata that is in no journal is kept in memory. */
export async function notifyIngest(env: Pick<Env, "EXCHANGES">, message: ExchangeMessage): Promise<void> {
  const fitted = fitQueueLimit(message);
  try {
    await withRetry(
      SEND_RETRY_DELAYS_MS,
      // A send that completes after its timeout enqueues a duplicate, which is harmless.
      () => withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.send(fitted)),
      (thrown, attempt) =>
        log.warn("notify: queue send failed", { id: message.id, attempt, error: errorText(thrown) }),
    );
  } catch {
    count("bell_failed");
    if (fitted.request || fitted.response) addPending(fitted);
  }
}

/** Sends messages that carry all that is known of their exchanges, in few calls. Before the first send all are in pending-notifications.ts. */
export async function notifyWithMetadata(
  env: Pick<Env, "EXCHANGES">,
  messages: readonly ExchangeMessage[],
): Promise<void> {
  messages.map(fitQueueLimit).forEach(addPending);
  try {
    await sendPendingMessages((batch) =>
      withTimeout(SEND_TIMEOUT_MS, env.EXCHANGES.sendBatch(batch.map((body) => ({ body })))),
    );
  } catch (thrown) {
    log.warn("notify: queue send failed, messages are kept", {
      messages: messages.length,
      error: errorText(thrown),
    });
  }
}

function addPending(message: ExchangeMessage): void {
  if (!addPendingMessage(message)) count("facts_lost");
}

/** The queue rejects a message that is too large; headers can be large and are dispensable. */
function fitQueueLimit(message: ExchangeMessage): ExchangeMessage {
  if (!message.request && !message.response) return message;
  if (JSON.stringify(message).length * 3 < MAX_QUEUE_MESSAGE_BYTES) return message;
  return {
    ...message,
    request: message.request && { ...message.request, headers: {} },
    response: message.response && { ...message.response, headers: {} },
  };
}
