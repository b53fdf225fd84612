/** The targets of alerts: Slack settings of domains, with webhook URLs in clear. Used by workers/alerts and ingest. */
import { and, eq, inArray } from "drizzle-orm";
import { accounts, domains } from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import type { AlertTarget } from "../../schemas/alert.ts";
import { open, SEALED_FIELDS } from "../../runtime/seal.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";

type Keys = DatabaseConfig & Pick<Config, "CREDENTIAL_KEYS">;

/** A domain's own settings. */
export interface DomainSlack {
  domain: string;
  /** False: no messages about this domain, by the default webhook either. */
  isEnabled: boolean;
  /** False: no messages about its conversations. */
  sendsMessages: boolean;
  /** Its own webhook URL, a secret; null = the default one. */
  webhook: string | null;
  channel: string | undefined;
  username: string | undefined;
  iconEmoji: string | undefined;
}

/** The settings of these domains. A domain without settings is enabled and uses the defaults. */
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
      webhook: row?.sealed ? open(config, row.sealed, SEALED_FIELDS["domains.slack_webhook"](domain)) : null,
      channel: row?.slack?.channel,
      username: row?.slack?.username,
      iconEmoji: row?.slack?.icon_emoji,
    };
  });
}

/** The deployment, configured domains and accounts, by name; `limit + 1` of them if there are more. */
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
