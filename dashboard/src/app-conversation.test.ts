/** The pages of one conversation against the scripted API: tree and transcript belong together, stay small, trust nothing. */
import { describe, expect, it } from "vitest";
import { fakeApi, GOOD_SESSION, type Scenario } from "../fake/api.ts";
import { MARKUP } from "../fake/hostile.ts";
import { createApp } from "./app.tsx";

const app = createApp({ style: "/assets/main.css", script: "/assets/main.js", font: "" });

async function visit(
  scenario: Scenario,
  query = "",
  change: (api: ReturnType<typeof fakeApi>) => void = () => {},
) {
  const api = fakeApi(scenario);
  change(api);
  const headers = { cookie: `nexus_session=${GOOD_SESSION}` };
  const list = await api.fetch(new Request("https://api.internal/api/conversations"));
  const { conversations } = await list.json<{ conversations: { conversationId: string }[] }>();
  const path = `/conversations/${conversations[0]!.conversationId}`;
  const started = performance.now();
  const response = await app.request(`http://localhost:8788${path}${query}`, { headers }, { API: api });
  const text = await response.text();
  return { response, text, ms: performance.now() - started, path, api };
}

const svgOf = (html: string) => /<svg class="tree-drawing"[^]*?<\/svg>/.exec(html)?.[0] ?? "";
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

