/**
 * Finds the receivers of an alert, formats it, and posts it to Slack. Called by AlertOutbox objects, which may not read the
 * store. A webhook whose address is not allowed is never called.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { type Config, loadConfig } from "../runtime/config.ts";
import { type AlertStyle, slackPayload } from "../domain/alerts/slack-payload.ts";
import { toHex } from "../domain/bytes.ts";
import { sha256 } from "../domain/sha256.ts";
import { allowedWebhook } from "../domain/alerts/webhook-url.ts";
import { log } from "../runtime/log.ts";
import type { Delivery, DeliveryResult } from "../schemas/alert.ts";
import { domainsOfAccount, type DomainSlack, readDomainSlack } from "../store/tenants/slack-targets.ts";
import { type SlackResult, postToSlack } from "./slack.ts";

interface Receiver {
  webhook: string;
  style: AlertStyle;
}

export class AlertSender extends WorkerEntrypoint<Env> {
  /** Sends to all receivers that are not in `done`. Rejects when Postgres is unavailable and needed to find them. */
  async deliver(delivery: Delivery): Promise<DeliveryResult> {
    const config = loadConfig(this.env);
    const receivers = await receiversOf(config, delivery);
    const done = [...delivery.done];
    let afterMs: number | null = null;
    let reason = "";
    for (const receiver of receivers) {
      const id = webhookId(receiver.webhook);
      if (done.includes(id)) continue;
      const posted = await post(config, receiver, delivery);
      if (posted.result === "failed") afterMs = Math.max(afterMs ?? 0, posted.afterMs);
      else done.push(id);
      if (posted.result === "sent") continue;
      reason = posted.reason;
      log.warn("alerts: delivery to Slack failed", { kind: delivery.event.kind, reason });
    }
    if (afterMs !== null) return { result: "retry", afterMs, reason, done };
    // Other receivers may have accepted it; a permanent rejection is reported all the same.
    if (reason !== "") return { result: "dropped", reason, done };
    return receivers.length === 0 ? { result: "dropped", reason: "", done } : { result: "sent", done };
  }
}

function post(config: Config, { webhook, style }: Receiver, delivery: Delivery): Promise<SlackResult> {
  const url = allowedWebhook(webhook, config);
  if (!url) {
    const reason = "its address is not https on a host in SLACK_WEBHOOK_HOSTS";
    return Promise.resolve({ result: "refused", reason });
  }
  return postToSlack(url, slackPayload(delivery.event, delivery.repeats, style));
}

async function receiversOf(config: Config, { target, event }: Delivery): Promise<Receiver[]> {
  if (target.kind === "deployment") return defaultReceiver(config);
  const names = target.kind === "domain" ? [target.domain] : await domainsOfAccount(config, target.accountId);
  const settings = await readDomainSlack(config, names);
  const isContent = event.kind === "message";
  const receivers = settings.flatMap((slack) => domainReceiver(config, slack, isContent));
  // Alerts of an account whose domains have no channel, or that has no domain, go to the deployment's channel.
  const isOptedOut = settings.length > 0 && settings.every(({ isEnabled }) => !isEnabled);
  if (target.kind === "account" && receivers.length === 0 && !isOptedOut) return defaultReceiver(config);
  return distinct(receivers);
}

function domainReceiver(config: Config, slack: DomainSlack, isContent: boolean): Receiver[] {
  if (!slack.isEnabled) return [];
  if (isContent && (config.SLACK_MESSAGES === "off" || !slack.sendsMessages)) return [];
  if (slack.webhook === null)
    // As in the existing system: messages of a domain with "personal" in its name stay out of the default channel.
    return isContent && slack.domain.includes("personal") ? [] : defaultReceiver(config, slack);
  const { channel, username, iconEmoji } = slack;
  return [{ webhook: slack.webhook, style: { ...styleOf(config), channel, username, iconEmoji } }];
}

function defaultReceiver(config: Config, own?: Partial<DomainSlack>): Receiver[] {
  if (config.SLACK_WEBHOOK_URL === undefined || !config.SLACK_ENABLED) return [];
  const style = {
    ...styleOf(config),
    channel: own?.channel ?? config.SLACK_CHANNEL,
    username: own?.username ?? config.SLACK_USERNAME,
    iconEmoji: own?.iconEmoji ?? config.SLACK_ICON_EMOJI,
  };
  return [{ webhook: config.SLACK_WEBHOOK_URL, style }];
}

function styleOf(config: Config): AlertStyle {
  const content = config.SLACK_MESSAGES === "full" ? "full" : "masked";
  return { dashboardUrl: config.DASHBOARD_URL ?? null, content };
}

/** Domains may share a webhook. */
function distinct(receivers: readonly Receiver[]): Receiver[] {
  return [...new Map(receivers.map((receiver) => [receiver.webhook, receiver])).values()];
}

/** Identifies a webhook without revealing its address. */
function webhookId(webhook: string): string {
  return toHex(sha256(webhook).subarray(0, 8));
}
