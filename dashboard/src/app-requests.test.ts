/** What the list of requests and the page of one request say, by hand-written texts. */
import { describe, expect, it } from "vitest";
import type { RequestDetail, RequestList, RequestRow } from "../../workers/schemas/api/requests.ts";
import type { CostLine } from "../../workers/schemas/cost.ts";
import { openPage, stopClock } from "../../test/support/dashboard-pages.ts";
import { IDS, recordedBody } from "../../test/support/replayed-api.ts";

const NOW = "2026-11-30T12:40:00.000Z";

stopClock(NOW);

const PATH = `/requests/${IDS.request}`;
const recorded = recordedBody<RequestDetail>(`/api${PATH}`);
const line = (kind: string, quantity: number, rateUsd: string | null, costUsd: string | null): CostLine => ({
  ...recorded.costBreakdown!.lines[0]!,
  kind,
  quantity,
  rateUsd,
  costUsd,
  estimated: false,
});

const known = {
  timestamp: "2026-11-30T12:10:00.000Z",
  domain: "a.example",
  accountId: "acc_one",
  model: "claude-haiku-4-5-20251001",
  modelServed: "claude-haiku-4-5-20251001",
  requestType: "query_evaluation",
  toolCalls: { Bash: 3, Read: 1, Edit: 1, Grep: 1 },
  toolCallCount: 6,
  inputTokens: 1_000,
  cacheReadInputTokens: 30_000,
  cacheCreationInputTokens: 420,
  outputTokens: 2_000,
  contextTokens: 33_420,
  thinkingTokens: 12,
  costUsd: "0.30000000000000004",
  timeToFirstByteMs: 812,
  durationMs: 4_812,
} satisfies Partial<RequestRow>;

async function visitRequest(change: Partial<RequestDetail>, tab = "") {
  const overrides = { [`GET /api${PATH}`]: { ...recorded, ...known, ...change } };
  return (await openPage(`${PATH}${tab}`, { overrides })).texts;
}

describe("a page of a request with many values stays small and links to all of them", () => {
  const values = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
  const tools = Array.from({ length: 400 }, (_, n) => ({
    name: `tool${n}`,
    description: `Does ${n}. `.repeat(100),
    input_schema: { type: "object", properties: values(300) },
  }));
  const messages = Array.from({ length: 60 }, (_, n) => ({
    role: n % 2 === 0 ? "assistant" : "user",
    content: Array.from({ length: 100 }, (_, m) => ({
      type: "tool_use",
      id: `${n}-${m}`,
      name: "Bash",
      input: {},
    })),
  }));
  const system = Array.from({ length: 1_000 }, (_, n) => ({ type: "text", text: `Rule ${n}` }));
  it.each([
    ["?tab=raw", { model: "m", metadata: values(2_500), messages: [] }, 130_000],
    ["?tab=raw", { model: "m", system, messages, tools }, 130_000],
    ["", { model: "m", system, messages, tools }, 400_000],
    ["?messages=all", { model: "m", system, messages, tools }, 400_000],
  ])("%s", async (tab, requestBody, most) => {
    const overrides = { [`GET /api${PATH}`]: { ...recorded, ...known, requestBody } };
    const { text } = await openPage(`${PATH}${tab}`, { overrides });
    expect(text.length).toBeLessThan(most);
    expect(text).toMatch(/(?:values are shown|not shown)\./);
    expect(text).toContain(`href="/api${PATH}/body"`);
  });
});

it("the list of requests shows tokens, cache share, cost and times of each request, and what is not known as such", async () => {
  const [row] = recordedBody<RequestList>("/api/requests?limit=50").requests;
  const rows: RequestRow[] = [
    { ...row!, ...known },
    { ...row!, ...known, toolCalls: null, usagePartial: true, cacheReadInputTokens: null, costUsd: null },
    {
      ...row!,
      timestamp: "2026-11-29T12:39:00.000Z",
      model: null,
      outcome: "client_gone",
      toolCalls: null,
      inputTokens: null,
      outputTokens: null,
      costUsd: "0",
      timeToFirstByteMs: null,
      durationMs: null,
    },
  ];
  const overrides = { "GET /api/requests": { requests: rows, nextCursor: "2" } };
  const { texts } = await openPage("/requests", { overrides });
  expect(texts("table.requests tbody tr")).toEqual([
    "30 m ago {2026-11-30 17:40:00 GMT+5:30} | 200 {Completed.} | haiku-4-5 {claude-haiku-4-5-20251001} | a.example | query evaluation | Bash ×3 Edit Grep +1 {Read} | 31.4k → 2,000 {Input tokens 1,000, Cache read 30,000, Cache write 420, Output tokens 2,000} | 95% | $0.3000 {$0.30000000000000004} | 812 ms | 4.8 s",
    "30 m ago {2026-11-30 17:40:00 GMT+5:30} | 200 {Completed.} | haiku-4-5 {claude-haiku-4-5-20251001} | a.example | query evaluation | | 1,420 → 2,000 + {The final token count was not received; this is the minimum.} {Input tokens 1,000, Cache read –, Cache write 420, Output tokens 2,000} | 0% | unpriced {no price known} | 812 ms | 4.8 s",
    "1 d ago {2026-11-29 18:09:00 GMT+5:30} | 200 client disconnected {The client disconnected before the response was complete. The part received until then is stored.} | – | 127.0.0.1 | inference | | – | – | $0.00 {$0} | – | –",
  ]);
  expect(texts(".pager")).toEqual(["3 requests Next page"]);
  expect(texts("select").slice(3)).toEqual([
    "All types count tokens inference models query evaluation",
    "All status codes 2xx 4xx 429 5xx 529",
    "All statuses Completed Client disconnected Upstream failed Interrupted Bodies missing",
    "Any result Failed Not failed",
    "Last hour Last 24 hours Last 7 days Last 30 days",
  ]);
});

