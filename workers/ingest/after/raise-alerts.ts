/**
 * Raises alerts about freshly stored rows: messages, errors, models without a price and missing bodies. Runs after the commit and may fail. An
 * exchange without receivers costs one look-up in memory. Called by consumer.ts.
 */
import { alertAll } from "../../runtime/raise-alert.ts";
import type { Config } from "../../runtime/config.ts";
import { MAX_ALERT_AGE_MS } from "../../runtime/constants.ts";
import { toHex } from "../../domain/bytes.ts";
import { summarizeMessage } from "../../domain/alerts/message-summary.ts";
import { unknownModels } from "../../domain/alerts/unknown-models.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { AlertEvent, ErrorEvent, MessageEvent } from "../../schemas/alert.ts";
import type { RequestRow } from "../../schemas/api/requests.ts";
import type { CounterMessage } from "../../store/usage/counters.ts";
import type { StorableExchange } from "../../store/requests/write-model.ts";
import { type DomainSlack, readDomainSlack } from "../../store/tenants/slack-targets.ts";

/** How long alert settings are cached; a new channel receives alerts after that. */
const SETTINGS_CACHE_MS = 30_000;
const MAX_CACHED_AUDIENCES = 1_000;
/** Requests that no user wrote: titles and the like, and Claude Code's compaction requests. */
const INTERNAL_LINK_KINDS: ReadonlySet<string | null> = new Set(["aux", "compact-ask"]);

/** Which alerts of a domain have receivers. */
interface AlertAudience {
  wantsErrors: boolean;
  wantsMessages: boolean;
  until: number;
}

const audiences = new Map<string, AlertAudience>();

/** Raises alerts for rows younger than MAX_ALERT_AGE_MS. Never rejects. */
export async function raiseAlerts(
  env: Env,
  config: Config,
  rows: readonly RequestRow[],
  exchanges: readonly StorableExchange[],
): Promise<void> {
  try {
    const now = Date.now();
    const recent = rows.filter((row) => now - Date.parse(row.timestamp) <= MAX_ALERT_AGE_MS);
    await loadAudiences(
      config,
      recent.map(({ domain }) => domain),
      now,
    );
    const byId = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
    const withReceivers = recent.filter(({ domain }) => audiences.get(domain)?.wantsErrors);
    const events = [
      ...recent.flatMap(deploymentEvent),
      ...recent.flatMap((row) => eventOf(row, byId.get(row.requestId), audiences.get(row.domain))),
      ...unknownModels(withReceivers),
    ];
    if (events.length > 0) await alertAll(env, events);
  } catch (thrown) {
    log.warn("ingest: alerts not raised", { error: errorText(thrown) });
  }
}

/** Raises an alert for exchanges that were lost without a row. Never rejects. */
export async function alertLostExchanges(env: Env, counters: readonly CounterMessage[]): Promise<void> {
  const exchanges = counters.reduce((sum, { counts }) => sum + (counts["facts_lost"] ?? 0), 0);
  if (exchanges > 0) await alertAll(env, [{ kind: "facts_lost", exchanges, at: Date.now() }]);
}

async function loadAudiences(config: Config, domains: readonly string[], now: number): Promise<void> {
  const unknown = [...new Set(domains)].filter((domain) => !((audiences.get(domain)?.until ?? 0) > now));
  if (unknown.length === 0) return;
  if (audiences.size > MAX_CACHED_AUDIENCES) audiences.clear();
  for (const slack of await readDomainSlack(config, unknown))
    audiences.set(slack.domain, { ...audienceOf(config, slack), until: now + SETTINGS_CACHE_MS });
}

function audienceOf(config: Config, slack: DomainSlack): Omit<AlertAudience, "until"> {
  const hasDefault = config.SLACK_WEBHOOK_URL !== undefined && config.SLACK_ENABLED;
  const hasReceiver = slack.isEnabled && (slack.webhook !== null || hasDefault);
  return {
    wantsErrors: hasReceiver,
    wantsMessages: hasReceiver && slack.sendsMessages && config.SLACK_MESSAGES !== "off",
  };
}

function eventOf(
  row: RequestRow,
  exchange: StorableExchange | undefined,
  audience: AlertAudience | undefined,
): AlertEvent[] {
  if (row.failed) return audience?.wantsErrors ? [errorEvent(row)] : [];
  if (!audience?.wantsMessages || row.responseStatus !== 200 || !exchange) return [];
  const event = messageEvent(row, exchange);
  return event ? [event] : [];
}

/** Goes to the deployment's channel, not the domain's. */
function deploymentEvent({ outcome, unread, domain, requestId, timestamp }: RequestRow): AlertEvent[] {
  const kind = outcome === "unrecorded" ? "unrecorded" : unread === "failed" ? "unread" : null;
  return kind === null ? [] : [{ kind, domain, requestId, at: Date.parse(timestamp) }];
}

function errorEvent(row: RequestRow): ErrorEvent {
  return {
    kind: "error",
    domain: row.domain,
    requestId: row.requestId,
    at: Date.parse(row.timestamp),
    method: row.method,
    path: row.path,
    status: row.responseStatus,
    outcome: row.outcome,
    errorType: row.errorType,
    message: row.error === row.errorType ? null : row.error,
    model: row.model,
    accountId: row.accountId,
  };
}

/** Null where the request contains no user message. */
function messageEvent(row: RequestRow, { request, response }: StorableExchange): MessageEvent | null {
  const isConversation =
    row.requestType === "inference" ||
    // A request with one system prompt may be a conversation as well; linking decides.
    (row.requestType === "query_evaluation" && row.linkKind !== null);
  if (!isConversation || INTERNAL_LINK_KINDS.has(row.linkKind) || !request?.body || !response?.message)
    return null;
  const { messages } = request.body;
  const summary = summarizeMessage(
    messages.map(({ content }) => content),
    response.message.bytes,
  );
  if (!summary) return null;
  const first = messages[0]?.contentSha256 ?? new Uint8Array();
  const thread = row.conversationId ?? row.sessionId ?? toHex(first);
  return {
    kind: "message",
    domain: row.domain,
    requestId: row.requestId,
    at: Date.parse(row.timestamp),
    // Agents of one conversation run concurrently.
    conversation: `${thread} ${row.agentId ?? ""}`,
    conversationId: row.conversationId,
    model: row.modelServed ?? row.model,
    credentialType: row.credentialType,
    accountId: row.accountId,
    ...summary,
    inputTokens: row.inputTokens ?? 0,
    outputTokens: row.outputTokens ?? 0,
  };
}
