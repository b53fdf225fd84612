/** Recommendations of Spark in the pages of requests and conversations: the card, its feedback, and its form. */
import { describe, expect, it } from "vitest";
import type { Transcript } from "../../workers/schemas/api/conversations.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { openPage, visit } from "../../test/support/dashboard-pages.ts";
import { apiError, IDS, recordedBody, type ReplayOptions, VIEWER } from "../../test/support/replayed-api.ts";

const PATH = `/requests/${IDS.request}`;
const BATCH = "POST /api/spark/feedback/batch";
const SEND = "POST /api/spark/feedback";
const NOTHING = { results: {} };
const opinion = (rating: number, comments: string) => ({
  recommendation_feedback: { overall_feedback: { rating, comments } },
});

interface Given {
  session?: string;
  call?: string;
  /** Replaces what Spark returned. */
  result?: unknown;
  name?: string;
  isError?: boolean;
}

function messages(given: Given = {}) {
  const { session = "s-1", call = session, result, name = "mcp__spark__get_recommendation" } = given;
  const returned = {
    session_id: session,
    response: "# Retry with **one** key {#r}\n\nUse *one* key. <script>alert(1)</script>",
    confidence: 0.82,
    sources: [{ url: "https://kb.example/retries", title: "Retries" }, "javascript:alert(1)"],
  };
  const text = typeof result === "string" ? result : JSON.stringify(result ?? returned);
  const input = { request: { query: "How do I retry?" } };
  return [
    { role: "assistant", content: [{ type: "tool_use", id: call, name, input }] },
    {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: call,
          is_error: given.isError ?? false,
          content: [{ type: "text", text }],
        },
      ],
    },
  ];
}

const ask = { role: "user", content: "Please." };
/** What the API returns for the request page with these messages. */
function overrides(list: object[], feedback: unknown = NOTHING): ReplayOptions["overrides"] {
  const detail = recordedBody<RequestDetail>(`/api${PATH}`);
  return {
    [`GET /api${PATH}`]: { ...detail, requestBody: { messages: [ask, ...list] }, responseBody: null },
    [BATCH]: feedback,
  };
}
const open = (
  list: object[],
  feedback: unknown = NOTHING,
  { query = "", ...more }: ReplayOptions & { query?: string } = {},
) => openPage(PATH + query, { overrides: overrides(list, feedback), ...more });

const cards = (text: string) => text.match(/<section class="recommendation"[^]*?<\/section>/g) ?? [];
const card = (text: string) => cards(text)[0] ?? "";

describe("the card of a recommendation", () => {
  it("shows title, text as Markdown, confidence, sources, query and a form, and asks for feedback once", async () => {
    const { text, api } = await open([...messages(), ...messages({ session: "s-2" })]);
    const shown = card(text);
    expect(shown).toContain("Retry with one key");
    expect(shown).toContain("<p>Use <em>one</em> key. &lt;script&gt;");
    expect(shown).toContain("82%");
    expect(shown).toMatch(/<a href="https:\/\/kb\.example\/retries" rel="noopener noreferrer nofollow"/);
    expect(shown).not.toContain('href="javascript:');
    expect(shown).toContain("How do I retry?");
    expect(shown.match(/type="radio" name="rating" value="[1-5]" required/g)).toHaveLength(5);
    expect(shown).not.toContain("Not rated yet");
    expect(cards(text)).toHaveLength(2);
    expect(text, "the request has neither system prompt nor tools").not.toContain('class="preamble"');
    expect(api.requested.filter((one) => one.startsWith(BATCH))).toHaveLength(1);
    expect(api.sent).toEqual([{ session_ids: ["s-1", "s-2"] }]);
  });

  it("shows earlier feedback, and lets an administrator rate again", async () => {
    const stored = { results: { "s-1": opinion(4, "Right, <b>but</b> long.") } };
    const shown = card((await open(messages(), stored)).text);
    expect(shown).toContain('aria-label="4 of 5: Very helpful"');
    expect(shown.match(/class="star full"/g)).toHaveLength(4);
    expect(shown).toContain("Right, &lt;b&gt;but&lt;/b&gt; long.");
    expect(shown).toMatch(/Rate again[^]*value="4" required="" checked=""/);
    expect(shown).toContain("Right, &lt;b&gt;but&lt;/b&gt; long.</textarea>");
    const asViewer = card((await open(messages(), stored, { caller: VIEWER })).text);
    expect(asViewer).toContain('aria-label="4 of 5: Very helpful"');
    expect(asViewer).not.toContain("<form");
  });

  it("has no form for viewers", async () => {
    const shown = card((await open(messages(), NOTHING, { caller: VIEWER })).text);
    expect(shown).not.toContain("<form");
    expect(shown).toContain("Not rated yet.");
  });

  it("says which variables enable feedback", async () => {
    const off = apiError(503, "not_configured", "Feedback is off. Set SPARK_API_KEY.");
    const shown = card((await open(messages(), off)).text);
    expect(shown).toContain("Use <em>one</em> key.");
    expect(shown).toContain('<p class="note">Feedback is off. Set <code>SPARK_API_KEY</code>.</p>');
    expect(shown).not.toContain("<form");
  });

  it("says why earlier feedback is missing, and still takes a rating", async () => {
    const down = apiError(503, "unavailable", "Spark did not respond within 10 s.");
    const shown = card((await open(messages(), down)).text);
    expect(shown).toContain("Earlier feedback could not be loaded: ");
    expect(shown).toContain("Spark did not respond within 10 s.");
    expect(shown).toContain("<form");
  });

  it("has one form for a recommendation that occurs twice", async () => {
    const { text } = await open([...messages(), ask, ...messages({ call: "again" })]);
    const [first, second] = cards(text);
    expect(first).toMatch(/id="spark-s-1"[^]*<form/);
    expect(second).not.toMatch(/id="spark-s-1"|<form/);
    expect(second).toContain('href="#spark-s-1"');
  });

  it("stands in the place of the newest hundred recommendations", async () => {
    const many = Array.from({ length: 101 }, (_, n) => messages({ session: `s-${n}` })).flat();
    const { text, api } = await open(many, NOTHING, { query: "?messages=all" });
    expect(cards(text)).toHaveLength(100);
    expect(text.match(/<details class="tool"/g)).toHaveLength(1);
    expect(api.sent).toEqual([{ session_ids: Array.from({ length: 100 }, (_, n) => `s-${n + 1}`) }]);
  });

  it("confirms what was sent", async () => {
    const query = "?rated=s-1";
    const pending = card((await open(messages(), NOTHING, { query })).text);
    expect(pending).toContain("Feedback sent. Spark does not list it yet.");
    expect(pending).not.toContain("<form");
    const stored = { results: { "s-1": opinion(5, "") } };
    expect(card((await open(messages(), stored, { query })).text)).toContain("Feedback sent.</span>");
  });

  it.each<[string, Given]>([
    ["another tool", { name: "mcp__spark__get_insights" }],
    ["a failed call", { isError: true }],
    ["no JSON", { result: "spark is down" }],
    ["no session", { result: { response: "a" } }],
    ["a path in place of a session", { result: { session_id: "../feedback", response: "a" } }],
    ["no text", { result: { session_id: "s", response: "" } }],
  ])("stands in no place of the tool call with %s", async (_what, given) => {
    const { text, api } = await open(messages(given));
    expect(cards(text)).toEqual([]);
    expect(text).toContain('<details class="tool');
    expect(api.requested.some((one) => one.startsWith(BATCH))).toBe(false);
  });
});

