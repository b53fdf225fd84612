/**
 * Which addresses alerts may be sent to: https on a host of the list, so that a user who may set a webhook cannot make the
 * Worker call what he likes. The local stack may also use a fake on loopback. Called by workers/alerts and workers/api.
 */
import { isLoopbackName } from "../http/host.ts";

export interface WebhookRule {
  /** Host names, comma-separated. */
  SLACK_WEBHOOK_HOSTS: string;
  LOCAL_WORLD: boolean;
}

/** The address when it may be called, else null. */
export function allowedWebhook(address: string, rule: WebhookRule): URL | null {
  const url = URL.parse(address);
  if (!url || url.username !== "" || url.password !== "") return null;
  if (rule.LOCAL_WORLD && isLoopbackName(url.hostname) && /^https?:$/.test(url.protocol)) return url;
  const hosts = rule.SLACK_WEBHOOK_HOSTS.split(",").map((host) => host.trim().toLowerCase());
  return url.protocol === "https:" && url.port === "" && hosts.includes(url.hostname) ? url : null;
}
