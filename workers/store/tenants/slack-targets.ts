/** Where alerts go: the Slack settings of domains, their addresses opened. Used by workers/alerts and ingest. */
import { and, eq, inArray } from "drizzle-orm";
import { accounts, domains } from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import type { AlertTarget } from "../../schemas/alert.ts";
import { open } from "../../runtime/seal.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";
import { slackSealContext } from "./domains.ts";

type Keys = DatabaseConfig & Pick<Config, "CREDENTIAL_KEYS">;

/** A domain's own settings. */
export interface DomainSlack {
  domain: string;
  /** False: this domain is never told of, by the default webhook neither. */
  isEnabled: boolean;
  /** False: its conversations are not told of. */
  sendsMessages: boolean;
  /** Its own address; null = the default one. A secret. */
  webhook: string | null;
  channel: string | undefined;
  username: string | undefined;
  iconEmoji: string | undefined;
}

/** The settings of these domains. A domain without settings is enabled and has nothing of its own. */
export async function readDomainSlack(config: Keys, names: readonly string[]): Promise<DomainSlack[]> {
  if (names.length === 0) return [];
  const rows = await withPrimary(config, (db) =>
    db
      .select({ name: domains.name, slack: domains.slack, sealed: domains.slackWebhook })
      .from(domains)
      .where(inArray(domains.name, [...names])),
  );
  const rowByName = new Map(rows.map((row) => [row.name, row]));
  return names.map((domain) => {
    const row = rowByName.get(domain);
    return {
      domain,
      isEnabled: row?.slack?.enabled ?? true,
      sendsMessages: row?.slack?.messages ?? true,
      webhook: row?.sealed ? open(config, row.sealed, slackSealContext(domain)) : null,
      channel: row?.slack?.channel,
      username: row?.slack?.username,
      iconEmoji: row?.slack?.icon_emoji,
    };
  });
}

/** Whoever may have something to tell: the deployment, configured domains, accounts; by name, one more than `limit` where there are more. */
export async function listAlertTargets(config: DatabaseConfig, limit: number): Promise<AlertTarget[]> {
  const [names, ids] = await withPrimary(config, (db) =>
    db.batch([
      db
        .select({ domain: domains.name })
        .from(domains)
        .where(eq(domains.configured, true))
        .orderBy(domains.name)
        .limit(limit),
      db.select({ accountId: accounts.id }).from(accounts).orderBy(accounts.id).limit(limit),
    ]),
  );
  const targets: AlertTarget[] = [
    { kind: "deployment" },
    ...names.map(({ domain }) => ({ kind: "domain" as const, domain })),
    ...ids.map(({ accountId }) => ({ kind: "account" as const, accountId })),
  ];
  return targets.slice(0, limit + 1);
}

/** The configured domains that use an account. */
export async function domainsOfAccount(config: DatabaseConfig, accountId: string): Promise<string[]> {
  const rows = await withPrimary(config, (db) =>
    db
      .select({ name: domains.name })
      .from(domains)
      .where(and(eq(domains.accountId, accountId), eq(domains.configured, true)))
      .orderBy(domains.name),
  );
  return rows.map(({ name }) => name);
}