describe("the page of a request", () => {
  it("begins with its model, outcome, times and what it belongs to", async () => {
    const page = await visitRequest({});
    expect(page("h1")).toEqual([
      "haiku-4-5 {claude-haiku-4-5-20251001} 200 {Completed.} a.example 30 m ago {2026-11-30 17:40:00 GMT+5:30}",
    ]);
    expect(page("figure.timing")).toEqual([
      "Time to first byte 812 ms Streaming 4.0 s · 500 tokens/s Total 4.8 s",
    ]);
    expect(page(".definition-item")).toEqual([
      "Started 30 m ago {2026-11-30 17:40:00 GMT+5:30}",
      "Domain a.example",
      "Account acc_one",
      "Model claude-haiku-4-5-20251001",
      "Endpoint POST /v1/messages?beta=true",
      "Type query evaluation, streaming",
      "Stop reason tool use",
      "Tool calls Bash ×3 Edit Grep Read",
      `Request ID ${IDS.request}`,
      `Anthropic request ID ${recorded.upstreamRequestId}`,
      "Upstream attempts 1",
      `Session ID ${recorded.sessionId} All requests of this session`,
      `Conversation ${IDS.conversation.slice(-8)} {${IDS.conversation}} main Open in conversation`,
      "Previous request View request",
    ]);
    expect(page(".token-kinds div")).toEqual([
      "Input tokens 1,000 {prompt tokens not read from or written to the cache}",
      "Cache read 30,000 {prompt tokens read from the cache}",
      "Cache write 420 {prompt tokens written to the cache}",
      "Output tokens 2,000 {response tokens, including thinking}",
      "Thinking 12 {included in the output tokens}",
    ]);
    expect(page(".kind-bar title")).toEqual([
      "Input tokens 1,000 (3%), Cache read 30,000 (90%), Cache write 420 (1.3%), Output tokens 2,000 (6%)",
    ]);
    expect(page(".usage-summary")).toEqual([
      "Total input 31,420 , 95% from cache Context 33.4k of 200k {33,420 input and output tokens: 17% of a context window of 200,000 (the default of this model)} Cost $0.3000 {$0.30000000000000004}",
    ]);
  });

  it("names the model that responded, and shows what was not received as missing", async () => {
    const page = await visitRequest({
      modelServed: "claude-haiku-5",
      timeToFirstByteMs: null,
      inputTokens: null,
      outputTokens: null,
      costUsd: null,
      costBreakdown: null,
    });
    expect(page("figure.timing")).toEqual(["No response 4.8 s Total 4.8 s"]);
    expect(page(".definition-item")).toContain("Model claude-haiku-4-5-20251001 served as claude-haiku-5");
    expect(page(".request-summary p")).toEqual([
      "No token usage recorded.",
      "Unpriced: no price is known for this request.",
    ]);
  });

  it("names the models without a price, and shows no context that is not known", async () => {
    const input = line("input", 9, "1", "0.000009");
    const page = await visitRequest({
      contextTokens: null,
      costUsd: null,
      costBreakdown: {
        estimated: false,
        floor: false,
        notes: [],
        lines: [
          { ...input, model: "claude-opus-5" },
          { ...input, rateUsd: null, costUsd: null, costPico: null, unit: "token", model: "claude-opus-9" },
        ],
      },
    });
    expect(page(".request-summary p.note")).toEqual(["Unpriced: no price is known for claude-opus-9."]);
    expect(page(".usage-summary")[0]).toContain("Context – Cost unpriced");
  });

  it("adds up its cost line by line", async () => {
    const page = await visitRequest({
      costUsd: "0.3",
      costBreakdown: {
        estimated: false,
        floor: true,
        notes: [{ code: "batch", text: "Batch price." }],
        lines: [
          line("input", 1_000_000, "0.1", "0.1"),
          { ...line("output", 2_000_000, "0.1", "0.2"), note: "A note." },
          line("web_search", 2, null, null),
        ],
      },
    });
    expect(page("table.cost tr")).toEqual([
      "Item | Quantity | Rate | Cost",
      "input | 1,000,000 | $0.1 per million | $0.1",
      "output A note. | 2,000,000 | $0.1 per million | $0.2",
      "web search | 2 | – | –",
      "Total (minimum) | | | $0.3",
    ]);
    expect(page(".request-summary p").slice(1)).toEqual([
      "Batch price.",
      `Price list: ${recorded.priceVersion}`,
    ]);
  });
});
