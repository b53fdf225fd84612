/** The pages of one conversation over recorded responses. */
import { describe, expect, it } from "vitest";
import type { ConversationTree } from "../../workers/schemas/api/conversations.ts";
import { longConversation } from "../../test/support/long-conversation.ts";
import {
  apiError,
  GOOD_SESSION,
  IDS,
  recordedBody,
  replayedApi,
  type ReplayOptions,
} from "../../test/support/replayed-api.ts";
import { createApp } from "./app.tsx";

const app = createApp({ style: "/assets/main.css", script: "/assets/main.js", font: "" });

type Options = ReplayOptions & { id?: string };

/** A page of the recorded conversation that has a fork, or of the one that was compacted. */
async function visit(query = "", { id = IDS.conversation, ...options }: Options = {}) {
  const api = replayedApi(options);
  const headers = { cookie: `nexus_session=${GOOD_SESSION}` };
  const path = `/conversations/${id}`;
  const response = await app.request(`http://localhost:8788${path}${query}`, { headers }, { API: api });
  return { response, text: await response.text(), path, api };
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
