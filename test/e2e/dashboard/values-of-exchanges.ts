/** The pages of single exchanges against the API: the lists of requests and of conversations, a request with its tabs. */
import { formatMoneyExact } from "../../../dashboard/src/format/money.ts";
import { formatBytes, formatExact, formatShare, formatShort } from "../../../dashboard/src/format/number.ts";
import { shortId } from "../../../dashboard/src/format/text.ts";
import { formatDuration } from "../../../dashboard/src/format/time.ts";
import type { FilterOptions } from "../../../workers/schemas/api/filter-options.ts";
import type { ConversationList, ConversationRow } from "../../../workers/schemas/api/conversations.ts";
import type { RequestDetail, RequestList, RequestRow } from "../../../workers/schemas/api/requests.ts";
import type { CostLine } from "../../../workers/schemas/cost.ts";
import type { DemoStack } from "../../support/demo-stack.ts";
import type { Check } from "./agreement.ts";
import { filterBar, lastDay } from "./values-of-sums.ts";
import { at, badges, battery, ended, model, money, several, short, shortModel, wire } from "./words.ts";

const promptOf = (row: RequestRow) =>
  row.inputTokens === null
    ? null
    : row.inputTokens +
      (row.cacheReadInputTokens ?? 0) +
      (row.cacheCreationInputTokens ??
        (row.cacheCreation5mInputTokens ?? 0) + (row.cacheCreation1hInputTokens ?? 0));

function requestRow(row: RequestRow): string {
  const prompt = promptOf(row);
  const floor = row.usagePartial ? "+ {The final token count was not received; this is the minimum.}" : "";
  const tokens =
    prompt === null
      ? "–"
      : `${formatShort(prompt)} → ${formatShort(row.outputTokens)} ${floor} {Input ${formatExact(prompt)}: ${formatExact(row.inputTokens)} uncached, ${formatExact(row.cacheReadInputTokens ?? 0)} cache read, ${formatExact(row.cacheCreationInputTokens ?? 0)} cache write, output ${formatExact(row.outputTokens)}}`;
  return [
    at(row.timestamp),
    ended(row),
    model(row.model),
    wire(row.domain, 40),
    wire(row.requestType.replaceAll("_", " "), 24),
    badges(row.toolCalls),
    tokens,
    formatShare(prompt ? (row.cacheReadInputTokens ?? 0) / prompt : null),
    money(row.costUsd),
    formatDuration(row.timeToFirstByteMs),
    formatDuration(row.durationMs),
  ].join(" | ");
}

const requests = (query: string): Check => ({
  path: `/requests${query && `?${query}`}`,
  async expected(demo) {
    const [list, { requestTypes }] = await Promise.all([
      demo.getJson<RequestList>(`/api/requests?${lastDay()}&limit=50&${query}`),
      demo.getJson<FilterOptions>("/api/choices"),
    ]);
    return {
      ...(await filterBar(demo)),
      "select[name=requestType] option": [
        "All types",
        ...requestTypes.map((type) => type.replaceAll("_", " ")),
      ],
      "select[name=status] option": ["All status codes", "2xx", "4xx", "429", "5xx", "529"],
      "table.requests tbody tr": list.requests.map(requestRow),
      ".pager": [
        `${several(list.requests.length, "request")} ${list.nextCursor ? "Next page" : "End of list"}`,
      ],
    };
  },
});

function conversationRow(row: ConversationRow): string {
  const failed = row.errorCount > 0 ? `, ${several(row.errorCount, "error")}` : "";
  const glyph = (count: number, one: string, many: string) =>
    count === 0 ? "" : `${count === 1 ? one : many} ${formatExact(count)} {${several(count, one, many)}}`;
  const unpriced =
    row.unpricedCount > 0 && row.costUsd !== null
      ? `+ {${several(row.unpricedCount, "request")} unpriced}`
      : "";
  return [
    `${row.title === null ? "Only programs spoke" : wire(row.title, 90)} ${wire(row.modelsUsed.map(shortModel).join(", ") || null, 60)}${failed}`,
    glyph(row.userBranchCount, "branch", "branches") +
      glyph(row.subtaskBranchCount, "sub-task", "sub-tasks") +
      glyph(row.compactBranchCount, "compaction", "compactions"),
    wire(row.domain, 40),
    `${formatExact(row.turnCount)} {${several(row.messageCount, "request")}}`,
    short(row.totalTokens + row.cacheReadInputTokens + row.cacheCreationInputTokens),
    formatShare(row.cacheHitShare),
    `${money(row.costUsd)} ${unpriced}`,
    battery(row.latestContextTokens, row.latestModel),
    formatDuration(row.durationMs),
    at(row.endedAt),
  ].join(" | ");
}

const conversations: Check = {
  path: "/conversations",
  async expected(demo) {
    const list = await demo.getJson<ConversationList>(`/api/conversations?${lastDay()}&limit=50`);
    return {
      ...(await filterBar(demo)),
      "table.conversations tbody tr": list.conversations.map(conversationRow),
      ".pager": [
        `${several(list.conversations.length, "conversation")} on this page ${list.nextCursor ? "Older" : "That is all in this period."}`,
      ],
    };
  },
};

