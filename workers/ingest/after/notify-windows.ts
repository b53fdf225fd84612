/**
 * Reports committed usage to account windows. A report that fails is logged and corrected later by comparing the
 * window with Postgres (workers/api/usage/window-reconcile.ts). Called by consumer.ts.
 */
import { errorText, log } from "../../runtime/log.ts";
import { withRetry } from "../../runtime/retry.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import type { StoredExchange } from "../../store/requests/write.ts";

/** Delays before the second and third attempt. */
const RETRY_DELAYS_MS = [200, 1_000];

interface AccountUsage {
  exchanges: WindowExchange[];
  moved: { id: string; startedAt: number }[];
}

/** Resolves when every window was notified, or could not be. Never rejects. */
export async function notifyWindows(env: Env, stored: readonly StoredExchange[]): Promise<void> {
  const byAccount = new Map<string, AccountUsage>();
  const usageOf = (accountId: string) => {
    const usage = byAccount.get(accountId) ?? { exchanges: [], moved: [] };
    byAccount.set(accountId, usage);
    return usage;
  };
  for (const { accountId, movedFrom, ...exchange } of stored) {
    if (accountId !== null) usageOf(accountId).exchanges.push(exchange);
    if (movedFrom !== null) usageOf(movedFrom).moved.push({ id: exchange.id, startedAt: exchange.startedAt });
  }
  await Promise.all([...byAccount].map(([accountId, usage]) => notify(env, accountId, usage)));
}

/** A repeated report changes nothing, so every failure is retried, with a new stub. */
async function notify(env: Env, accountId: string, usage: AccountUsage): Promise<void> {
  await withRetry(
    RETRY_DELAYS_MS,
    async () => env.ACCOUNT_WINDOW.getByName(accountId).record({ accountId, ...usage }),
    (thrown, attempt) =>
      log.warn("ingest: notifying a window failed", { accountId, attempt, error: errorText(thrown) }),
  ).catch(() => undefined);
}
