/**
 * Seven days of the demo's small team as ingest gets them: the plan of scripts/local/demo with the responses of the fake Claude,
 * without a network. Everything follows from the seed and from `now`. Rare cases are added: the edges of days and rollups, clients
 * that disconnect, unrecorded exchanges, a model without a price.
 */
import { vi } from "vitest";
import { generateTraffic } from "../../scripts/local/demo/traffic.ts";
import type { PlannedExchange } from "../../scripts/local/demo/exchange.ts";
import {
  responseEvents,
  sseText,
  type Usage,
  wholeMessage,
} from "../../scripts/local/fake-claude/model-response.ts";
import { modelList } from "../../scripts/local/fake-claude/models.ts";
import { countTokens, PromptCache } from "../../scripts/local/fake-claude/prompt-cache.ts";
import { randomOf } from "../../scripts/local/fake-claude/random.ts";
import {
  errorResponse,
  exchangeMessage,
  type ExchangeOptions,
  makeExchange,
  notRecorded,
  type TestExchange,
} from "./exchanges.ts";
import { random } from "./prose.ts";
import { withDisorder } from "./window-exchanges.ts";
import { queryRows } from "./worker-database.ts";
import { deliver, journal, resetStorage, type SentMessage } from "./worker-ingest.ts";

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Sessions start at six, so that the last ones end within the day. */
const DAY_BEGINS_MS = 6 * HOUR_MS;
const UNPRICED_MODEL = "claude-nebula-1";

export interface WeekExchange {
  made: TestExchange;
  notification: SentMessage;
  /** False: only the notification has its metadata. */
  isJournalled: boolean;
}

/** Exchanges per delivery. */
const BATCH = 50;

/**
 * Stores the week that ends at `now` in disorder, some exchanges twice, with the clock at `now` and days of the database that are not
 * UTC days. `endDemoWeek` undoes both.
 */
export async function storeDemoWeek(now: number): Promise<WeekExchange[]> {
  // Fakes the clock only; timers run.
  vi.useFakeTimers({ now, toFake: ["Date"] });
  await resetStorage();
  await queryRows("SET TIME ZONE 'Pacific/Kiritimati'");
  const week = demoWeek(now, 50);
  for (const { made, isJournalled } of week) if (isJournalled) await journal(made);
  const arriving = withDisorder(random(7), week);
  for (let n = 0; n < arriving.length; n += BATCH)
    await deliver(arriving.slice(n, n + BATCH).map(({ notification }) => notification));
  return week;
}

export async function endDemoWeek(): Promise<void> {
  await queryRows("SET TIME ZONE 'UTC'");
  vi.useRealTimers();
}

/** In order of time; the seventh day is that of `now`, which is the latest start. */
function demoWeek(now: number, turns: number): WeekExchange[] {
  const cache = new PromptCache();
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  return Array.from({ length: 7 }, (_, n) => midnight - (6 - n) * DAY_MS)
    .flatMap((start, n) => {
      const date = new Date(start).toISOString().slice(0, 10);
      const { exchanges, domains } = generateTraffic({ seed: `week-${n}`, turns, date });
      const accounts = new Map(domains.map(({ domain, accountId }) => [domain, accountId]));
      const planned = exchanges.filter(({ path }) => path.startsWith("/v1/"));
      return planned.map((exchange, position) => {
        const at = momentOf(exchange, position, start);
        return { at, position, exchange, accountId: accounts.get(exchange.domain) ?? null };
      });
    })
    .filter(({ at }) => at <= now)
    .sort((a, b) => a.at - b.at)
    .map(({ at, position, exchange, accountId }) => {
      const made = makeExchange(optionsOf(exchange, at, accountId, cache, position));
      return position % 17 === 8
        ? unrecorded(made)
        : { made, notification: { body: exchangeMessage(made) }, isJournalled: true };
    });
}

/** A few start at the edges of the day, an hour or a rollup. */
function momentOf({ at }: PlannedExchange, position: number, start: number): number {
  const edges = [0, DAY_MS - 1, 7 * HOUR_MS, 7 * HOUR_MS - 1, 300_000, 299_999];
  return start + (edges[position - 20] ?? DAY_BEGINS_MS + at);
}

function optionsOf(
  { body, domain, headers, key, method, outcome, path }: PlannedExchange,
  startedAt: number,
  accountId: string | null,
  cache: PromptCache,
  position: number,
): ExchangeOptions {
  const [pathname = "", query] = path.split("?");
  const request = body === null ? null : (JSON.parse(body) as Record<string, unknown>);
  if (request && position % 13 === 5) request.model = UNPRICED_MODEL;
  const random = randomOf(key, startedAt);
  const json = { "content-type": "application/json" };
  const options: ExchangeOptions = {
    startedAt,
    domain,
    requestBody: request ? (position % 13 === 5 ? request : (body ?? "")) : "",
    requestMetadata: {
      accountId,
      method,
      path: pathname,
      query: query === undefined ? "" : `?${query}`,
      headers,
    },
    responseMetadata: {
      headers: json,
      timeToFirstByteMs: random.between(200, 2_000),
      durationMs: random.between(2_000, 60_000),
    },
  };
  const responding = (text: string, more: ExchangeOptions["responseMetadata"] = {}): ExchangeOptions => ({
    ...options,
    responseBody: text,
    responseMetadata: { ...options.responseMetadata, ...more },
  });
  if (outcome.kind === "own")
    return responding(
      JSON.stringify(
        request ? { input_tokens: countTokens(request) } : bodyOf(modelList(new URLSearchParams(query))),
      ),
    );
  if (outcome.kind === "error")
    return responding(errorResponse(null, "api_error", outcome.message).responseBody, {
      status: outcome.status,
    });
  const usage: Usage = cache.account(request ?? {}, domain, startedAt);
  const message = {
    id: `msg_${random.hex(24)}`,
    type: "message",
    role: "assistant",
    model: request?.model,
    content: [],
  };
  if (request?.stream !== true)
    return responding(JSON.stringify(wholeMessage(outcome.response, message, usage)));
  const stream = responseEvents(outcome.response, message, usage, random).map(sseText).join("");
  const events = { headers: { "content-type": "text/event-stream; charset=utf-8" } };
  if (position % 19 === 3)
    return responding(stream.slice(0, stream.length / 2), { ...events, outcome: "client_gone" });
  if (position % 23 === 7) return responding(stream.slice(0, 900), { ...events, outcome: "upstream_failed" });
  return responding(stream, events);
}

function unrecorded(made: TestExchange): WeekExchange {
  const { request, response } = made;
  const body = exchangeMessage(made, {
    request: { ...request.metadata, body: notRecorded(request.body.length) },
    response: { ...response.metadata, body: notRecorded() },
  });
  return { made, notification: { body }, isJournalled: false };
}

function bodyOf(reply: ReturnType<typeof modelList>): unknown {
  return "body" in reply ? reply.body : null;
}
