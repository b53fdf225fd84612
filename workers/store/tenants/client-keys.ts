/** Client keys: random, returned once, stored as SHA-256 only. */
import { toBase64Url } from "../../domain/bytes.ts";
import { sha256 } from "../../domain/sha256.ts";
import { CLIENT_KEY_PREFIX } from "../../domain/http/forwarded-headers.ts";
import { and, eq } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { clientKeys, domains } from "../../../drizzle/schema.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { transaction, withWriter } from "../db/db.ts";
import { projectClientKeys, ProjectionError, type TenantConfig } from "./kv-write.ts";

type Tenants = Pick<Env, "TENANTS">;

const KEY_BYTES = 32;

export interface NewKey {
  id: string;
  name: string;
  key: string;
}

/**
 * Makes a key for a configured domain, or stores a `given` one. `key_taken`: the given key belongs to another domain or is
 * revoked. A given key that this domain has already is returned unchanged. Throws ProjectionError when KV rejects the write;
 * a key stored by this call is then revoked, because its text is never returned. With `dryRun` nothing is stored. `key_taken`
 * comes before `not_configured`, so that a dry run can check the key of a domain that does not exist yet.
 */
export async function createClientKey(
  config: TenantConfig,
  env: Tenants,
  domain: string,
  { name, key: given }: { name: string; key?: string | undefined },
  by: AuditActor,
  { dryRun = false } = {},
): Promise<Result<NewKey, "not_configured" | "key_taken">> {
  const key = given ?? newKey();
  const keyHash = sha256(key);
  const id = uuidv7();
  const stored = await withWriter(config, (db) =>
    transaction(db, { dryRun }, async (tx) => {
      const [row] = await tx
        .select({ id: domains.id })
        .from(domains)
        .where(and(eq(domains.name, domain), eq(domains.configured, true)))
        .for("update");
      const [existing] = await tx.select().from(clientKeys).where(eq(clientKeys.keyHash, keyHash));
      const isTaken = existing && (existing.domainId !== row?.id || existing.revokedAt !== null);
      if (isTaken) return failed("key_taken");
      if (!row) return failed("not_configured");
      if (existing) return ok({ id: existing.id, name: existing.name });
      await tx.insert(clientKeys).values({ id, domainId: row.id, name, keyHash, createdAt: by.now });
      const details = { domain, name, ...(given === undefined ? {} : { given: true }) };
      await auditInsert(tx, { ...by, action: "client_key.create", target: id, details });
      return ok({ id, name });
    }),
  );
  if (!stored.ok) return stored;
  if (dryRun) return ok({ ...stored.value, key });
  try {
    await projectClientKeys(config, env, [stored.value.id]);
  } catch (thrown) {
    if (thrown instanceof ProjectionError && stored.value.id === id)
      await revokeUnprojectedKey(config, id, by);
    throw thrown;
  }
  return ok({ ...stored.value, key });
}

/** Revokes a key of this domain permanently; idempotent. False if the domain has no such key. */
export async function revokeClientKey(
  config: TenantConfig,
  env: Tenants,
  domain: string,
  id: string,
  by: AuditActor,
): Promise<boolean> {
  const isKnown = await withWriter(config, (db) =>
    db.transaction(async (tx) => {
      const [row] = await tx
        .select({ name: clientKeys.name, revokedAt: clientKeys.revokedAt })
        .from(clientKeys)
        .innerJoin(domains, eq(domains.id, clientKeys.domainId))
        .where(and(eq(clientKeys.id, id), eq(domains.name, domain)))
        .for("update", { of: clientKeys });
      if (!row) return false;
      if (row.revokedAt === null) {
        await tx.update(clientKeys).set({ revokedAt: by.now }).where(eq(clientKeys.id, id));
        const details = { domain, name: row.name };
        await auditInsert(tx, { ...by, action: "client_key.revoke", target: id, details });
      }
      return true;
    }),
  );
  if (isKnown) await projectClientKeys(config, env, [id]);
  return isKnown;
}

async function revokeUnprojectedKey(config: TenantConfig, id: string, by: AuditActor): Promise<void> {
  await withWriter(config, (db) =>
    db.transaction(async (tx) => {
      await tx.update(clientKeys).set({ revokedAt: by.now }).where(eq(clientKeys.id, id));
      const details = { reason: "KV projection failed" };
      await auditInsert(tx, { ...by, action: "client_key.revoke", target: id, details });
    }),
  );
}

function newKey(): string {
  return `${CLIENT_KEY_PREFIX}${toBase64Url(crypto.getRandomValues(new Uint8Array(KEY_BYTES)))}`;
}
