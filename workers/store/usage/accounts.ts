/** What the usage views need beside sums: limits that were set, last requests, refusals, and the dashboard's counts. */
import { sql } from "drizzle-orm";
import { accountWindows } from "../../../drizzle/schema.ts";
import { WINDOW_THRESHOLDS } from "../../runtime/constants.ts";
import type { WindowSettings } from "../../schemas/window.ts";
import { type AuditEntry, auditInsert } from "../admin/audit.ts";
import { type DatabaseConfig, withPrimary, withReader, withWriter } from "../db/db.ts";
import { distinctValues } from "../db/distinct-values.ts";

/** Accounts that are looked at to find those used last. */
const MAX_RECENT_ACCOUNTS = 2_000;

const DEFAULT_SETTINGS: WindowSettings = { tokenLimit: null, thresholds: [...WINDOW_THRESHOLDS] };

/** Token limits by account, of those that have one. */
export async function readTokenLimits(
  config: DatabaseConfig,
  accountId?: string,
): Promise<Map<string, number>> {
  const answer = await withReader(config, (db) =>
    db.execute<{ account_id: string; token_limit: string }>(sql`
      select account_id, token_limit from account_windows
      where token_limit is not null ${accountId === undefined ? sql`` : sql`and account_id = ${accountId}`}`),
  );
  return new Map(answer.rows.map((row) => [row.account_id, Number(row.token_limit)]));
}

/** What is left out of `change` stays as it was. Answers the settings as they are now. */
export async function putWindowSettings(
  config: DatabaseConfig,
  accountId: string,
  change: { tokenLimit?: number | null | undefined; thresholds?: number[] | null | undefined },
  by: Pick<AuditEntry, "actor" | "role" | "now">,
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

/** Accounts that were used since `since` or have a configured domain, the most recently used first. */
export async function listAccounts(config: DatabaseConfig, since: Date, limit: number): Promise<string[]> {
  const answer = await withReader(config, (db) =>
    db.execute<{ account_id: string }>(sql`
      select account_id from (
        select name as account_id, (select max(started_at) from requests where account_id = name) as last, false as is_configured
        from ${distinctValues("account_id", MAX_RECENT_ACCOUNTS)} used
        union all
        select account_id, '-infinity', true from domains where configured and account_id is not null
      ) known group by account_id
      having max(last) >= ${since.toISOString()}::timestamptz or bool_or(is_configured)
      order by max(last) desc, account_id limit ${limit}`),
  );
  return answer.rows.map((row) => row.account_id);
}

/** Whether an account was ever used or is configured. */
export async function isKnownAccount(config: DatabaseConfig, accountId: string): Promise<boolean> {
  const answer = await withPrimary(config, (db) =>
    db.execute<{ known: boolean }>(sql`
      select exists (select from requests where account_id = ${accountId})
        or exists (select from accounts where id = ${accountId})
        or exists (select from domains where account_id = ${accountId}) as known`),
  );
  return answer.rows[0]?.known === true;
}