/** What stands above the tabs of a request, which is the same on all of them. */
export function requestHead(detail: RequestDetail): Record<string, readonly string[]> {
  const { timeToFirstByteMs: first, durationMs } = detail;
  const kinds = [
    ["Input tokens", "prompt tokens not read from or written to the cache", detail.inputTokens],
    ["Cache read", "prompt tokens read from the cache", detail.cacheReadInputTokens],
    ["Cache write", "prompt tokens written to the cache", detail.cacheCreationInputTokens],
    ["Output tokens", "response tokens, including thinking", detail.outputTokens],
  ] as const;
  const prompt = promptOf(detail);
  const all = kinds.reduce((sum, [, , count]) => sum + (count ?? 0), 0);
  const bar = kinds
    .filter(([, , count]) => (count ?? 0) > 0)
    .map(([name, , count]) => `${name} ${formatExact(count)} (${formatShare((count ?? 0) / all)})`)
    .join(", ");
  const answering = (durationMs ?? 0) - (first ?? 0);
  const pace =
    detail.outputTokens !== null && answering >= 200
      ? `· ${Math.round((detail.outputTokens / answering) * 1000)} tokens/s`
      : "";
  const fact = (name: string, value: string | null) => (value === null ? [] : [`${name} ${value}`]);
  return {
    h1: [
      `${model(detail.model ?? detail.endpoint)} ${ended(detail)} ${wire(detail.domain, 40)} ${at(detail.timestamp)}`,
    ],
    "figure.timing": [
      first === null
        ? `{No response within ${formatDuration(durationMs)}} No response ${formatDuration(durationMs)} Total ${formatDuration(durationMs)}`
        : `{Time to first byte ${formatDuration(first)}, total ${formatDuration(durationMs)}} Time to first byte ${formatDuration(first)} ${detail.stream && detail.error === null ? "Streaming" : "Response"} ${formatDuration(answering)} ${pace} Total ${formatDuration(durationMs)}`,
    ],
    ".request-summary .definition-item": [
      ...fact("Started", at(detail.timestamp)),
      ...fact("Domain", wire(detail.domain, 120)),
      ...fact("Account", detail.accountId && wire(detail.accountId, 80)),
      ...fact(
        "Model",
        detail.model &&
          `${wire(detail.model, 120)} ${detail.modelServed !== null && detail.modelServed !== detail.model ? `served as ${wire(detail.modelServed, 120)}` : ""}`,
      ),
      ...fact("Endpoint", wire(`${detail.method} ${detail.path}${detail.query ?? ""}`, 200)),
      ...fact(
        "Type",
        wire(detail.requestType.replaceAll("_", " "), 60) + (detail.stream ? ", streaming" : ""),
      ),
      ...fact("Stop reason", detail.stopReason && wire(detail.stopReason.replaceAll("_", " "), 60)),
      ...fact("Tool calls", detail.toolCallCount > 0 ? badges(detail.toolCalls, 30) : null),
      ...fact("Request ID", detail.requestId),
      ...fact("Anthropic request ID", detail.upstreamRequestId),
      ...fact("Session ID", detail.sessionId && `${detail.sessionId} All requests of this session`),
      ...fact("Agent ID", detail.agentId),
      ...fact(
        "Conversation",
        detail.conversationId &&
          `${shortId(detail.conversationId)} {${detail.conversationId}} ${detail.branchId} Open in conversation`,
      ),
      ...fact("Previous request", detail.parentRequestId && "View request"),
      ...fact("Parent request", detail.parentTaskRequestId && "View request"),
    ],
    ".kind-bar": all === 0 ? [] : [`{${bar}} {${bar}}`],
    ".token-kinds > div":
      prompt === null && detail.outputTokens === null
        ? []
        : [
            ...kinds.map(([name, hint, count]) => `${name} ${formatExact(count ?? 0)} {${hint}}`),
            ...((detail.thinkingTokens ?? 0) > 0
              ? [`Thinking ${formatExact(detail.thinkingTokens)} {included in the output tokens}`]
              : []),
          ],
    ".usage-summary":
      prompt === null
        ? []
        : [
            `Total input ${formatExact(prompt)} ${prompt > 0 ? `, ${formatShare((detail.cacheReadInputTokens ?? 0) / prompt)} from cache` : ""} Context ${battery(prompt + (detail.outputTokens ?? 0), detail.modelServed ?? detail.model, detail.requestHeaders?.["anthropic-beta"], true)} Cost ${money(detail.costUsd)}`,
          ],
    ".cost tbody tr": costRows(detail),
    ".request-summary p.mute": [
      ...(prompt === null && detail.outputTokens === null ? ["No token usage recorded."] : []),
      ...(detail.costBreakdown?.notes ?? []).map(({ text }) => text),
      ...((detail.costBreakdown?.lines ?? []).length > 0 && detail.priceVersion
        ? [`Price list: ${wire(detail.priceVersion, 80)}`]
        : []),
    ],
    ".downloads a": [
      `Request ${formatBytes(detail.requestBytes)}`,
      `Response ${formatBytes(detail.responseBytes)}`,
    ],
  };
}

