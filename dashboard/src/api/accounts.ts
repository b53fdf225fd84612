/** Accounts for the list: those with a credential here, and those only seen in traffic, with how full they are. */
import type { AccountList, AccountView } from "../../../workers/schemas/api/accounts.ts";
import type { WindowList, WindowView } from "../../../workers/schemas/api/windows.ts";

export interface AccountRow {
  accountId: string;
  /** Null for an account that is only seen in traffic of a passthrough domain. */
  account: AccountView | null;
  /** Null without a request in the last eight days, or when the window is unavailable. */
  window: WindowView | null;
}

/** Accounts that need attention first, then by name; accounts only seen in traffic last. */
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

/** Limit and thresholds of the form as the API expects them. Unreadable input becomes 0, which the API rejects. */
export function parseWindowSettings(limit: string, alerts: string, thresholds: string) {
  const number = (text: string) => {
    const digits = text.replaceAll(/[\s,_%]/g, "");
    // JSON turns NaN into null, which removes the limit.
    return /^\d+(\.\d+)?$/.test(digits) ? Number(digits) : 0;
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
