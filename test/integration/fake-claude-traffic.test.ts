import { describe, expect, test } from "vitest";
import { CLOCK_HEADER, clockOf } from "../../scripts/local/demo/clock.ts";
import { generateTraffic } from "../../scripts/local/demo/traffic.ts";
import type { PlannedExchange } from "../../scripts/local/demo/exchange.ts";
import { replayTraffic } from "../../scripts/local/demo/replay.ts";
import { pythonJson } from "../../scripts/local/demo/script-traffic.ts";
import { checkout } from "../../scripts/local/demo/scenarios/checkout.ts";
import { platform } from "../../scripts/local/demo/scenarios/platform.ts";
import { research } from "../../scripts/local/demo/scenarios/research.ts";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { testWithFake } from "../support/fake-claude.ts";

interface Block {
  type: string;
  id?: string;
  tool_use_id?: string;
  text?: string;
}
interface Body {
  model: string;
  messages: { role: string; content: string | Block[] }[];
}

const traffic = generateTraffic();
const turns = traffic.exchanges.filter((one) => one.path === "/v1/messages?beta=true");
const bodyOf = (exchange: PlannedExchange) => JSON.parse(exchange.body ?? "{}") as Body;
const blocksOf = (content: string | Block[]) => (typeof content === "string" ? [] : content);

/** Access for every sender. */
const ACCESS = Object.fromEntries(
  traffic.domains.map(({ domain }) => [
    domain,
    (sender: string, auth: "bearer" | "x-api-key"): Record<string, string> =>
      auth === "bearer" ? { authorization: `Bearer ${sender}` } : { "x-api-key": `sk-ant-api03-${sender}` },
  ]),
);

describe("the demo's traffic", () => {
  test("is the same for the same seed and different for another", () => {
    expect(generateTraffic()).toEqual(traffic);
    const keys = new Set(traffic.exchanges.map((one) => one.body));
    const other = generateTraffic({ seed: "other" }).exchanges.filter((one) => one.kind === "turn");
    expect(other.filter((one) => keys.has(one.body))).toEqual([]);
  });

  test("scales with the number of exchanges asked for", () => {
    for (const wanted of [20, 60, 320, 900]) {
      const { exchanges } = generateTraffic({ turns: wanted });
      expect(exchanges.length).toBeGreaterThanOrEqual(wanted);
      expect(exchanges.length).toBeLessThan(wanted + 40);
    }
  });

  test("has every kind of exchange", () => {
    const kinds = new Set(traffic.exchanges.map((one) => one.kind));
    for (const kind of [
      "turn",
      "subtask",
      "compact-ask",
      "compact",
      "retry",
      "title",
      "topic",
      "script",
      "count-tokens",
      "models",
      "warm-up",
    ])
      expect(kinds).toContain(kind);
    const outcomes = traffic.exchanges.map((one) =>
      one.outcome.kind === "error" ? one.outcome.status : one.outcome.kind,
    );
    expect(outcomes).toEqual(expect.arrayContaining([400, 404, 429, 529, "abandoned", "response"]));
    expect(turns.some((one) => one.body?.includes('"type":"image"'))).toBe(true);
    expect(new Set(traffic.exchanges.map((one) => one.domain)).size).toBe(3);
    for (const { domain, senders } of traffic.domains)
      for (const one of traffic.exchanges.filter((exchange) => exchange.domain === domain))
        expect(senders).toContain(one.sender);
  });

  test("depends only on planned exchanges, never on itself", () => {
    const keys = new Set(traffic.exchanges.map((one) => one.key));
    expect(keys.size).toBe(traffic.exchanges.length);
    for (const one of traffic.exchanges)
      for (const key of one.after) expect(keys.has(key) && key !== one.key).toBe(true);
  });

  test("has each tool result in the next user message and one cache marker, on the last block", () => {
    for (const one of turns.filter((exchange) => !["title", "topic"].includes(exchange.kind))) {
      const { messages } = bodyOf(one);
      messages.forEach(({ role, content }, index) => {
        if (role !== "assistant") return;
        const called = blocksOf(content).filter((block) => block.type === "tool_use");
        const next = messages.slice(index + 1).find((message) => message.role === "user");
        const answered = blocksOf(next?.content ?? "").map((block) => block.tool_use_id);
        for (const call of called) expect(answered).toContain(call.id);
      });
      const marked = JSON.stringify(messages).split('"cache_control"').length - 1;
      expect(marked, one.key).toBe(1);
      expect(JSON.stringify(messages.at(-1))).toContain('"cache_control"');
    }
  });

  test("repeats each response in the request that continues it", () => {
    const byKey = new Map(traffic.exchanges.map((one) => [one.key, one]));
    const followers = turns.filter((one) => one.kind === "turn" && one.after.length > 0);
    expect(followers.length).toBeGreaterThan(150);
    for (const one of followers) {
      const { outcome } = byKey.get(one.after[0]!)!;
      if (outcome.kind !== "response") continue;
      const said = outcome.response.content
        .filter((block) => block.type === "text")
        .map((block) => block.text);
      const remembered = JSON.stringify(bodyOf(one).messages);
      for (const words of said) expect(remembered).toContain(JSON.stringify(words));
    }
  });

  test("edits text that is in the files", () => {
    for (const task of [checkout, platform, research].flatMap((project) => project.tasks))
      for (const { before } of task.edits) expect(task.file.text, task.title).toContain(before);
  });

  test("writes JSON as Python does", () => {
    expect(pythonJson({ a: [1, "ü\n", null], b: true })).toBe('{"a": [1, "\\u00fc\\n", null], "b": true}');
  });

  testWithFake(
    "has the time of each exchange: in order, and after the end of the exchanges it depends on",
    async ({ fake }) => {
      const { exchanges } = generateTraffic({ turns: 60 });
      const startedAt = Date.UTC(2026, 10, 22, 9);
      await replayTraffic({
        proxyUrl: fake.url,
        exchanges,
        domains: ACCESS,
        fake,
        speed: 0.001,
        startedAt,
      });
      const clocks = fake.requests.map((one) => clockOf(headerOf(one, CLOCK_HEADER)));
      expect(clocks).toHaveLength(exchanges.length);
      const times = new Map(fake.requests.map((one, n) => [one.body.toString(), clocks[n]!]));
      // Some bodies are sent twice, such as retries: their order is unknown.
      const isOnce = (body: string | null | undefined) =>
        exchanges.filter((one) => one.body === body).length === 1;
      for (const { body, at, after } of exchanges.filter((one) => isOnce(one.body))) {
        const mine = times.get(body ?? "")!;
        expect(mine.rate).toBe(1_000);
        expect(mine.at).toBeGreaterThanOrEqual(startedAt + at);
        for (const { body: earlier } of exchanges.filter(
          (one) => after.includes(one.key) && isOnce(one.body),
        ))
          expect(mine.at).toBeGreaterThan(times.get(earlier ?? "")!.at);
      }
    },
  );

  testWithFake("replays as planned without violations, including disconnects", async ({ fake }) => {
    const { exchanges } = generateTraffic({ turns: 120 });
    const result = await replayTraffic({ proxyUrl: fake.url, exchanges, domains: ACCESS, fake, speed: 0 });
    expect(result).toEqual({ sent: exchanges.length, surprises: [] });
    expect(fake.violations).toEqual([]);
    expect(fake.requests).toHaveLength(exchanges.length);
    const abandoned = exchanges.filter((one) => one.outcome.kind === "abandoned");
    expect(fake.requests.filter((one) => one.abortedAt !== null)).toHaveLength(abandoned.length);
  });
});
