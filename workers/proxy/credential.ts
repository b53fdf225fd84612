/** What authenticates us with Claude for a domain: one arm per kind of credential. */
import type { Config } from "../config.ts";
import type { ProxyError } from "../errors.ts";
import { errorText, log } from "../log.ts";
import type { DomainRecord } from "../schemas/tenant.ts";
import { open } from "../seal.ts";

/** `headers` replace the client's own credential; null leaves that as it is. */
export type UpstreamCredential =
  | { headers: Readonly<Record<string, string>> | null }
  | { error: Extract<ProxyError, { reason: "no_credential" }> };

/** Opened API keys, for as long as the isolate keeps the record they belong to. */
const opened = new WeakMap<DomainRecord, string>();

export async function upstreamCredential(record: DomainRecord, config: Config): Promise<UpstreamCredential> {
  switch (record.credentialType) {
    case "passthrough":
      return { headers: null };
    case "api_key":
      return apiKey(record, config);
    case "oauth":
      return refusal("no_credential: OAuth accounts are not available yet. Use an API key or passthrough.");
  }
}

async function apiKey(record: DomainRecord, config: Config): Promise<UpstreamCredential> {
  const known = opened.get(record);
  if (known !== undefined) return { headers: { "x-api-key": known } };
  if (!record.credential || record.accountId === null)
    return refusal(`no_credential: ${record.domain} has no API key. An administrator has to store one.`);
  try {
    const { domain, accountId } = record;
    const key = open(config, record.credential, { domain, accountId });
    opened.set(record, key);
    return { headers: { "x-api-key": key } };
  } catch (thrown) {
    log.error("credential: does not open", { domain: record.domain, error: errorText(thrown) });
    return refusal(
      `no_credential: the API key of ${record.domain} cannot be decrypted here. An administrator has to store it again.`,
    );
  }
}

function refusal(message: string): UpstreamCredential {
  return { error: { reason: "no_credential", message: `Nexus: ${message}` } };
}
