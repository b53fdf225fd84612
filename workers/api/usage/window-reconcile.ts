/**
 * Compares an account's window with Postgres, and corrects it. The window is told of every commit, but nobody waits for
 * that, so a message to it may be lost; it cannot read Postgres itself. Called by the windows' routes.
 */
import { WINDOW_MS } from "../../runtime/constants.ts";
import { rollingSpan, type Span } from "../../domain/windows/time-span.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { TokenTotals } from "../../schemas/tokens.ts";
import type { WindowState } from "../../schemas/window.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { readUsage, addUsage, type UsageTotals } from "../../store/usage/read.ts";
import { readWindowRows, sumWindowRows } from "../../store/usage/window-rows.ts";

/** Rows are read and compared in portions of this long. */
const CHUNK_MS = 3_600_000;

const COMPARED = [
  "requests",
  "inputTokens",
  "outputTokens",
  "cacheReadInputTokens",
  "cacheCreationInputTokens",
  "costPico",
  "unpricedCount",
] as const satisfies (keyof TokenTotals)[];

/** The account's state, corrected first where its totals are not those of Postgres. With Postgres out of reach: as it is. */
export async function reconciledState(
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
    if (areSame(stored, state.totals.total)) return state;
    log.info("windows: differs from the rows, corrected", { accountId });
    await reconcile(env, config, accountId, span);
  } catch (thrown) {
    log.warn("windows: not compared with the rows", { accountId, error: errorText(thrown) });
    return state;
  }
  return stub.state(accountId, options);
}

/**
 * The states of many accounts at one instant, corrected as one alone is. One statement sums all of them up, from the rollups, which
 * are kept with the rows. An account whose window does not answer is left out: it does not hide the others.
 */
export async function reconciledStates(
  env: Env,
  config: DatabaseConfig,
  accountIds: readonly string[],
  now: number,
): Promise<WindowState[]> {
  const span = rollingSpan(now, WINDOW_MS);
  const [states, stored] = await Promise.all([
    Promise.all(accountIds.map((accountId) => readState(env, accountId, now))),
    totalsByAccount(config, span),
  ]);
  const corrected = states.map(async (state) => {
    if (!state || !stored || areSame(stored.get(state.accountId) ?? ZERO, state.totals.total)) return state;
    const { accountId } = state;
    log.info("windows: differs from the rows, corrected", { accountId });
    return reconcile(env, config, accountId, span).then(
      () => readState(env, accountId, now),
      (thrown: unknown) => {
        log.warn("windows: not corrected", { accountId, error: errorText(thrown) });
        return state;
      },
    );
  });
  return (await Promise.all(corrected)).filter((state) => state !== null);
}

const ZERO = addUsage([]);

/** Null while Postgres is out of reach. Asks the writing database: a replica may be behind. */
async function totalsByAccount(config: DatabaseConfig, span: Span): Promise<Map<string, UsageTotals> | null> {
  try {
    const cells = await readUsage({ ...config, DATABASE_READONLY_URL: undefined }, span, { account: true });
    return new Map(cells.map((cell) => [cell.accountId, cell]));
  } catch (thrown) {
    log.warn("windows: not compared with the rows", { error: errorText(thrown) });
    return null;
  }
}

async function readState(env: Env, accountId: string, now: number): Promise<WindowState | null> {
  try {
    return await env.ACCOUNT_WINDOW.getByName(accountId).state(accountId, { now });
  } catch (thrown) {
    log.error("windows: an account's window does not answer", { accountId, error: errorText(thrown) });
    return null;
  }
}

function areSame(stored: UsageTotals, counted: TokenTotals): boolean {
  return COMPARED.every((name) => stored[name] === counted[name]);
}

/** Makes the window say of a span what Postgres says. */
export async function reconcile(
  env: Env,
  config: DatabaseConfig,
  accountId: string,
  span: { from: number; to: number },
): Promise<void> {
  const stub = env.ACCOUNT_WINDOW.getByName(accountId);
  for (let from = span.from; from < span.to; from += CHUNK_MS) {
    const chunk = { from, to: Math.min(from + CHUNK_MS, span.to) };
    const upTo = await stub.sequence();
    const exchanges = await readWindowRows(config, accountId, chunk);
    await stub.reconcile({ accountId, ...chunk, upTo, exchanges });
  }
}
