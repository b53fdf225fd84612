/**
 * What people follow in Slack: messages, errors, models without a price and missing bodies, raised after the commit by whoever may be late and may fail. An
 * exchange that nobody would be told of costs one look into memory. Called by the consumer.
 */
import { alertAll } from "../../runtime/raise-alert.ts";
import type { Config } from "../../runtime/config.ts";
import { MAX_ALERT_AGE_MS } from "../../runtime/constants.ts";
import { summarizeMessage } from "../../domain/alerts/message-summary.ts";
import { unknownModels } from "../../domain/alerts/unknown-models.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { AlertEvent, ErrorEvent, MessageEvent } from "../../schemas/alert.ts";
import type { RequestRow } from "../../schemas/api/requests.ts";
import type { CounterMessage } from "../../store/usage/counters.ts";
import type { StorableExchange } from "../../store/requests/write-model.ts";
import { type DomainSlack, readDomainSlack } from "../../store/tenants/slack-targets.ts";

/** How long settings are trusted: a channel that was just set up is told from then on. */
const SETTINGS_CACHE_MS = 30_000;
const MAX_CACHED_AUDIENCES = 1_000;
/** Requests that no user made: titles and the like, and Claude Code's own summaries. */
const INTERNAL_LINK_KINDS: ReadonlySet<string | null> = new Set(["aux", "compact-ask"]);

/** Whether anybody is told of a domain. */
interface AlertAudience {
  wantsErrors: boolean;
  wantsMessages: boolean;
  until: number;
}

const audiences = new Map<string, AlertAudience>();

/** Raises what is news in freshly stored rows. Never rejects. */
export async function raiseAlerts(
  env: Env,
  config: Config,
  rows: readonly RequestRow[],
  exchanges: readonly StorableExchange[],
): Promise<void> {
  try {
    const now = Date.now();
    const news = rows.filter((row) => now - Date.parse(row.timestamp) <= MAX_ALERT_AGE_MS);
    await loadAudiences(
      config,
      news.map(({ domain }) => domain),
      now,
    );
    const byId = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
    const heard = news.filter(({ domain }) => audiences.get(domain)?.wantsErrors);
    const events = [
      ...news.flatMap(unrecordedEvent),
      ...news.flatMap((row) => eventOf(row, byId.get(row.requestId), audiences.get(row.domain))),
      ...unknownModels(heard),
    ];
    if (events.length > 0) await alertAll(env, events);
  } catch (thrown) {
    log.warn("ingest: alerts not raised", { error: errorText(thrown) });
  }
}

/** Raises what is lost without a row. Never rejects. */
export async function alertLostExchanges(env: Env, sums: readonly CounterMessage[]): Promise<void> {
  const exchanges = sums.reduce((sum, { counts }) => sum + (counts["facts_lost"] ?? 0), 0);
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
  const isTold = slack.isEnabled && (slack.webhook !== null || hasDefault);
  return {
    wantsErrors: isTold,
    wantsMessages: isTold && slack.sendsMessages && config.SLACK_MESSAGES !== "off",
  };
}

function eventOf(
  row: RequestRow,
  exchange: StorableExchange | undefined,
  audience: AlertAudience | undefined,
): AlertEvent[] {
  const { responseStatus: status } = row;
  const isError = status === null ? row.outcome === "upstream_failed" : status >= 400;
  if (isError) return audience?.wantsErrors ? [errorEvent(row)] : [];
  if (!audience?.wantsMessages || status !== 200 || !exchange) return [];
  const event = messageEvent(row, exchange);
  return event ? [event] : [];
}

/** Told to the deployment's channel, whoever follows the domain. */
function unrecordedEvent({ outcome, domain, requestId, timestamp }: RequestRow): AlertEvent[] {
  if (outcome !== "unrecorded") return [];
  return [{ kind: "unrecorded", domain, requestId, at: Date.parse(timestamp) }];
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

/** Null where no user said anything. */
function messageEvent(row: RequestRow, { request, response }: StorableExchange): MessageEvent | null {
  const isSaid =
    row.requestType === "inference" ||
    // What has one system prompt may be a conversation as well; linking knows.
    (row.requestType === "query_evaluation" && row.linkKind !== null);
  if (!isSaid || INTERNAL_LINK_KINDS.has(row.linkKind) || !request?.body || !response?.answer) return null;
  const decoder = new TextDecoder();
  const { messages } = request.body;
  const texts = messages.map(({ content }) => decoder.decode(content));
  const said = summarizeMessage(texts, decoder.decode(response.answer.bytes));
  if (!said) return null;
  const first = messages[0]?.contentSha256 ?? new Uint8Array();
  const thread = row.conversationId ?? row.sessionId ?? hex(first);
  return {
    kind: "message",
    domain: row.domain,
    requestId: row.requestId,
    at: Date.parse(row.timestamp),
    // Agents of one conversation talk at the same time.
    conversation: `${thread} ${row.agentId ?? ""}`,
    conversationId: row.conversationId,
    model: row.modelServed ?? row.model,
    credentialType: row.credentialType,
    accountId: row.accountId,
    ...said,
    inputTokens: row.inputTokens ?? 0,
    outputTokens: row.outputTokens ?? 0,
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
