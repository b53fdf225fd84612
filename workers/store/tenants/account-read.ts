/** Accounts: rows of Postgres, with the login states of the OAuthAccount objects. */
import { and, asc, eq, sql, type SQL } from "drizzle-orm";
import { accounts, domains } from "../../../drizzle/schema.ts";
import type { AccountList, AccountView } from "../../schemas/api/accounts.ts";
import type { CredentialState } from "../../schemas/api/domains.ts";
import { CredentialType } from "../../schemas/exchange.ts";
import type { OAuthStatus } from "../../schemas/oauth.ts";
import { credentialState, putAccount } from "./accounts.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { withPrimary, withReader, withWriter } from "../db/db.ts";
import { domainsOfAccount } from "./domains.ts";
import { projectDomains, type TenantConfig } from "./kv-write.ts";
import { callOAuthAccount } from "./oauth-stub.ts";

type Tenants = Pick<Env, "TENANTS">;
type Accounts = Pick<Env, "OAUTH_ACCOUNT">;

/** All accounts by id. Rejects when Postgres or an OAuthAccount object is unavailable. */
export async function listAccounts(config: TenantConfig, env: Accounts): Promise<AccountList> {
  const rows = await readRows(config, sql`true`);
  return { accounts: await Promise.all(rows.map((row) => viewOf(config, env, row))) };
}

/** One account; null if there is none. Reads the primary, so that a change is visible at once. */
export async function readAccount(
  config: TenantConfig,
  env: Accounts,
  accountId: string,
): Promise<AccountView | null> {
  const primary = { ...config, DATABASE_READONLY_URL: undefined };
  const [row] = await readRows(primary, eq(accounts.id, accountId));
  return row ? viewOf(config, env, row) : null;
}

interface AccountRow {
  account: typeof accounts.$inferSelect;
  domains: string[];
}

function readRows(config: TenantConfig, where: SQL): Promise<AccountRow[]> {
  return withReader(config, (db) =>
    db
      .select({
        account: accounts,
        domains: sql<string[]>`coalesce(
          json_agg(${domains.name} ORDER BY ${domains.name}) FILTER (WHERE ${domains.name} IS NOT NULL), '[]'::json)`,
      })
      .from(accounts)
      .leftJoin(domains, and(eq(domains.accountId, accounts.id), eq(domains.configured, true)))
      .where(where)
      .groupBy(accounts.id)
      .orderBy(asc(accounts.id)),
  );
}

async function viewOf(
  config: TenantConfig,
  env: Accounts,
  { account, domains: names }: AccountRow,
): Promise<AccountView> {
  const login = account.credentialType === "oauth" ? await readLogin(env, account.id) : null;
  return {
    accountId: account.id,
    credentialType: CredentialType.parse(account.credentialType),
    state: login ? loginState(login) : credentialState(config, account),
    domains: names,
    login,
    updatedAt: account.updatedAt.toISOString(),
  };
}

export function readLogin(env: Accounts, accountId: string): Promise<OAuthStatus> {
  return callOAuthAccount(env, accountId, async (account): Promise<OAuthStatus> => await account.status());
}

/** The state of a login as a CredentialState. */
export function loginState({ state }: OAuthStatus): CredentialState {
  switch (state) {
    case "ready":
    case "expired":
      return "ready";
    case "needs_login":
    case "missing":
      return "needs_login";
    case "unreadable":
      return "unreadable";
  }
}

/** The credential type of the account; null if there is no such account. */
export async function accountType(config: TenantConfig, accountId: string): Promise<CredentialType | null> {
  const [row] = await withPrimary(config, (db) =>
    db.select({ type: accounts.credentialType }).from(accounts).where(eq(accounts.id, accountId)),
  );
  return row ? CredentialType.parse(row.type) : null;
}

/** Sets the credential type to OAuth after a login, and projects the domains to KV. Throws ProjectionError as putDomain does. */
export async function recordLogin(
  config: TenantConfig,
  env: Tenants,
  accountId: string,
  by: AuditActor,
): Promise<void> {
  const names = await withWriter(config, (db) =>
    db.transaction(async (tx) => {
      await putAccount(config, tx, accountId, { type: "oauth" }, by.now);
      await auditInsert(tx, { ...by, action: "account.login", target: accountId });
      return domainsOfAccount(tx, accountId);
    }),
  );
  await projectDomains(config, env, names);
}
