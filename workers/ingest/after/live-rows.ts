/** Publishes stored rows to the live feed after the commit. Ingest neither waits for it nor fails with it. */
import { LIVE_FEED_NAME } from "../../runtime/constants.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { RequestRow } from "../../schemas/api/requests.ts";

export async function publishRows(env: Env, rows: readonly RequestRow[]): Promise<void> {
  if (rows.length === 0) return;
  try {
    const notices = rows.map((data) => ({ event: "exchange.stored" as const, data }));
    await env.LIVE_FEED.getByName(LIVE_FEED_NAME).publish(notices);
  } catch (thrown) {
    log.warn("live: notices of ingest dropped", { notices: rows.length, error: errorText(thrown) });
  }
}
