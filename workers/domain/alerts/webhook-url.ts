/**
 * Checks the address of a webhook: https on a configured host, so that a user who may set a webhook cannot make the Worker
 * call other hosts. The local stack may also use a fake on loopback. Called by workers/alerts and workers/api.
 */
import { isLoopbackName } from "../http/host.ts";

export interface WebhookRule {
  /** Host names, comma-separated. */
  SLACK_WEBHOOK_HOSTS: string;
  LOCAL_WORLD: boolean;
}

/** The address if it is allowed, else null. */
export function allowedWebhook(address: string, rule: WebhookRule): URL | null {
  const url = URL.parse(address);
  if (!url || url.username !== "" || url.password !== "") return null;
  if (rule.LOCAL_WORLD && isLoopbackName(url.hostname) && /^https?:$/.test(url.protocol)) return url;
  const hosts = rule.SLACK_WEBHOOK_HOSTS.split(",").map((host) => host.trim().toLowerCase());
  return url.protocol === "https:" && url.port === "" && hosts.includes(url.hostname) ? url : null;
}
