/**
 * Tells accounts' windows of what was just committed. What cannot be told is logged and found again by comparing the
 * window with Postgres (workers/api/windows); ingest waits for nobody here. Called by the consumer.
 */
import { errorText, log } from "../../runtime/log.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import type { StoredExchange } from "../../store/requests/write.ts";

/** Pauses before the second and third try. */
const RETRY_DELAYS_MS = [200, 1_000];

/** Resolves when every window has been told, or could not be. Never rejects. */
export async function notifyWindows(env: Env, settled: readonly StoredExchange[]): Promise<void> {
  const feeds = new Map<
    string,
    { exchanges: WindowExchange[]; moved: { id: string; startedAt: number }[] }
  >();
  const feed = (accountId: string) => {
    const known = feeds.get(accountId) ?? { exchanges: [], moved: [] };
    feeds.set(accountId, known);
    return known;
  };
  for (const { accountId, movedFrom, ...exchange } of settled) {
    if (accountId !== null) feed(accountId).exchanges.push(exchange);
    if (movedFrom !== null) feed(movedFrom).moved.push({ id: exchange.id, startedAt: exchange.startedAt });
  }
  await Promise.all(
    [...feeds].map(([accountId, told]) =>
      withRetry(accountId, () => env.ACCOUNT_WINDOW.getByName(accountId).record({ accountId, ...told })),
    ),
  );
}

/** Telling twice does no harm, so every failure is tried again, with a new stub. */
async function withRetry(accountId: string, tell: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await tell();
    } catch (thrown) {
      const delay = RETRY_DELAYS_MS[attempt];
      log.warn("ingest: an account's window was not told", { accountId, attempt, error: errorText(thrown) });
      if (delay === undefined) return;
      await scheduler.wait(delay);
    }
  }
}
