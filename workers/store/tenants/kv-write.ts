/**
 * Projects domains and client keys from Postgres to KV. Each step reads the committed state under a row lock and writes it,
 * so that concurrent changes cannot leave the older one in KV. Idempotent.
 */
import { asc, eq, inArray } from "drizzle-orm";
import { accounts, clientKeys, domains } from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import { toHex } from "../../domain/bytes.ts";
import { CredentialType } from "../../schemas/exchange.ts";
import type { DomainRecord, Sealed } from "../../schemas/tenant.ts";
import { seal, SEALED_FIELDS } from "../../runtime/seal.ts";
import { openAccountCredential } from "./accounts.ts";
import { type DatabaseConfig, withWriter, type WriterTransaction } from "../db/db.ts";
import { projectClientKey, projectDomain, removeClientKey, removeDomain } from "./kv-read.ts";

export type TenantConfig = DatabaseConfig & Pick<Config, "CREDENTIAL_KEYS">;
type Tenants = Pick<Env, "TENANTS">;

/** The change is in Postgres, but writing it to KV failed. Repeating the call completes it. */
export class ProjectionError extends Error {
  override readonly name = "ProjectionError";
}

/** Projects these domains as stored: written if configured, removed if not. */
export async function projectDomains(
  config: TenantConfig,
  env: Tenants,
  names: readonly string[],
): Promise<void> {
  // One domain per transaction: a lock is held while KV is written, and an account may have many domains.
  for (const name of names)
    await withWriter(config, (db) =>
      db.transaction(async (tx) => {
        const record = await domainRecord(config, tx, name);
        await orProjectionError(record ? projectDomain(env, record) : removeDomain(env, name));
      }),
    );
}

/** Projects these client keys as stored: written if valid, removed if revoked. */
export async function projectClientKeys(
  config: TenantConfig,
  env: Tenants,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await withWriter(config, (db) =>
    db.transaction(async (tx) => {
      const keys = await tx
        .select({
          id: clientKeys.id,
          keyHash: clientKeys.keyHash,
          revokedAt: clientKeys.revokedAt,
          domain: domains.name,
          configured: domains.configured,
        })
        .from(clientKeys)
        .innerJoin(domains, eq(domains.id, clientKeys.domainId))
        .where(inArray(clientKeys.id, [...ids]))
        .orderBy(asc(clientKeys.id))
        .for("update", { of: clientKeys });
      await orProjectionError(
        Promise.all(
          keys.map(({ id, keyHash, revokedAt, domain, configured }) =>
            configured && revokedAt === null
              ? projectClientKey(env, toHex(keyHash), { v: 1, id, domain })
              : removeClientKey(env, toHex(keyHash)),
          ),
        ),
      );
    }),
  );
}

/** Null if the domain is not configured. Throws SealError if the credential cannot be opened. */
async function domainRecord(
  config: TenantConfig,
  tx: WriterTransaction,
  name: string,
): Promise<DomainRecord | null> {
  const [row] = await tx
    .select({ domain: domains, account: accounts })
    .from(domains)
    .leftJoin(accounts, eq(accounts.id, domains.accountId))
    .where(eq(domains.name, name))
    .for("update", { of: domains });
  if (!row?.domain.configured || !row.account) return null;
  const { id: accountId, credentialType, updatedAt } = row.account;
  const credential = openAccountCredential(config, row.account);
  // With the key of the account's copy: a domain is never sealed with a newer key than its account.
  const context = SEALED_FIELDS["TENANTS.domain"](name, accountId);
  const sealed =
    credential === null ? null : seal(config, credential, context, row.account.credential?.keyId);
  const { endpoints } = row.domain;
  return recordOf({ domain: name, accountId, credentialType, endpoints, updatedAt }, sealed);
}

/** What the proxy reads of a configured domain. `updatedAt`: of its account. */
export function recordOf(
  domain: Pick<DomainRecord, "domain" | "accountId" | "endpoints"> & {
    credentialType: string;
    updatedAt: Date;
  },
  credential: Sealed | null,
): DomainRecord {
  return {
    v: 1,
    domain: domain.domain,
    accountId: domain.accountId,
    credentialType: CredentialType.parse(domain.credentialType),
    credential,
    credentialVersion: domain.updatedAt.getTime(),
    endpoints: domain.endpoints,
  };
}

export async function orProjectionError(writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (cause) {
    throw new ProjectionError("writing the change to KV failed", { cause });
  }
}