describe("the page of a conversation", () => {
  it("draws sub-tasks as grey boxes with their number and requests, each a link to its branch", async () => {
    const { text } = await visit("busy");
    const svg = svgOf(text);
    expect(svg).toMatch(
      /<rect[^>]* width="100" height="36"[^>]*><\/rect><text[^>]*>sub-task 1 \(4\)<\/text>/,
    );
    expect(svg).toContain("sub-task 2 (9)");
    expect(svg).toContain("not seen");
    expect(count(svg, /<a class="box"[^>]*href="\?branch=/g)).toBe(3);
    expect(text).toContain("4 sub-tasks, 1 branch, 1 compaction");
  });

  it("tells branch points, compactions, failures, retries and calls from each other", async () => {
    const svg = svgOf((await visit("busy")).text);
    expect(count(svg, /class="node hue-\d fork/g)).toBe(2);
    expect(count(svg, /class="edge compact/g)).toBeGreaterThan(0);
    expect(count(svg, /class="node hue-\d \w+ failed"/g)).toBe(1);
    expect(svg).toContain("×2");
    expect(svg).toMatch(/class="spawned">.*?<text[^>]*>2<\/text>/);
    expect(svg).toContain("branch_20261123120107");
  });

  it("binds nodes to messages and messages to nodes", async () => {
    const { text } = await visit("busy");
    const node = /<a class="node[^"]*" href="#(message-\d+)" data-item="(\d+)"/.exec(svgOf(text));
    expect(node).not.toBeNull();
    expect(text).toMatch(new RegExp(`<li[^>]* id="${node![1]}"[^>]* data-node="${node![2]}"`));
  });

  it("has the tree on a page of its own, without a transcript", async () => {
    const { text, api } = await visit("busy", "?view=tree");
    expect(svgOf(text)).toContain("sub-task 1 (4)");
    expect(text).not.toContain('class="transcript"');
    expect(api.asked.some((asked) => asked.includes("/messages"))).toBe(false);
  });

  it("keeps the first screen of 5,000 requests below 100 KB", async () => {
    const { text } = await visit("long");
    expect(count(svgOf(text), /data-item/g)).toBeGreaterThan(30);
    expect(new TextEncoder().encode(text).length).toBeLessThan(100_000);
  });

  it("leads to what a large tree leaves out, and opens a run", async () => {
    const { text } = await visit("long", "?view=tree");
    const run = /<a class="node hue-0 run" href="([^"]*)"/.exec(svgOf(text))?.[1]?.replaceAll("&amp;", "&");
    expect(run).toMatch(/open=\d+/);
    const opened = await visit("long", new URL(run!, "http://x").search);
    expect(svgOf(opened.text)).toContain('aria-current="true"');
    const beside = await visit("long");
    expect(beside.text).toMatch(/\d+ later in the tree/);
  });

  it("has its requests in the order of time, pauses said", async () => {
    const { text, api } = await visit("busy", "?view=timeline");
    expect(count(text, /<tr data-row/g)).toBe(36);
    expect(text).toMatch(/\d+\.\d s in tools|until somebody spoke again/);
    expect(text).toContain("calls Bash, Read");
    expect(api.asked.some((asked) => asked.endsWith("/tree"))).toBe(false);
  });

  it("exports a branch whole, as Markdown and as JSON", async () => {
    const branch = "branch=branch_20261123120107";
    const markdown = await visit("busy", `/export?${branch}`);
    expect(markdown.response.headers.get("content-disposition")).toMatch(/attachment; filename="[\w-]+\.md"/);
    expect(markdown.text).toContain("## 1. You");
    expect(markdown.text).toContain("**Tool: Bash**");
    expect(markdown.text).toContain("why does it only fail in CI?");
    const json = await visit("busy", `/export?${branch}&format=json`);
    const { messages, total } = JSON.parse(json.text) as { messages: { position: number }[]; total: number };
    expect(messages.map(({ position }) => position)).toEqual(Array.from({ length: total }, (_, n) => n + 1));
  });

  it("compares two branches: what is common once, then both, differences marked", async () => {
    const { text, api } = await visit("busy", "?compare=branch_20261123120107");
    expect(text).toContain("The first 7 messages are the same.");
    const words = text.replaceAll(/<\/?mark[^>]*>/g, "");
    expect(count(words, /The clock is now mocked before the session is made\./g)).toBe(2);
    expect(/<mark class="own-right">I <\/mark>/.test(text)).toBe(true);
    expect(text).toContain("why does it only fail in CI?");
    const asked = api.asked.filter((one) => one.includes("/messages"));
    expect(asked.map((one) => new URL(one.slice(4), "http://x").searchParams.get("cursor"))).toEqual([
      "6",
      "6",
    ]);
  });

  it.each(["?compare=nothing", "?compare=main", "?branch=nothing&compare=main"])(
    "says that there is nothing to compare for %s",
    async (query) => {
      const { response, text } = await visit("busy", query);
      expect(response.status).toBe(200);
      expect(text).toContain("no two such branches");
    },
  );

  it("previews the last exchange as a fragment", async () => {
    const { text } = await visit("busy", "/preview");
    expect(text).toMatch(/^<p><strong>You<\/strong>/);
    expect(text).toContain("Yes please");
    expect(text).not.toContain("<html");
  });

  it("shows hostile names and prompts as text", async () => {
    const { response, text } = await visit("hostile");
    expect(response.status).toBe(200);
    expect(text).not.toContain(MARKUP);
    expect(text.replaceAll(/="[^"]*"/g, "")).not.toMatch(/<script>alert|<img src=x|<[a-z][^>]*\son[a-z]+=/i);
  });

  it("stays when the tree cannot be read", async () => {
    const { response, text } = await visit("busy", "", (api) => {
      const answer = api.fetch.bind(api);
      api.fetch = (request) =>
        request.url.endsWith("/tree")
          ? Promise.resolve(
              Response.json({ error: { code: "unavailable", message: "Not now." } }, { status: 503 }),
            )
          : answer(request);
    });
    expect(response.status).toBe(200);
    expect(text).toContain("Could not load the conversation tree.");
    expect(text).toContain('class="transcript"');
  });

  it.each(["?branch=nothing", "?open=99999999&requestId=x", "?open=-1", "?view=nothing&open=abc"])(
    "takes %s without falling over",
    async (query) => {
      expect((await visit("busy", query)).response.status).toBe(200);
    },
  );
});
