/** Changes of an account apart from its domains: its credential, and its end. Each is one transaction with its audit row. */
import { eq } from "drizzle-orm";
import { accounts, accountWindows } from "../../../drizzle/schema.ts";
import { type AccountCredential, lockAccount, putAccount } from "./accounts.ts";
import { auditInsert } from "../admin/audit.ts";
import { withWriter } from "../db/db.ts";
import { type AuditActor, domainsOfAccount } from "./domains.ts";
import { projectDomains, type TenantConfig } from "./kv-write.ts";

/**
 * Gives an account that exists this credential and tells the edge, all its domains. False when there is no such account.
 * Throws ProjectionError when only the telling failed; the same call again completes it.
 */
export async function putAccountCredential(
  config: TenantConfig,
  env: Pick<Env, "TENANTS">,
  accountId: string,
  credential: AccountCredential,
  by: AuditActor,
): Promise<boolean> {
  const names = await withWriter(config, (db) =>
    db.transaction(async (tx) => {
      if (!(await lockAccount(tx, accountId))) return null;
      await putAccount(config, tx, accountId, credential, by.now);
      const details = { credentialType: credential.type };
      await auditInsert(tx, { ...by, action: "account.put", target: accountId, details });
      return domainsOfAccount(tx, accountId);
    }),
  );
  if (!names) return false;
  await projectDomains(config, env, names);
  return true;
}

/** Forgets the account's credential and settings; what was recorded of it stays. A domain that uses it prevents that. */
export async function deleteAccount(
  config: TenantConfig,
  accountId: string,
  by: AuditActor,
): Promise<{ result: "deleted" | "unknown" } | { result: "used"; domains: string[] }> {
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      // Whoever gives the account a domain holds its row as well: both cannot be done at once.
      if (!(await lockAccount(tx, accountId))) return { result: "unknown" as const };
      const names = await domainsOfAccount(tx, accountId);
      if (names.length > 0) return { result: "used" as const, domains: names };
      await tx.delete(accounts).where(eq(accounts.id, accountId));
      await tx.delete(accountWindows).where(eq(accountWindows.accountId, accountId));
      await auditInsert(tx, { ...by, action: "account.delete", target: accountId });
      return { result: "deleted" as const };
    }),
  );
}
