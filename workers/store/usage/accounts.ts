/** Accounts and the settings of their windows. */
import { sql } from "drizzle-orm";
import { accountWindows } from "../../../drizzle/schema.ts";
import { WINDOW_THRESHOLDS } from "../../runtime/constants.ts";
import type { WindowSettings } from "../../schemas/window.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { type DatabaseConfig, withWriter } from "../db/db.ts";
import { readRows, timestamptz } from "../db/sql.ts";
import { distinctValues } from "../db/distinct-values.ts";

/** Accounts of which the last request is looked up. */
const MAX_RECENT_ACCOUNTS = 2_000;

const DEFAULT_SETTINGS: WindowSettings = { tokenLimit: null, thresholds: [...WINDOW_THRESHOLDS] };

/** Token limits by account; accounts without a limit are missing. */
export async function readTokenLimits(
  config: DatabaseConfig,
  accountId?: string,
): Promise<Map<string, number>> {
  const rows = await readRows<{ account_id: string; token_limit: string }>(
    config,
    sql`
      select account_id, token_limit from account_windows
      where token_limit is not null ${accountId === undefined ? sql`` : sql`and account_id = ${accountId}`}`,
  );
  return new Map(rows.map((row) => [row.account_id, Number(row.token_limit)]));
}

/** Changes the fields present in `change` and returns the resulting settings. */
export async function putWindowSettings(
  config: DatabaseConfig,
  accountId: string,
  change: { tokenLimit?: number | null | undefined; thresholds?: number[] | null | undefined },
  by: AuditActor,
): Promise<WindowSettings> {
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      const { tokenLimit, thresholds } = change;
      const sorted = thresholds && [...new Set(thresholds)].sort((a, b) => a - b);
      const set = {
        updatedAt: by.now,
        ...(tokenLimit === undefined ? {} : { tokenLimit }),
        ...(sorted === undefined ? {} : { thresholds: sorted }),
      };
      const [row] = await tx
        .insert(accountWindows)
        .values({ accountId, ...set })
        .onConflictDoUpdate({ target: accountWindows.accountId, set })
        .returning();
      const settings = {
        tokenLimit: row?.tokenLimit ?? null,
        thresholds: row?.thresholds ?? DEFAULT_SETTINGS.thresholds,
      };
      await auditInsert(tx, { ...by, action: "account_window.put", target: accountId, details: settings });
      return settings;
    }),
  );
}

/** Accounts used since `since` or assigned to a configured domain, most recently used first. */
export async function listAccounts(config: DatabaseConfig, since: Date, limit: number): Promise<string[]> {
  const rows = await readRows<{ account_id: string }>(
    config,
    sql`
      select account_id from (
        select name as account_id, (select max(started_at) from requests where account_id = name) as last, false as is_configured
        from ${distinctValues("account_id", MAX_RECENT_ACCOUNTS)} used
        union all
        select account_id, '-infinity', true from domains where configured and account_id is not null
      ) known group by account_id
      having max(last) >= ${timestamptz(since)} or bool_or(is_configured)
      order by max(last) desc, account_id limit ${limit}`,
  );
  return rows.map((row) => row.account_id);
}

/** Whether an account has requests, a credential or a domain. */
export async function isKnownAccount(config: DatabaseConfig, accountId: string): Promise<boolean> {
  const primary = { ...config, DATABASE_READONLY_URL: undefined };
  const [row] = await readRows<{ known: boolean }>(
    primary,
    sql`
      select exists (select from requests where account_id = ${accountId})
        or exists (select from accounts where id = ${accountId})
        or exists (select from domains where account_id = ${accountId}) as known`,
  );
  return row?.known === true;
}
