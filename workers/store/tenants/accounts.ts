/** Accounts and their upstream credentials, sealed with the empty domain. */
import { eq } from "drizzle-orm";
import { accounts } from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import { open, seal, SEALED_FIELDS, SealError } from "../../runtime/seal.ts";
import type { CredentialState } from "../../schemas/api/domains.ts";
import type { Sealed } from "../../schemas/tenant.ts";
import { type DatabaseConfig, withPrimary, type WriterTransaction } from "../db/db.ts";

type Keys = Pick<Config, "CREDENTIAL_KEYS">;

/** Credentials that an account can have. */
export type AccountCredential =
  | { type: "api_key"; api_key: string }
  | { type: "passthrough" }
  /** The tokens are in the OAuthAccount object. */
  | { type: "oauth" };

export interface StoredAccount {
  id: string;
  credentialType: string;
  credential: Sealed | null;
}

/** Sets the credential, creating the account if needed. Locks its row until the transaction ends. */
export async function putAccount(
  config: Keys,
  tx: WriterTransaction,
  id: string,
  credential: AccountCredential,
  now: Date,
): Promise<StoredAccount> {
  const sealed =
    credential.type === "api_key"
      ? seal(config, credential.api_key, SEALED_FIELDS["accounts.credential"](id))
      : null;
  const values = { credentialType: credential.type, credential: sealed, updatedAt: now };
  await tx
    .insert(accounts)
    .values({ id, ...values, createdAt: now })
    .onConflictDoUpdate({ target: accounts.id, set: values });
  return { id, credentialType: credential.type, credential: sealed };
}

/** The account, its row locked until the transaction ends; null if there is none. */
export async function lockAccount(tx: WriterTransaction, id: string): Promise<StoredAccount | null> {
  const [row] = await tx
    .select({
      id: accounts.id,
      credentialType: accounts.credentialType,
      credential: accounts.credential,
    })
    .from(accounts)
    .where(eq(accounts.id, id))
    .for("update");
  return row ?? null;
}

/** The API key in clear; null for types without one. Throws SealError if it cannot be opened. */
export function openAccountCredential(config: Keys, account: StoredAccount): string | null {
  if (account.credential === null) return null;
  return open(config, account.credential, SEALED_FIELDS["accounts.credential"](account.id));
}

/** The API key of an account in clear; null if there is none. Throws SealError if it cannot be opened. */
export async function readAccountKey(config: Keys & DatabaseConfig, id: string): Promise<string | null> {
  const [account] = await withPrimary(config, (db) => db.select().from(accounts).where(eq(accounts.id, id)));
  return account ? openAccountCredential(config, account) : null;
}

/** Whether the credential is usable. A login counts as ready; its OAuthAccount object knows more. */
export function credentialState(config: Keys, account: StoredAccount | null): CredentialState {
  if (!account) return "missing";
  if (account.credentialType === "passthrough" || account.credentialType === "oauth") return "ready";
  if (!account.credential) return "missing";
  try {
    openAccountCredential(config, account);
    return "ready";
  } catch (thrown) {
    if (thrown instanceof SealError) return "unreadable";
    throw thrown;
  }
}
