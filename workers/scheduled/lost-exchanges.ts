/**
 * Counts exchanges that were begun and never stored: an isolate that is killed loses what it has not written to the journal, a small
 * exchange for some 20 ms after its end. The live feed has the ids of those that have begun. Called every minute by cron.
 */
import { v5 as uuidv5 } from "uuid";
import { alert } from "../runtime/raise-alert.ts";
import { loadConfig } from "../runtime/config.ts";
import { LIVE_FEED_NAME, MINUTE_MS } from "../runtime/constants.ts";
import { isExchangeId, newExchangeId, startedAtOf } from "../domain/exchange-id.ts";
import { errorText, log } from "../runtime/log.ts";
import { withWriter } from "../store/db/db.ts";
import { listJournal } from "../store/journal/objects.ts";
import { domainsOfStored } from "../store/requests/write.ts";
import { addCounters } from "../store/usage/counters.ts";

/** In multiples of SWEEP_AFTER_MS, as an abandoned entry: by then what the journal or a message has is stored. */
const LOST_AFTER_SWEEPS = 5;
/** A bundle is written at most this long after its exchanges began, with all attempts. */
const MAX_BUNDLE_DELAY_MS = MINUTE_MS;
const JOURNAL_PAGE_SIZE = 500;
/** Namespace of the idempotency keys of the counts. */
const LOST_NAMESPACE = "0d0c2f51-6a53-4c83-9d7a-51c1b0a4a7c9";

/** Never rejects. `now` in epoch milliseconds. Returns how many were lost. */
export async function countLostExchanges(env: Env, now: number): Promise<number> {
  try {
    return await count(env, now);
  } catch (thrown) {
    log.warn("cron: lost exchanges not counted", { error: errorText(thrown) });
    return 0;
  }
}

async function count(env: Env, now: number): Promise<number> {
  const config = loadConfig(env);
  const feed = env.LIVE_FEED.getByName(LIVE_FEED_NAME);
  const before = now - LOST_AFTER_SWEEPS * config.SWEEP_AFTER_MS;
  const unstored = await feed.unstored(newExchangeId(before, new Uint8Array(10)), now);
  const begun = unstored.filter(isExchangeId);
  if (begun.length === 0) return 0;
  const isRecorded = await journalledBefore(env, startedAtOf(begun.at(-1)!) ?? 0);
  return withWriter(config, async (db) => {
    const stored = await domainsOfStored(db, begun);
    const lost = begun.filter((id) => !stored.has(id) && !isRecorded(id));
    if (lost.length > 0) {
      // The id is that of these exchanges: they are counted once, also if forget() fails and the next run finds them again.
      const message = { id: uuidv5(lost.join(), LOST_NAMESPACE), at: now, counts: { lost: lost.length } };
      await addCounters(db, [message]);
      log.error("cron: exchanges were begun and never recorded", {
        exchanges: lost.length,
        first: lost[0] ?? "",
      });
      await alert(env, { kind: "exchanges_lost", exchanges: lost.length, at: now });
    }
    await feed.forget([...stored.keys(), ...lost]);
    return lost.length;
  });
}

/** Whether the journal may still have an exchange: under its own id, or in a bundle that was written soon after it began. */
async function journalledBefore(env: Env, newest: number): Promise<(id: string) => boolean> {
  const ids = new Set<string>();
  let firstBundle = Infinity;
  let startAfter: string | undefined;
  do {
    const page = await listJournal(env.JOURNAL, {
      limit: JOURNAL_PAGE_SIZE,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    for (const { id, exchanges } of page.entries) {
      ids.add(id);
      if (exchanges !== undefined) firstBundle = Math.min(firstBundle, startedAtOf(id) ?? 0);
    }
    startAfter = page.cursor ?? undefined;
  } while (startAfter !== undefined && (startedAtOf(startAfter) ?? 0) <= newest + MAX_BUNDLE_DELAY_MS);
  return (id) => ids.has(id) || firstBundle <= (startedAtOf(id) ?? 0) + MAX_BUNDLE_DELAY_MS;
}
