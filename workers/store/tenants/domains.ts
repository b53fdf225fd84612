/** Domains. A change is one transaction with its audit entry; then it is projected to KV. */
import { and, asc, desc, eq, isNull, sql } from "drizzle-orm";
import { accounts, clientKeys, domains, rollups } from "../../../drizzle/schema.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import { open, seal, SEALED_FIELDS } from "../../runtime/seal.ts";
import type {
  AnalysisSettingsInput,
  DomainDetail,
  DomainList,
  SlackInput,
  SlackView,
} from "../../schemas/api/domains.ts";
import { CredentialType } from "../../schemas/exchange.ts";
import {
  type AccountCredential,
  credentialState,
  lockAccount,
  putAccount,
  type StoredAccount,
} from "./accounts.ts";
import { type AuditActor, auditInsert } from "../admin/audit.ts";
import { transaction, withPrimary, withReader, withWriter, type WriterTransaction } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";
import { analysisChange } from "./analysis-settings.ts";
import { projectClientKeys, projectDomains, type TenantConfig } from "./kv-write.ts";

type Tenants = Pick<Env, "TENANTS">;

const { "domains.slack_webhook": webhookContext, "domains.other_fields": otherFieldsContext } = SEALED_FIELDS;

/** Unused fields of an imported credential file; null if none. Throws SealError. */
export async function readOtherFields(
  config: TenantConfig,
  name: string,
): Promise<Record<string, unknown> | null> {
  const [row] = await withPrimary(config, (db) =>
    db.select({ otherFields: domains.otherFields }).from(domains).where(eq(domains.name, name)),
  );
  if (!row?.otherFields) return null;
  return JSON.parse(open(config, row.otherFields, otherFieldsContext(name))) as Record<string, unknown>;
}

/** Every configured or seen domain, by name, with its requests of the 7 days before `now`. */
export async function listDomains(config: TenantConfig, now: Date): Promise<DomainList> {
  return withReader(config, async (db) => {
    const counts = db
      .select({
        domainId: rollups.domainId,
        requests: sql<number>`sum(${rollups.requests})`.as("requests"),
      })
      .from(rollups)
      .where(sql`${rollups.bucket} > ${timestamptz(now.getTime() - 7 * DAY_MS)}`)
      .groupBy(rollups.domainId)
      .as("counts");
    const rows = await db
      .select({
        domain: domains.name,
        accountId: domains.accountId,
        configured: domains.configured,
        credentialType: accounts.credentialType,
        requestCount: sql<string>`coalesce(${counts.requests}, 0)`,
        analysisEnabled: domains.analysisEnabled,
      })
      .from(domains)
      .leftJoin(accounts, eq(accounts.id, domains.accountId))
      .leftJoin(counts, eq(counts.domainId, domains.id))
      .orderBy(asc(domains.name));
    return {
      domains: rows.map((row) => ({
        ...row,
        credentialType: row.credentialType === null ? null : CredentialType.parse(row.credentialType),
        requestCount: Number(row.requestCount),
      })),
    };
  });
}

/** The configured domain; null if it is not configured. Reads the primary, so that a change is visible at once. */
export async function readDomainDetail(config: TenantConfig, name: string): Promise<DomainDetail | null> {
  const [rows, keys] = await withPrimary(config, (db) =>
    db.batch([
      db
        .select({ domain: domains, account: accounts })
        .from(domains)
        .leftJoin(accounts, eq(accounts.id, domains.accountId))
        .where(and(eq(domains.name, name), eq(domains.configured, true))),
      db
        .select({
          id: clientKeys.id,
          name: clientKeys.name,
          createdAt: clientKeys.createdAt,
          revokedAt: clientKeys.revokedAt,
        })
        .from(clientKeys)
        .innerJoin(domains, eq(domains.id, clientKeys.domainId))
        .where(eq(domains.name, name))
        .orderBy(desc(clientKeys.createdAt), asc(clientKeys.id)),
    ]),
  );
  const [row] = rows;
  if (!row) return null;
  return {
    domain: name,
    accountId: row.domain.accountId ?? "",
    credential: {
      type: CredentialType.parse(row.account?.credentialType ?? "api_key"),
      state: credentialState(config, row.account),
    },
    clientKeys: keys.map((key) => ({
      ...key,
      createdAt: key.createdAt.toISOString(),
      revokedAt: key.revokedAt?.toISOString() ?? null,
    })),
    slack: slackView(row.domain),
    endpoints: row.domain.endpoints,
    analysisEnabled: row.domain.analysisEnabled,
    analysisAutomatic: row.domain.analysisAutomatic,
  };
}

export interface DomainChange extends AnalysisSettingsInput {
  accountId: string;
  credential?: AccountCredential | undefined;
  slack?: SlackInput | null | undefined;
  endpoints?: string[] | null | undefined;
  otherFields?: Record<string, unknown> | null | undefined;
}

export type PutResult =
  | { result: "stored"; created: boolean }
  /** The account has no credential, or one that cannot be opened: the call must contain one. */
  | { result: "credential_needed"; state: "missing" | "unreadable" };

/**
 * Stores the domain, then projects it to KV (all domains of the account if its credential changed). Fields absent from
 * `change` are unchanged. With `dryRun` the transaction is rolled back and nothing is projected. Throws ProjectionError when only
 * the projection failed.
 */
