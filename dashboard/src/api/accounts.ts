/** Accounts for the list: those with a credential here, and those only seen in traffic, with how full they are. */
import type { AccountList, AccountView } from "../../../workers/schemas/api/accounts.ts";
import type { WindowList, WindowView } from "../../../workers/schemas/api/windows.ts";

export interface AccountRow {
  accountId: string;
  /** Null: nobody set it up; requests of it came through a passthrough domain. */
  account: AccountView | null;
  /** Null: no request of the last eight days, or the window does not answer. */
  window: WindowView | null;
}

/** Those that need somebody first, then by name; what was only seen comes last. */
export function accountRows(accounts: AccountList, windows: WindowList | null): AccountRow[] {
  const windowOf = new Map(windows?.windows.map((window) => [window.accountId, window]));
  const configured = accounts.accounts.map((account) => ({
    accountId: account.accountId,
    account,
    window: windowOf.get(account.accountId) ?? null,
  }));
  const names = new Set(configured.map(({ accountId }) => accountId));
  const seen = (windows?.windows ?? [])
    .filter(({ accountId }) => !names.has(accountId))
    .map((window) => ({ accountId: window.accountId, account: null, window }));
  const rank = ({ account }: AccountRow) => (account === null ? 2 : account.state === "ready" ? 1 : 0);
  return [...configured, ...seen].sort(
    (left, right) => rank(left) - rank(right) || (left.accountId < right.accountId ? -1 : 1),
  );
}

/** What was typed as limit and thresholds, as the API takes it; what cannot be read becomes what the API refuses in words. */
export function parseWindowSettings(limit: string, alerts: string, thresholds: string) {
  const number = (text: string) => {
    const value = Number(text.replaceAll(/[\s,_%]/g, ""));
    // NaN would become null on the way, which means something else.
    return Number.isFinite(value) ? value : 0;
  };
  const shares = thresholds
    .replaceAll("%", " ")
    .split(/[,;\s]+/)
    .filter((part) => part !== "");
  return {
    tokenLimit: limit.trim() === "" ? null : number(limit),
    thresholds:
      alerts === "never" ? [] : alerts === "own" ? shares.map((share) => number(share) / 100) : null,
  };
}
