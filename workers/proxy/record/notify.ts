/** The bell: tells ingest that the journal has something new. Under `waitUntil`; never throws. Used by recording and bundling. */
import { MAX_QUEUE_MESSAGE_BYTES } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { ExchangeBell } from "../../schemas/exchange.ts";
import { withTimeout } from "../../store/db/timeout.ts";
import { count } from "./counters.ts";
import { keepUnsent, sendUnsent } from "./pending-notifications.ts";

/** Pauses before the second and third try of a queue send, and the time each may take: see PUT_RETRY_DELAYS_MS. */
const BELL_RETRY_DELAYS_MS = [500, 1_500];
const BELL_TIMEOUT_MS = 4_000;

/** Rings. What the queue does not take in three tries is found by the sweep, or kept when it is in no journal. */
export async function ring(env: Pick<Env, "EXCHANGES">, message: ExchangeBell): Promise<void> {
  const bell = fitted(message);
  for (let attempt = 0; ; attempt++) {
    try {
      // One that arrives after its time rings twice, which does no harm.
      await withTimeout(BELL_TIMEOUT_MS, env.EXCHANGES.send(bell));
      return;
    } catch (thrown) {
      log.warn("bell: queue send failed", { id: bell.id, attempt, error: errorText(thrown) });
      const delay = BELL_RETRY_DELAYS_MS[attempt];
      if (delay === undefined) return notRung(bell);
      await scheduler.wait(delay);
    }
  }
}

/** Rings for exchanges that are only in their bells, with few calls. They are safe with `unsent-bells` before the first of them. */
export async function ringForFacts(
  env: Pick<Env, "EXCHANGES">,
  bells: readonly ExchangeBell[],
): Promise<void> {
  bells.map(fitted).forEach(keep);
  try {
    await sendUnsent((some) =>
      withTimeout(BELL_TIMEOUT_MS, env.EXCHANGES.sendBatch(some.map((body) => ({ body })))),
    );
  } catch (thrown) {
    log.warn("bell: queue send failed, bells are kept", { bells: bells.length, error: errorText(thrown) });
  }
}

/** What is in the journal is found there by the sweep. Facts that are only in the bell have to wait for the queue. */
function notRung(bell: ExchangeBell): void {
  count("bell_failed");
  if (bell.request || bell.response) keep(bell);
}

function keep(bell: ExchangeBell): void {
  if (!keepUnsent(bell)) count("facts_lost");
}

/** The queue refuses a message that is too large; headers are what can be large and be done without. */
function fitted(bell: ExchangeBell): ExchangeBell {
  if (!bell.request && !bell.response) return bell;
  if (JSON.stringify(bell).length * 3 < MAX_QUEUE_MESSAGE_BYTES) return bell;
  return {
    ...bell,
    request: bell.request && { ...bell.request, headers: {} },
    response: bell.response && { ...bell.response, headers: {} },
  };
}