export async function putDomain(
  config: TenantConfig,
  env: Tenants,
  name: string,
  change: DomainChange,
  by: AuditActor,
  { dryRun = false } = {},
): Promise<PutResult> {
  const stored = await withWriter(config, (db) =>
    transaction(db, { dryRun }, async (tx) => {
      // Always lock accounts before domains, so that concurrent changes do not deadlock.
      const account = change.credential
        ? await putAccount(config, tx, change.accountId, change.credential, by.now)
        : await lockAccount(tx, change.accountId);
      const state = credentialState(config, account);
      if (state === "missing" || state === "unreadable")
        return { result: "credential_needed" as const, state };
      const created = await upsertDomain(config, tx, name, change, by.now);
      await auditInsert(tx, {
        ...by,
        action: "domain.put",
        target: name,
        details: auditDetails(change, account, created),
      });
      const names = change.credential ? await domainsOfAccount(tx, change.accountId) : [name];
      return { result: "stored" as const, created, names };
    }),
  );
  if (stored.result !== "stored") return stored;
  if (!dryRun) await projectDomains(config, env, stored.names);
  return { result: "stored", created: stored.created };
}

/** Stops serving the domain and revokes its keys; its recorded exchanges stay. False if it is unknown. */
export async function deleteDomain(
  config: TenantConfig,
  env: Tenants,
  name: string,
  by: AuditActor,
): Promise<boolean> {
  const keyIds = await withWriter(config, (db) =>
    db.transaction(async (tx) => {
      const [row] = await tx.select().from(domains).where(eq(domains.name, name)).for("update");
      if (!row) return null;
      const revoked = await tx
        .update(clientKeys)
        .set({ revokedAt: by.now })
        .where(and(eq(clientKeys.domainId, row.id), isNull(clientKeys.revokedAt)))
        .returning({ id: clientKeys.id });
      if (row.configured) {
        await tx
          .update(domains)
          .set({
            configured: false,
            slack: null,
            slackWebhook: null,
            endpoints: null,
            otherFields: null,
            analysisEnabled: false,
            analysisAutomatic: null,
            updatedAt: by.now,
          })
          .where(eq(domains.id, row.id));
        await auditInsert(tx, {
          ...by,
          action: "domain.delete",
          target: name,
          details: { accountId: row.accountId, revokedKeys: revoked.length },
        });
      }
      // All keys, not only those just revoked: a repeated call completes one that failed halfway.
      const keys = await tx
        .select({ id: clientKeys.id })
        .from(clientKeys)
        .where(eq(clientKeys.domainId, row.id));
      return keys.map(({ id }) => id);
    }),
  );
  if (!keyIds) return false;
  await projectDomains(config, env, [name]);
  await projectClientKeys(config, env, keyIds);
  return true;
}

/** True if the domain was not configured before. */
async function upsertDomain(
  config: TenantConfig,
  tx: WriterTransaction,
  name: string,
  change: DomainChange,
  now: Date,
): Promise<boolean> {
  await tx.insert(domains).values({ name }).onConflictDoNothing();
  const [before] = await tx.select().from(domains).where(eq(domains.name, name)).for("update");
  if (!before) throw new Error("an inserted domain is missing");
  const { slack, endpoints, otherFields } = change;
  const set: Partial<typeof domains.$inferInsert> = {
    configured: true,
    accountId: change.accountId,
    updatedAt: now,
    ...analysisChange(change),
  };
  if (endpoints !== undefined) set.endpoints = endpoints;
  if (otherFields === null) set.otherFields = null;
  if (otherFields) set.otherFields = seal(config, JSON.stringify(otherFields), otherFieldsContext(name));
  if (slack === null) Object.assign(set, { slack: null, slackWebhook: null });
  if (slack) {
    const { webhook_url: address, ...rest } = slack;
    set.slack = rest;
    if (address === null) set.slackWebhook = null;
    else if (address !== undefined) set.slackWebhook = seal(config, address, webhookContext(name));
  }
  await tx.update(domains).set(set).where(eq(domains.id, before.id));
  return !before.configured;
}

/** Names of the configured domains of an account, in order. */
export async function domainsOfAccount(tx: WriterTransaction, accountId: string): Promise<string[]> {
  const rows = await tx
    .select({ name: domains.name })
    .from(domains)
    .where(and(eq(domains.accountId, accountId), eq(domains.configured, true)))
    .orderBy(asc(domains.name));
  return rows.map(({ name }) => name);
}

function slackView({ slack, slackWebhook }: typeof domains.$inferSelect): SlackView | null {
  if (!slack && !slackWebhook) return null;
  return {
    webhook_set: slackWebhook !== null,
    channel: slack?.channel ?? null,
    username: slack?.username ?? null,
    icon_emoji: slack?.icon_emoji ?? null,
    enabled: slack?.enabled ?? true,
    messages: slack?.messages ?? true,
  };
}

/** The names of changed settings, for the audit log; no values of secrets. */
function auditDetails(change: DomainChange, account: StoredAccount | null, created: boolean) {
  const { slack, endpoints } = change;
  const details: Record<string, unknown> = {
    created,
    accountId: change.accountId,
    credentialType: account?.credentialType ?? null,
    credentialSet: change.credential !== undefined,
    ...analysisChange(change),
  };
  if (endpoints !== undefined) details.endpoints = endpoints;
  if (slack === null) details.slack = null;
  if (slack) {
    const { webhook_url: address, ...rest } = slack;
    const webhook = address === undefined ? "unchanged" : address === null ? "removed" : "set";
    details.slack = { ...rest, webhook };
  }
  return details;
}
