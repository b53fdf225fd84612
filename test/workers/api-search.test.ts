/** Search: every text is found once, at the earliest request that has it. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import type { SearchResults } from "../../workers/schemas/api/search.ts";
import { indexWaiting } from "../../workers/store/search/indexer.ts";
import { streamOf, makeExchange, NOON, messageRequest } from "../support/exchanges.ts";
import { allPages, apiJson, call, store } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage, ingest } from "../support/worker-ingest.ts";
import { assistant, storeConversation, user } from "../support/worker-linked-conversation.ts";

beforeEach(resetStorage);

const A = "aaaaaaaa-0000-5000-8000-000000000000";
const search = (q: string, more = "") =>
  apiJson<SearchResults>(`/api/search?q=${encodeURIComponent(q)}${more}`);
const snippets = async (q: string, more = "") =>
  (await search(q, more)).results.map(({ snippet }) => snippet);
const said = (text: string, at = 0, domain = "team.example") =>
  makeExchange({ startedAt: NOON + at * 1_000, domain, requestBody: messageRequest(text) });

describe("GET /api/search", () => {
  it("finds a text once, at the earliest request, with its place and its highlights", async () => {
    const history = [user("Where is the needle?"), assistant("In the haystack.")];
    const ids = await storeConversation(A, [
      { name: "root", at: 0, messages: history.slice(0, 1), response: "In the haystack." },
      {
        name: "turn",
        at: 10,
        messages: [...history, user("Which one?")],
        parent: "root",
        opener: "root",
        response: "The big one.",
      },
    ]);
    const { results, nextCursor } = await search("needle");
    expect(nextCursor).toBeNull();
    expect(results).toEqual([
      {
        requestId: ids.root,
        conversationId: A,
        branchId: "main",
        branchKey: ids.root,
        domain: "team.example",
        timestamp: new Date(NOON).toISOString(),
        role: "user",
        snippet: "Where is the needle?",
        highlights: [{ start: 13, end: 19 }],
      },
    ]);
    expect((await search("haystack")).results).toMatchObject([{ requestId: ids.root, role: "assistant" }]);
    expect((await search("big")).results).toMatchObject([{ requestId: ids.turn, role: "assistant" }]);
  });

  it("finds what only a side request sent in the conversation that it served", async () => {
    const headers = { "user-agent": "claude-cli/2.1.332", "x-claude-code-session-id": "s" };
    const tools = [{ name: "Bash", input_schema: {} }];
    const first = makeExchange({
      requestBody: messageRequest("Hello", { tools }),
      requestMetadata: { headers },
    });
    const side = makeExchange({
      startedAt: NOON + 1_000,
      requestBody: messageRequest("", {
        messages: [user("Hello"), assistant("Well."), user("[SUGGESTION MODE: Suggest a pomegranate.]")],
        tools,
      }),
      requestMetadata: { headers },
    });
    await store(first, side);
    const [{ conversation_id: conversationId }] = (await queryRows<{ conversation_id: string }>(
      "SELECT conversation_id FROM requests WHERE conversation_id IS NOT NULL",
    )) as [{ conversation_id: string }];
    const found = { requestId: side.id, conversationId, branchId: "main", branchKey: first.id };
    expect((await search("pomegranate")).results).toMatchObject([found]);
    const listed = await apiJson<ConversationList>("/api/conversations?search=pomegranate");
    expect(listed.conversations).toMatchObject([{ conversationId }]);
  });

  it("points to the earliest request also when later ones were stored first", async () => {
    const words = ["alpha", "beta", "gamma", "delta", "epsilon"];
    const history = words.map((word, n) => (n % 2 ? assistant(word) : user(word)));
    const turns = [1, 2, 3].map((n) =>
      makeExchange({
        startedAt: NOON + n * 1_000,
        requestBody: messageRequest("", { messages: history.slice(0, 2 * n - 1) }),
        responseBody: streamOf(words[2 * n - 1] ?? "delta"),
      }),
    );
    for (const made of turns.toReversed()) await store(made);
    for (const [word, turn] of [
      ["alpha", 0],
      ["beta", 0],
      ["gamma", 1],
      ["epsilon", 2],
    ] as const)
      expect((await search(word)).results).toMatchObject([{ requestId: turns[turn]!.id }]);
  });

  it("is filtered by domain, role and time", async () => {
    await store(said("word one", 0), said("word two", 60, "other.example"));
    await storeConversation(A, [{ name: "root", at: 120, messages: [user("x")], response: "word three" }]);
    expect(await snippets("word", "&domain=other.example")).toEqual(["word two"]);
    expect(await snippets("word", "&role=assistant")).toEqual(["word three"]);
    const minute = new Date(NOON + 60_000).toISOString();
    expect(await snippets("word", `&from=${minute}`)).toEqual(["word three", "word two"]);
    expect(await snippets("word", `&to=${minute}`)).toEqual(["word one"]);
  });

  it("is paged without repetition, also past candidates that do not match", async () => {
    await store(
      ...Array.from({ length: 12 }, (_, n) =>
        said(n % 2 ? `red apple ${n}` : `apple, not red ${n}`, Math.floor(n / 3)),
      ),
    );
    const pages = await allPages<SearchResults>('/api/search?q="red apple"&limit=2');
    const seen = pages.flatMap(({ results }) => results.map(({ snippet }) => snippet));
    expect(seen.sort()).toEqual([1, 11, 3, 5, 7, 9].map((n) => `red apple ${n}`));
    expect(pages.length).toBeGreaterThan(2);
  });

  it("finds parts of texts without spaces, emoji, long and hostile texts", async () => {
    await store(
      said("検索エンジンの全文検索", 1),
      said("launch 🚀 now", 2),
      said(`${"filler ".repeat(150_000)}atTheVeryEnd`, 3),
      said("nul \u0000 between \ud800 halves <script>alert(1)</script>", 4),
    );
    expect(await snippets("全文")).toHaveLength(1);
    expect(await snippets("エンジン")).toHaveLength(1);
    expect(await snippets("全文エンジン")).toHaveLength(0);
    expect(await snippets("🚀")).toEqual(["launch 🚀 now"]);
    const [end] = await snippets("atTheVery");
    expect(end).toMatch(/filler atTheVeryEnd$/);
    expect(end!.length).toBeLessThan(300);
    expect(await snippets("halves")).toEqual(["nul   between \ufffd halves <script>alert(1)</script>"]);
  });

  it("responds 200 to any words", async () => {
    await store(said("a plain text", 0));
    for (const q of [
      "!!!",
      "'",
      '"',
      "\\",
      "a & | !",
      "(((",
      ":*",
      "-",
      "-a",
      "<->",
      "\u0000",
      "\ud83d",
      "%",
      "x".repeat(500),
      "a ".repeat(250),
      "'; drop table requests; --",
      "NULL",
      "$1",
    ])
      expect((await call(`/api/search?q=${encodeURIComponent(q.toWellFormed())}`)).status, q).toBe(200);
  });
});

it("conversations are found by their texts", async () => {
  await storeConversation(A, [
    { name: "root", at: 0, messages: [user("Hello")] },
    {
      name: "turn",
      at: 10,
      messages: [user("Hello"), assistant("Well."), user("About turnips")],
      parent: "root",
      opener: "root",
    },
  ]);
  const found = async (query: string) =>
    (await apiJson<ConversationList>(`/api/conversations?${query}`)).conversations.map(
      ({ conversationId }) => conversationId,
    );
  expect(await found("search=turnips")).toEqual([A]);
  expect(await found("search=turnips&domain=team.example")).toEqual([A]);
  expect(await found("search=parsnips")).toEqual([]);
  expect(await found("search=!!!")).toEqual([]);
});

it("the index is deferred while much is stored, and completed later", async () => {
  const made = Array.from({ length: 30 }, (_, n) => said(`number${n} of many`, n));
  await ingest(...made);
  expect(await snippets("many")).toHaveLength(0);
  const [waiting] = await queryRows("SELECT count(*)::int AS n FROM search_entries WHERE words IS NULL");
  // The response text is the same in all exchanges.
  expect(waiting).toEqual({ n: 31 });
  expect(await indexWaiting(loadConfig(env), 10_000)).toBe(31);
  expect(await snippets("many", "&limit=100")).toHaveLength(30);
  expect(await indexWaiting(loadConfig(env), 10_000)).toBe(0);
});

it("the index continues after contents that were deleted or are not messages", async () => {
  await store(said("kept", 0));
  await queryRows(
    "INSERT INTO search_entries (content_id, domain_id, request_id, started_at) SELECT 999999, domain_id, request_id, started_at FROM search_entries LIMIT 1",
  );
  await queryRows("UPDATE search_entries SET words = NULL");
  expect(await indexWaiting(loadConfig(env), 10_000)).toBe(3);
  expect(await snippets("kept")).toEqual(["kept"]);
});
