/** The pages of one conversation over recorded responses. */
import { describe, expect, it } from "vitest";
import type { ConversationDetail, ConversationTree } from "../../workers/schemas/api/conversations.ts";
import { openPage, stopClock } from "../../test/support/dashboard-pages.ts";
import { longConversation } from "../../test/support/long-conversation.ts";
import { apiError, IDS, recordedBody, type ReplayOptions } from "../../test/support/replayed-api.ts";

type Options = ReplayOptions & { id?: string };

/** A page of the recorded conversation that has a fork, or of the one that was compacted. */
async function visit(query = "", { id = IDS.conversation, ...options }: Options = {}) {
  const path = `/conversations/${id}`;
  return { path, ...(await openPage(path + query, options)) };
}

const svgOf = (html: string) => /<svg class="tree-drawing"[^]*?<\/svg>/.exec(html)?.[0] ?? "";
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe("the page of a conversation", () => {
  it("draws sub-tasks as grey boxes with their number and requests, each a link to its branch", async () => {
    const { text } = await visit();
    const svg = svgOf(text);
    expect(svg).toMatch(
      /<rect[^>]* width="100" height="36"[^>]*><\/rect><text[^>]*>sub-task 1 \(2\)<\/text>/,
    );
    expect(svg).toContain("sub-task 2 (1)");
    expect(svg).toContain("not recorded");
    expect(count(svg, /<a class="box"[^>]*href="\?branch=/g)).toBe(2);
    expect(text).toContain("3 sub-tasks, 1 branch");
  });

  it("distinguishes branch points, compactions, failures, retries and calls", async () => {
    const compacted = svgOf((await visit("", { id: IDS.compacted })).text);
    expect(count(compacted, /class="edge compact/g)).toBeGreaterThan(0);
    const path = `/api/conversations/${IDS.conversation}/tree`;
    const tree = recordedBody<ConversationTree>(path);
    Object.assign(tree.nodes.at(-1)!, { failed: true, status: 400, context: null });
    const svg = svgOf((await visit("", { overrides: { [`GET ${path}`]: tree } })).text);
    expect(count(svg, /class="node hue-\d fork/g)).toBe(1);
    expect(count(svg, /class="node hue-\d [\w-]+ failed"/g)).toBe(1);
    expect(svg).toContain("×2");
    expect(svg).toMatch(/class="spawned">.*?<text[^>]*>2<\/text>/);
    expect(svg).toContain(IDS.fork);
  });

  it("binds nodes to messages and messages to nodes", async () => {
    const { text } = await visit();
    const node = /<a class="node[^"]*" href="#(message-\d+)" data-item="(\d+)"/.exec(svgOf(text));
    expect(node).not.toBeNull();
    expect(text).toMatch(new RegExp(`<li[^>]* id="${node![1]}"[^>]* data-node="${node![2]}"`));
  });

  it("has the tree on a page of its own, without a transcript", async () => {
    const { text, api } = await visit("?view=tree");
    expect(svgOf(text)).toContain("sub-task 1 (2)");
    expect(text).not.toContain('class="transcript"');
    expect(api.requested.some((request) => request.includes("/messages"))).toBe(false);
  });

  it("keeps the first screen of 5,000 requests below 100 KB", async () => {
    const { text } = await visit("", longConversation());
    expect(count(svgOf(text), /data-item/g)).toBeGreaterThan(30);
    expect(new TextEncoder().encode(text).length).toBeLessThan(100_000);
  });

  it("leads to what a large tree leaves out, and opens a run", async () => {
    const { text } = await visit("?view=tree", longConversation());
    const run = /<a class="node hue-0 run" href="([^"]*)"/.exec(svgOf(text))?.[1]?.replaceAll("&amp;", "&");
    expect(run).toMatch(/open=\d+/);
    const opened = await visit(new URL(run!, "http://x").search, longConversation());
    expect(svgOf(opened.text)).toContain('aria-current="true"');
    const beside = await visit("", longConversation());
    expect(beside.text).toMatch(/Show \d+ earlier/);
  });

  it("lists its requests in the order of time, with pauses", async () => {
    const { text, api } = await visit("?view=timeline", { id: IDS.compacted });
    expect(count(text, /<tr data-row/g)).toBe(12);
    expect(text).toMatch(/Tools: \d+\.\d s|Waiting for user: /);
    expect(text).toContain("Calls ");
    expect(api.requested.some((request) => request.endsWith("/tree"))).toBe(false);
  });

  it("exports a branch whole, as Markdown and as JSON", async () => {
    const branch = `branch=${IDS.fork}`;
    const markdown = await visit(`/export?${branch}`);
    expect(markdown.response.headers.get("content-disposition")).toMatch(/attachment; filename="[\w-]+\.md"/);
    expect(markdown.text).toContain("## 1. You");
    expect(markdown.text).toContain("**Tool: Bash**");
    expect(markdown.text).toContain("why it only fails in CI");
    const json = await visit(`/export?${branch}&format=json`);
    const { messages, total } = JSON.parse(json.text) as { messages: { position: number }[]; total: number };
    expect(messages.map(({ position }) => position)).toEqual(Array.from({ length: total }, (_, n) => n + 1));
  });

  it("compares two branches: common messages once, then both with marked differences", async () => {
    const { text, api } = await visit(`?compare=${IDS.fork}`);
    expect(text).toContain("The first 10 messages are the same.");
    const words = text.replaceAll(/<\/?mark[^>]*>/g, "");
    expect(count(words, /Yes please, and tell me/g)).toBe(2);
    expect(/<mark class="own-right">why <\/mark>/.test(text)).toBe(true);
    expect(words).toContain("why it only fails in CI");
    const pages = api.requested.filter((one) => one.includes("/messages"));
    expect(pages.map((one) => new URL(one.slice(4), "http://x").searchParams.get("cursor"))).toEqual([
      "8",
      "8",
    ]);
  });

  it.each(["?compare=nothing", "?compare=main", "?branch=nothing&compare=main"])(
    "reports that %s cannot be compared",
    async (query) => {
      const { response, text } = await visit(query);
      expect(response.status).toBe(200);
      expect(text).toContain("cannot be compared");
    },
  );

  it("previews the last exchange as a fragment", async () => {
    const { text } = await visit("/preview");
    expect(text).toMatch(/^<p><strong>You<\/strong>/);
    expect(text).toContain("Yes please");
    expect(text).not.toContain("<html");
  });

  it("is shown if the tree cannot be read", async () => {
    const { response, text } = await visit("", {
      overrides: {
        [`GET /api/conversations/${IDS.conversation}/tree`]: apiError(503, "unavailable", "Not now."),
      },
    });
    expect(response.status).toBe(200);
    expect(text).toContain("Could not load the conversation tree.");
    expect(text).toContain('class="transcript"');
  });

  it.each(["?branch=nothing", "?open=99999999&requestId=x", "?open=-1", "?view=nothing&open=abc"])(
    "returns 200 for %s",
    async (query) => {
      expect((await visit(query)).response.status).toBe(200);
    },
  );
});

/** The recorded conversation with times and sums that are easy to add: a request each minute from 13:30 in Asia/Kolkata. */
function exactConversation() {
  const tree = recordedBody<ConversationTree>(`/api/conversations/${IDS.conversation}/tree`);
  tree.startedAt = "2026-11-30T08:00:00.000Z";
  tree.nodes.forEach((node, n) => Object.assign(node, { at: n * 60_000, ms: n * 1_000, context: 20_000 }));
  const detail = recordedBody<ConversationDetail>(`/api/conversations/${IDS.conversation}?limit=100`);
  const sums = { inputTokens: 1_000, outputTokens: 500, cacheReadInputTokens: 30_000, totalTokens: 1_500 };
  detail.branches.forEach((branch, n) =>
    Object.assign(branch, sums, {
      cacheCreationInputTokens: 0,
      costUsd: n === 1 ? null : `${n}.005`,
      lastMessageTime: tree.startedAt,
    }),
  );
  Object.assign(detail, sums, {
    cacheCreationInputTokens: 420,
    cacheHitShare: 0.955,
    costUsd: "1.005",
    unpricedCount: 1,
    latestContextTokens: 27_777,
    metrics: {
      totalMs: 64_000,
      inferenceMs: 5_439,
      toolMs: 8_449,
      toolRounds: 5,
      replyMs: 3_000,
      replies: 2,
    },
  });
  const side = { requestId: IDS.request, timestamp: tree.startedAt, client: "claude-cli/2.1.332", prompt: "Suggest", model: null, responseStatus: 200, outcome: "complete", failed: false, durationMs: 400, totalTokens: 9, costUsd: "0.01" }; // prettier-ignore
  tree.nodes[0]!.sideRequests = 2;
  Object.assign(detail.sideRequests, { requestCount: 2, costUsd: "0.02" });
  const [first, second] = detail.requests;
  detail.requests = [
    { ...first!, ...sums, timestamp: tree.startedAt, durationMs: 2_000, timeToFirstByteMs: 812, costUsd: "0.25", prompt: "Find it.", sideRequests: [side, side] },
    { ...second!, ...sums, timestamp: "2026-11-30T08:00:12.000Z", toolCalls: { Agent: 2, Bash: 1 }, costUsd: null, durationMs: 10, timeToFirstByteMs: 3, responseStatus: 529, failed: true, errorType: "overloaded_error" },
  ]; // prettier-ignore
  const path = `GET /api/conversations/${IDS.conversation}`;
  return { overrides: { [path]: detail, [`${path}/tree`]: tree } };
}

describe("the values of a conversation", () => {
  stopClock("2026-11-30T10:00:00Z");

  it("are its turns, tokens, cost and times", async () => {
    const { texts } = await visit("", exactConversation());
    expect(texts(".stat-card")).toEqual([
      "Turns 3 {3 turns in 11 requests} 11 requests",
      "Sub-tasks 3 {3 sub-tasks with 3 requests} 3 requests",
      "Tokens 31.9k {31,920} 96% of input from cache",
      "Cost $1.01 {$1.005} + 1 unpriced request + 2 side requests $0.0200",
      "Model time 5.4 s {Total duration of all requests, including sub-tasks; 1 m 4 s from the first to the last} over 1 m 4 s",
      "Tool time 8.4 s {Time between responses that call tools and the requests that return the results} 5 tool rounds",
      "User reply time 1.5 s {Average time between a response without tool calls and the next user message} 2 replies",
      "Context 27.8k of 1M {27,777 input and output tokens: 2.8% of a context window of 1,000,000 (the default of this model)}",
    ]);
  });

  it("are on the cards of the tree, at the viewer's time of day", async () => {
    const { texts } = await visit("", exactConversation());
    expect(texts(".node title")).toEqual([
      "User message, 13:30:00, 1 message 0 ms, context 20k of 1M, 1 tool call, 2 side requests",
      "Tool results, 13:31:00, 3 messages 1.0 s, context 20k of 1M, 2 tool calls, 2 sub-tasks",
      "Tool results, 13:32:00, 5 messages 2.0 s, context 20k of 1M, 1 tool call",
      "Tool results, 13:33:00, 7 messages 4.0 s, context 20k of 1M, 2 tool calls, 2 attempts",
      "Tool results, 13:35:00, 9 messages 5.0 s, context 20k of 1M",
      "User message, 13:36:00, 11 messages 6.0 s, context 20k of 1M, 2 tool calls, 1 sub-task",
      "User message, 13:40:00, 11 messages 10.0 s, context 20k of 1M",
    ]);
    expect(texts(".box title")).toEqual([
      "sub-task 1, 2 requests Explore: Find clocks Look for every place that mocks the clock",
      "sub-task 2, 1 request Explore: Run tests Run the login test twenty times and say how often it fails",
      "Started, but none of its requests was recorded Explore: Release note Write the release note",
    ]);
    expect(texts(".branch-label title")).toEqual([
      `${IDS.fork} Yes please, and tell me why it only fails in CI.`,
    ]);
  });

  it("are beside each branch, with its errors and what the branch began with", async () => {
    const { texts } = await visit("", exactConversation());
    expect(texts("#branches li")).toEqual([
      "main ✗ has errors {1 error} 7 requests, 31.5k {31,500} tokens, $0.0050 {$0.005}",
      "subtask_1 Look for every place that mocks the clock 2 requests, 31.5k {31,500} tokens, unpriced {no price known}",
      "subtask_2 Run the login test twenty times and say how often it fails 1 request, 31.5k {31,500} tokens, $2.01 {$2.005}",
      `${IDS.fork} Yes please, and tell me why it only fails in CI. 1 request, 31.5k {31,500} tokens, $3.01 {$3.005}`,
    ]);
    expect(texts(".compare-form option")).toEqual([IDS.fork, "subtask_1", "subtask_2"]);
  });

  it("head both sides of a comparison", async () => {
    const { texts } = await visit(`?compare=${IDS.fork}`, exactConversation());
    const last = "last 2 h ago {2026-11-30 13:30:00 GMT+5:30}";
    expect(texts(".compared-head")).toEqual([
      `main 12 messages, 7 requests , 1 error , 31.5k {31,500} tokens, $0.0050 {$0.005} , ${last}`,
      `${IDS.fork} 12 messages, 1 request, 31.5k {31,500} tokens, $3.01 {$3.005} , ${last}`,
    ]);
    expect(texts(".compared-foot")).toEqual(["End of branch", "End of branch"]);
  });

  it("are in the rows of the timeline", async () => {
    const { texts } = await visit("?view=timeline", exactConversation());
    expect(texts(".timeline tbody tr")).toEqual([
      "13:30:00 {2026-11-30 13:30:00 GMT+5:30} | main | Find it. | 2.0 s {Time to first byte 812 ms} | 31.7k → 500 | $0.2500 {$0.25} | 200 {Completed.}",
      "2 side requests Suggest 400 ms $0.0100 {$0.01} 200 {Completed.} Suggest 400 ms $0.0100 {$0.01} 200 {Completed.}",
      "13:30:12 {2026-11-30 13:30:12 GMT+5:30} | main | Calls Agent 2, Bash | 10 ms {Time to first byte 3 ms} | 31.7k → 500 | unpriced {no price known} | 529 overloaded {The API returned status 529.}",
    ]);
  });
});
