/**
 * Compares an account's window with Postgres, and corrects it. The window is told of every commit, but nobody waits for
 * that, so a message to it may be lost; it cannot read Postgres itself. Called by the windows' routes.
 */
import { errorText, log } from "../log.ts";
import type { WindowState, WindowSums } from "../schemas/window.ts";
import type { DatabaseConfig } from "../store/db.ts";
import { readWindowRows, sumWindowRows } from "../store/window-rows.ts";

/** Rows are read and compared in portions of this long. */
const PORTION_MS = 3_600_000;

const FIGURES = [
  "requests",
  "inputTokens",
  "outputTokens",
  "cacheReadInputTokens",
  "cacheCreationInputTokens",
  "costPico",
  "unpricedCount",
] as const satisfies (keyof WindowSums)[];

/** The account's state, corrected first where its totals are not those of Postgres. With Postgres out of reach: as it is. */
export async function trueState(
  env: Env,
  config: DatabaseConfig,
  accountId: string,
  options: { now: number; historyFrom: number },
): Promise<WindowState> {
  const stub = env.ACCOUNT_WINDOW.getByName(accountId);
  const state = await stub.state(accountId, options);
  const span = { from: state.totals.from + 1, to: state.totals.to + 1 };
  try {
    const stored = await sumWindowRows(config, accountId, span);
    if (FIGURES.every((figure) => stored[figure] === state.totals.total[figure])) return state;
    log.info("windows: differs from the rows, corrected", { accountId });
    await reconcile(env, config, accountId, span);
  } catch (thrown) {
    log.warn("windows: not compared with the rows", { accountId, error: errorText(thrown) });
    return state;
  }
  return stub.state(accountId, options);
}

/** Makes the window say of a span what Postgres says. */
export async function reconcile(
  env: Env,
  config: DatabaseConfig,
  accountId: string,
  span: { from: number; to: number },
): Promise<void> {
  const stub = env.ACCOUNT_WINDOW.getByName(accountId);
  for (let from = span.from; from < span.to; from += PORTION_MS) {
    const portion = { from, to: Math.min(from + PORTION_MS, span.to) };
    const upTo = await stub.sequence();
    const exchanges = await readWindowRows(config, accountId, portion);
    await stub.reconcile({ accountId, ...portion, upTo, exchanges });
  }
}
