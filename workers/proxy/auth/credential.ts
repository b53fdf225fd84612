/** The credential that authenticates the proxy with Claude for a domain: one case per credential type. */
import type { Config } from "../../runtime/config.ts";
import { OAUTH_BETA } from "../../domain/oauth/protocol.ts";
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { DomainRecord } from "../../schemas/tenant.ts";
import { open, SEALED_FIELDS } from "../../runtime/seal.ts";
import { type OAuthToken, oauthToken } from "./oauth-token.ts";

export interface Credential {
  /** Replace the client's own credential; null passes that on. */
  headers: Readonly<Record<string, string>> | null;
  /**
   * Called when upstream has responded 401: resolves with another credential, an error for the client, or null when upstream's response
   * is passed on. Absent where there is no other credential.
   */
  renew?: () => Promise<UpstreamCredential | null>;
}
export type UpstreamCredential =
  Credential | { error: Extract<ProxyError, { reason: "no_credential" | "credential_unavailable" }> };

/** Decrypted API keys, for as long as the isolate caches the record they belong to. */
const decryptedKeys = new WeakMap<DomainRecord, string>();

export async function upstreamCredential(
  record: DomainRecord,
  env: Env,
  config: Config,
): Promise<UpstreamCredential> {
  switch (record.credentialType) {
    case "passthrough":
      return { headers: null };
    case "api_key":
      return apiKeyCredential(record, config);
    case "oauth":
      return (await oauthCredential(record, env, config, null)) ?? credentialUnavailable(record);
  }
}

function apiKeyCredential(record: DomainRecord, config: Config): UpstreamCredential {
  const cached = decryptedKeys.get(record);
  if (cached !== undefined) return { headers: { "x-api-key": cached } };
  if (!record.credential || record.accountId === null)
    return noCredential(`${record.domain} has no API key. An administrator has to store one.`);
  try {
    const { domain, accountId } = record;
    const key = open(config, record.credential, SEALED_FIELDS["TENANTS.domain"](domain, accountId));
    decryptedKeys.set(record, key);
    return { headers: { "x-api-key": key } };
  } catch (thrown) {
    log.error("credential: decryption failed", { domain: record.domain, error: errorText(thrown) });
    return noCredential(
      `the API key of ${record.domain} cannot be decrypted here. An administrator has to store it again.`,
    );
  }
}

/** Null when `rejected` is given and no better token is available now. */
async function oauthCredential(
  record: DomainRecord,
  env: Env,
  config: Config,
  rejected: OAuthToken | null,
): Promise<UpstreamCredential | null> {
  const { domain, accountId, credentialVersion: version = 0 } = record;
  if (accountId === null)
    return noCredential(`${domain} has no account. An administrator has to assign one.`);
  const result = await oauthToken(env, config, { accountId, version, rejected });
  const login = `An administrator renews it with \`npx nexus oauth login ${domain}\` or in the dashboard.`;
  switch (result.result) {
    case "token":
      return {
        headers: { authorization: `Bearer ${result.accessToken}`, "anthropic-beta": OAUTH_BETA },
        renew: () => oauthCredential(record, env, config, result),
      };
    case "missing":
      return noCredential(`the account ${accountId} of ${domain} is not logged in to Claude. ${login}`);
    case "needs_login":
      return noCredential(`the Claude login of the account ${accountId} of ${domain} has ended. ${login}`);
    case "unreadable":
      return noCredential(
        `the Claude login of the account ${accountId} of ${domain} cannot be decrypted here. ${login}`,
      );
    case "refused":
    case "unavailable":
      return rejected ? null : credentialUnavailable(record);
  }
}

function noCredential(message: string): UpstreamCredential {
  return { error: { reason: "no_credential", message: `Nexus: no_credential: ${message}` } };
}

function credentialUnavailable({ domain }: DomainRecord): UpstreamCredential {
  return { error: { reason: "credential_unavailable", domain } };
}
