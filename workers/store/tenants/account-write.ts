/** Changes the credential of an account and deletes accounts, each in one transaction with its audit entry. */
import { eq } from "drizzle-orm";
import { accounts, accountWindows } from "../../../drizzle/schema.ts";
import { type AccountCredential, lockAccount, putAccount } from "./accounts.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { withWriter } from "../db/db.ts";
import { domainsOfAccount } from "./domains.ts";
import { projectDomains, type TenantConfig } from "./kv-write.ts";

/**
 * Sets the credential of an existing account and projects its domains to KV. False if there is no such account. Throws
 * ProjectionError when only the projection failed; repeating the call completes it.
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

/** Deletes the credential and settings of the account; its recorded exchanges stay. Fails while a domain uses it. */
export async function deleteAccount(
  config: TenantConfig,
  accountId: string,
  by: AuditActor,
): Promise<{ result: "deleted" | "unknown" } | { result: "used"; domains: string[] }> {
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      // putDomain locks the same row, so the two cannot run concurrently.
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
