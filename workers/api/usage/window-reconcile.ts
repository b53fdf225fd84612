/**
 * Compares the window of an account (a Durable Object) with Postgres and corrects it. Ingest notifies the object of every
 * commit without retrying, so notifications may be lost; the object cannot read Postgres itself.
 */
import { HOUR_MS, WINDOW_MS } from "../../runtime/constants.ts";
import { rollingSpan, type Span } from "../../domain/windows/time-span.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { TokenTotals } from "../../schemas/tokens.ts";
import type { WindowState } from "../../schemas/window.ts";
import type { DatabaseConfig } from "../../store/db/db.ts";
import { readUsage } from "../../store/usage/read.ts";
import { type UsageTotals, ZERO_USAGE } from "../../store/usage/totals.ts";
import { readWindowRows } from "../../store/usage/window-rows.ts";

/** Rows are read and sent to the object in chunks of this length. */
const CHUNK_MS = HOUR_MS;

type StateOptions = { now: number; historyFrom?: number };

/** The state of an account, corrected first if its totals differ from Postgres. Unchanged while Postgres is unavailable. */
export async function reconciledState(
  env: Env,
  config: DatabaseConfig,
  accountId: string,
  options: StateOptions,
): Promise<WindowState> {
  const state = await env.ACCOUNT_WINDOW.getByName(accountId).state(accountId, options);
  const stored = await readTotals(config, spanOf(state), accountId);
  return corrected(env, config, state, stored, options);
}

/** The states of many accounts at `now`, corrected likewise. An account whose object fails is left out. */
export async function reconciledStates(
  env: Env,
  config: DatabaseConfig,
  accountIds: readonly string[],
  now: number,
): Promise<WindowState[]> {
  const orNull = async (accountId: string, reading: Promise<WindowState>) => {
    try {
      return await reading;
    } catch (thrown) {
      log.error("windows: AccountWindow failed", { accountId, error: errorText(thrown) });
      return null;
    }
  };
  const read = (id: string) => orNull(id, env.ACCOUNT_WINDOW.getByName(id).state(id, { now }));
  const [states, stored] = await Promise.all([
    Promise.all(accountIds.map(read)),
    readTotals(config, rollingSpan(now, WINDOW_MS)),
  ]);
  const results = states
    .filter((state) => state !== null)
    .map((state) => orNull(state.accountId, corrected(env, config, state, stored, { now })));
  return (await Promise.all(results)).filter((state) => state !== null);
}

/** Totals by account; null while Postgres is unavailable. Reads the primary, because a replica may lag. */
async function readTotals(
  config: DatabaseConfig,
  span: Span,
  accountId?: string,
): Promise<Map<string, UsageTotals> | null> {
  const primary = { ...config, DATABASE_READONLY_URL: undefined };
  try {
    const cells = await readUsage(primary, { ...span, accountId }, { account: true });
    return new Map(cells.map((cell) => [cell.accountId, cell]));
  } catch (thrown) {
    log.warn("windows: not compared with Postgres", { error: errorText(thrown) });
    return null;
  }
}

async function corrected(
  env: Env,
  config: DatabaseConfig,
  state: WindowState,
  stored: Map<string, UsageTotals> | null,
  options: StateOptions,
): Promise<WindowState> {
  const { accountId, totals } = state;
  if (!stored || areSame(stored.get(accountId) ?? ZERO_USAGE, totals.total)) return state;
  log.info("windows: differs from Postgres, corrected", { accountId });
  try {
    await reconcile(env, config, accountId, spanOf(state));
  } catch (thrown) {
    log.warn("windows: not corrected", { accountId, error: errorText(thrown) });
    return state;
  }
  return env.ACCOUNT_WINDOW.getByName(accountId).state(accountId, options);
}

/** The window as a half-open span. */
function spanOf({ totals }: WindowState): Span {
  return { from: totals.from + 1, to: totals.to + 1 };
}

function areSame(stored: UsageTotals, counted: TokenTotals): boolean {
  return (Object.keys(counted) as (keyof TokenTotals)[]).every((name) => stored[name] === counted[name]);
}

/** Replaces a span of the window by the rows of Postgres. */
export async function reconcile(
  env: Env,
  config: DatabaseConfig,
  accountId: string,
  span: Span,
): Promise<void> {
  const stub = env.ACCOUNT_WINDOW.getByName(accountId);
  for (let from = span.from; from < span.to; from += CHUNK_MS) {
    const chunk = { from, to: Math.min(from + CHUNK_MS, span.to) };
    const upTo = await stub.sequence();
    const exchanges = await readWindowRows(config, accountId, chunk);
    await stub.reconcile({ accountId, ...chunk, upTo, exchanges });
  }
}