it("the page of a conversation shows the card, and where a shortened recommendation is whole", async () => {
  const path = `/conversations/${IDS.conversation}`;
  const query = "?limit=40&maxBytes=20000";
  const transcript = recordedBody<Transcript>(`/api${path}/messages${query}`);
  const cut = `{"session_id":"s-1","response":"# Title\\n\\nThe begin…`;
  const [first] = transcript.messages;
  const list = [ask, ...messages({ result: cut })].map((message, index) => ({
    ...first!,
    ...message,
    position: index + 1,
  }));
  const { text, api } = await openPage(path, {
    overrides: { [`GET /api${path}/messages`]: { ...transcript, messages: list }, [BATCH]: NOTHING },
  });
  expect(card(text)).toContain("The begin");
  expect(card(text)).toContain(
    `<a href="/requests/${transcript.requestId}?messages=all">Open the request</a>`,
  );
  expect(api.sent).toEqual([{ session_ids: ["s-1"] }]);
});

describe("the form", () => {
  const fields = {
    session_id: "s-1",
    rating: "4",
    comments: " Right,\r\nbut long. ",
    next: `${PATH}?tools=hide#spark-s-1`,
  };
  const withSpark = (result: unknown = {}) =>
    visit({ overrides: { ...overrides(messages()), [SEND]: result } });

  it("sends the rating and returns to the card", async () => {
    const { post: send, api } = withSpark();
    const { status, location } = await send(PATH, "/spark/feedback", fields);
    expect([status, location]).toEqual([303, `${PATH}?tools=hide&rated=s-1#spark-s-1`]);
    expect(api.sent.at(-1)).toEqual({
      session_id: "s-1",
      feedback: {
        recommendation_feedback: { overall_feedback: { rating: 4, comments: "Right,\nbut long." } },
      },
    });
  });

  it("keeps what was entered when Spark refuses it", async () => {
    const { post: send } = withSpark(apiError(503, "unavailable", "Spark is not reachable."));
    const { status, text } = await send(PATH, "/spark/feedback", fields);
    expect(status).toBe(503);
    expect(text).toContain("Spark is not reachable.");
    expect(text).toMatch(/value="4" required="" checked=""/);
    expect(text).toContain("Right,\nbut long.</textarea>");
    expect(text).toContain(`href="${PATH}?tools=hide#spark-s-1"`);
  });

  it("sends nothing without a rating, without the token of the page, or to another site", async () => {
    const { post: send, ask: request, api } = withSpark();
    const none = await send(PATH, "/spark/feedback", { ...fields, rating: "" });
    expect([none.status, none.text.includes("Choose 1 to 5 stars")]).toEqual([400, true]);
    const body = new URLSearchParams(fields);
    expect((await request("/spark/feedback", { method: "POST", body })).status).toBe(403);
    expect(api.requested.filter((one) => one === SEND)).toEqual([]);
    const away = await send(PATH, "/spark/feedback", { ...fields, next: "//evil.example/requests/x" });
    expect(away.location).toBe("/#spark-s-1");
  });
});