function costRows({ costBreakdown, costUsd }: RequestDetail): string[] {
  const lines = costBreakdown?.lines ?? [];
  if (lines.length === 0) return [];
  const models = new Set(lines.flatMap((line) => line.model ?? []));
  const words = ({ kind, entry, model: of, note }: CostLine) =>
    `${wire([kind.replaceAll("_", " "), entry?.replaceAll("_", " "), models.size > 1 ? of : null].filter(Boolean).join(" · "), 100)} ${note ?? ""}`;
  const per = ({ ratePer }: CostLine) => (ratePer === 1_000_000 ? "million" : formatExact(ratePer));
  const whole = costBreakdown?.floor
    ? "Total (minimum)"
    : costBreakdown?.estimated
      ? "Total (estimated)"
      : "Total";
  return [
    ...lines.map((line) =>
      [
        words(line),
        formatExact(line.quantity),
        line.rateUsd === null ? "–" : `${formatMoneyExact(line.rateUsd)} per ${per(line)}`,
        line.costUsd === null ? "–" : formatMoneyExact(line.costUsd),
      ].join(" | "),
    ),
    [whole, "", "", costUsd === null ? "–" : formatMoneyExact(costUsd)].join(" | "),
  ];
}

interface Body {
  messages: unknown[];
}

const conversationTab = (id: string, problem?: string): Check => ({
  path: `/requests/${id}`,
  // What people and programs said: their words are compared where the conversation is read.
  apart: ["ol.transcript", ".preamble", ".earlier", ".conversation > .callout"],
  async expected({ getJson: ask }) {
    const detail = await ask<RequestDetail>(`/api/requests/${id}`);
    return {
      ...requestHead(detail),
      ".transcript-bar > span": [
        `${several((detail.requestBody as Body).messages.length, "message")} in the request`,
      ],
      "main > .callout p": problem === undefined ? [] : [problem, detail.error!],
    };
  },
});

const headersTab = (id: string): Check => ({
  path: `/requests/${id}?tab=headers`,
  async expected({ getJson: ask }) {
    const detail = await ask<RequestDetail>(`/api/requests/${id}`);
    const rows = (headers: Record<string, string> | null, masked: readonly string[]) => [
      ...Object.entries(headers ?? {})
        .sort(([left], [right]) => left.localeCompare(right))
        .map(([name, value]) => `${wire(name, 80)} | ${wire(value)}`),
      ...masked.map((name) => `${name} | never stored`),
    ];
    return {
      ...requestHead(detail),
      "table.headers tr": [
        ...rows(detail.requestHeaders, ["authorization", "x-api-key", "cookie"]),
        ...rows(detail.responseHeaders, ["set-cookie"]),
        ...rows(detail.rateLimit, []),
      ],
    };
  },
});

const streamTab = (id: string): Check => ({
  path: `/requests/${id}?tab=stream`,
  apart: ["ol.events", "main > .card:last-child > p.mute", "main figure:not(.timing)"],
  async expected(demo) {
    const detail = await demo.getJson<RequestDetail>(`/api/requests/${id}`);
    const events = (await textOf(demo, `/api/requests/${id}/response`))
      .split("\n\n")
      .filter((event) => event.startsWith("event: "));
    return {
      ...requestHead(detail),
      ".event-number": events.map((_, n) => formatExact(n + 1)),
      ".event-type": events.map((event) => wire(event.slice(7, event.indexOf("\n")), 40)),
      "ol.events > li > details > summary > .mute:last-child": (shown) =>
        shown.length === events.length ? shown : ["as many as there are events"],
      ".card > p.mute": ([first = ""]) => {
        const wanted = `${several(events.length, "event")}, ${formatBytes(detail.responseBytes)}`;
        return [first.startsWith(wanted) ? first : wanted];
      },
    };
  },
});

async function textOf({ demo }: DemoStack, path: string): Promise<string> {
  const headers = { "x-dashboard-key": demo.stack.dashboardKey };
  return (await fetch(demo.stack.proxyUrl + path, { headers })).text();
}

const rawTab = (id: string): Check => ({
  path: `/requests/${id}?tab=raw`,
  apart: [".json"],
  expected: async ({ getJson: ask }) => requestHead(await ask<RequestDetail>(`/api/requests/${id}`)),
});

export async function exchangeChecks({ getJson: ask }: DemoStack): Promise<Check[]> {
  const { requests: all } = await ask<RequestList>("/api/requests?limit=500");
  const calling = all
    .filter(({ outcome }) => outcome === "complete")
    .toSorted((left, right) => right.toolCallCount - left.toolCallCount)[0]!.requestId;
  const failed = all.find(({ responseStatus }) => responseStatus === 529)!.requestId;
  return [
    requests(""),
    requests("domain=checkout.claude.example&status=5xx"),
    conversations,
    conversationTab(calling),
    conversationTab(failed, "The API returned status 529."),
    headersTab(calling),
    streamTab(calling),
    rawTab(calling),
  ];
}
