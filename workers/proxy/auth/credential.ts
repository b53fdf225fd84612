/** What authenticates us with Claude for a domain: one arm per kind of credential. */
import type { Config } from "../../runtime/config.ts";
import { OAUTH_BETA } from "../../domain/oauth/protocol.ts";
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { DomainRecord } from "../../schemas/tenant.ts";
import { open } from "../../runtime/seal.ts";
import { type OAuthToken, oauthToken } from "./oauth-token.ts";

export interface Credential {
  /** Replace the client's own credential; null leaves that as it is. */
  headers: Readonly<Record<string, string>> | null;
  /**
   * For when upstream has answered 401: another credential, an error for the client, or null where what upstream said stands.
   * Absent: there is no other.
   */
  renew?: () => Promise<UpstreamCredential | null>;
}
export type UpstreamCredential =
  Credential | { error: Extract<ProxyError, { reason: "no_credential" | "credential_unavailable" }> };

/** Opened API keys, for as long as the isolate keeps the record they belong to. */
const opened = new WeakMap<DomainRecord, string>();

export async function upstreamCredential(
  record: DomainRecord,
  env: Env,
  config: Config,
): Promise<UpstreamCredential> {
  switch (record.credentialType) {
    case "passthrough":
      return { headers: null };
    case "api_key":
      return apiKey(record, config);
    case "oauth":
      return (await oauth(record, env, config, null)) ?? unavailable(record);
  }
}

function apiKey(record: DomainRecord, config: Config): UpstreamCredential {
  const known = opened.get(record);
  if (known !== undefined) return { headers: { "x-api-key": known } };
  if (!record.credential || record.accountId === null)
    return refusal(`${record.domain} has no API key. An administrator has to store one.`);
  try {
    const { domain, accountId } = record;
    const key = open(config, record.credential, { domain, accountId });
    opened.set(record, key);
    return { headers: { "x-api-key": key } };
  } catch (thrown) {
    log.error("credential: does not open", { domain: record.domain, error: errorText(thrown) });
    return refusal(
      `the API key of ${record.domain} cannot be decrypted here. An administrator has to store it again.`,
    );
  }
}

/** Null when `refused` is given and nothing better is to be had just now. */
async function oauth(
  record: DomainRecord,
  env: Env,
  config: Config,
  refused: OAuthToken | null,
): Promise<UpstreamCredential | null> {
  const { domain, accountId, credentialVersion: version = 0 } = record;
  if (accountId === null) return refusal(`${domain} has no account. An administrator has to give it one.`);
  const answer = await oauthToken(env, config, { accountId, version, refused });
  const login = `An administrator renews it with \`npx nexus oauth login ${domain}\` or in the dashboard.`;
  switch (answer.result) {
    case "token":
      return {
        headers: { authorization: `Bearer ${answer.accessToken}`, "anthropic-beta": OAUTH_BETA },
        renew: () => oauth(record, env, config, answer),
      };
    case "missing":
      return refusal(`the account ${accountId} of ${domain} is not logged in at Claude. ${login}`);
    case "needs_login":
      return refusal(`the Claude login of the account ${accountId} of ${domain} has ended. ${login}`);
    case "unreadable":
      return refusal(
        `the Claude login of the account ${accountId} of ${domain} cannot be decrypted here. ${login}`,
      );
    case "refused":
    case "unavailable":
      return refused ? null : unavailable(record);
  }
}

function refusal(message: string): UpstreamCredential {
  return { error: { reason: "no_credential", message: `Nexus: no_credential: ${message}` } };
}

function unavailable({ domain }: DomainRecord): UpstreamCredential {
  return { error: { reason: "credential_unavailable", domain } };
}
