/** Conversations through the API: lists, details, trees, transcripts, the quality of their links. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { updateConversationTotals } from "../../workers/store/conversations/totals.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import type {
  ConversationDetail,
  ConversationList,
  ConversationTree,
  LinkingQuality,
  Transcript,
} from "../../workers/schemas/api/conversations.ts";
import { NOON } from "../support/exchanges.ts";
import { allPages, apiJson, apiError, VIEWER_KEY, columns } from "../support/worker-api.ts";
import { insertRow } from "../support/worker-conversation-rows.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage } from "../support/worker-ingest.ts";
import { assistant, storeConversation, user } from "../support/worker-linked-conversation.ts";

beforeEach(resetStorage);

const [A, B] = ["aaaaaaaa-0000-5000-8000-000000000000", "bbbbbbbb-0000-5000-8000-000000000000"] as const;
const iso = (seconds: number) => new Date(NOON + seconds * 1_000).toISOString();

const tools = [
  assistant([{ type: "tool_use", id: "toolu_1", name: "Agent", input: { prompt: "Search for it" } }]),
  user([{ type: "tool_result", tool_use_id: "toolu_1", content: "found" }]),
];

/** main: hello, tools, thanks; a rewind to the first response; a sub-task; a compaction. */
async function storeStory() {
  const hello = [user("Hello there"), assistant("Hi.")];
  const second = [...hello, user("Look for it")];
  const third = [...second, ...tools];
  const search = user("Search for it");
  const other = [...hello, user("Something else")];
  const continued = user(
    "This session is being continued from a previous conversation that ran out of context. …",
  );
  const ids = await storeConversation(A, [
    { name: "root", at: 0, messages: hello.slice(0, 1), response: "Hi." },
    { name: "second", at: 10, messages: second, parent: "root", opener: "root" },
    { name: "agent", at: 12, messages: [search], branch: "subtask_1", task: "second", response: "found" },
    { name: "third", at: 20, messages: third, parent: "second", opener: "root", response: "There it is." },
    { name: "rewind", at: 30, messages: other, parent: "root", branch: "branch_20261122120030" },
    {
      name: "compact",
      at: 40,
      messages: [continued],
      parent: "third",
      branch: "compact_120040",
      kind: "compact",
    },
  ]);
  await queryRows("UPDATE requests SET tool_call_count = 1 WHERE id = $1", [ids.second]);
  await queryRows(
    `INSERT INTO task_invocations (request_id, position, started_at, domain_id, tool_use_id, tool_name, subagent_type, description, prompt_excerpt, prompt_key, subtask_request_id)
     SELECT id, 0, started_at, domain_id, 'toolu_1', 'Agent', 'Explore', 'Search', 'Search for it', 1, $2 FROM requests WHERE id = $1
     ON CONFLICT (request_id, position) DO UPDATE SET subtask_request_id = excluded.subtask_request_id`,
    [ids.second, ids.agent],
  );
  return ids;
}

describe("GET /api/conversations", () => {
  const list = (query = "") => apiJson<ConversationList>(`/api/conversations${query}`);

  it("lists a conversation with its totals", async () => {
    const ids = await storeStory();
    const { conversations, nextCursor, pagination } = await list();
    expect(nextCursor).toBeNull();
    expect(pagination).toMatchObject({ total: null, limit: 50, hasMore: false });
    expect(conversations).toMatchObject([
      {
        conversationId: A,
        domain: "team.example",
        accountId: "acc_1",
        title: "Hello there",
        rootRequestId: ids.root,
        firstMessageTime: iso(0),
        lastMessageTime: iso(40),
        endedAt: iso(41.5),
        durationMs: 41_500,
        messageCount: 6,
        turnCount: 3,
        subtaskMessageCount: 1,
        branchCount: 4,
        userBranchCount: 1,
        compactBranchCount: 1,
        subtaskBranchCount: 1,
        totalTokens: 110,
        cacheReadInputTokens: 540,
        cacheHitShare: 0.9,
        modelsUsed: ["claude-opus-5-5"],
        latestRequestId: ids.compact,
        latestContextTokens: 108,
        errorCount: 0,
        isSubtask: false,
      },
    ]);
  });

  it("is filtered by domain, account, model, time and errors", async () => {
    await storeConversation(A, [{ name: "a", at: 0, messages: [user("a")] }]);
    await storeConversation(B, [{ name: "b", at: 3_600, messages: [user("b")] }]);
    await queryRows(
      "UPDATE conversations SET account_ids = '{acc_1,acc_2}', models = '{m}', errors = 1 WHERE id = $1",
      [B],
    );
    for (const [query, found] of [
      ["domain=team.example", [B, A]],
      ["domain=other.example", []],
      ["accountId=acc_2", [B]],
      ["accountId=acc_1", [B, A]],
      ["model=m", [B]],
      ["hasErrors=true", [B]],
      ["hasErrors=false", [A]],
      [`from=${iso(60)}`, [B]],
      [`dateTo=${iso(60)}`, [A]],
    ] as const)
      expect(columns((await list(`?${query}`)).conversations, "conversationId").flat(), query).toEqual(found);
  });

  it("is paged by cursor, each once, also where many end at the same moment, and counted with an offset", async () => {
    await insertRow({ startedAt: NOON, conversationId: null });
    await queryRows(
      `INSERT INTO conversations SELECT ('00000000-0000-5000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, '${A}'::uuid, 't' || n, null,
         t, t, t, '${A}'::uuid, t, false, null, null, '{}', '{}', 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1
       FROM generate_series(1, 23) n, lateral (SELECT timestamptz '2026-11-22T12:00Z' + n / 4 * interval '1 s' AS t)`,
    );
    const pages = await allPages<ConversationList>("/api/conversations?limit=5");
    const seen = pages.flatMap(({ conversations }) => conversations.map(({ title }) => title));
    expect(seen).toEqual(Array.from({ length: 23 }, (_, n) => `t${23 - n}`));
    expect((await list("?limit=5&offset=20")).pagination).toEqual({
      total: 23,
      limit: 5,
      offset: 20,
      hasMore: false,
      page: 5,
      totalPages: 5,
    });
  });
});

describe("GET /api/conversations/:id", () => {
  const detail = (query = "", id: string = A) =>
    apiJson<ConversationDetail>(`/api/conversations/${id}${query}`);

  it("shows requests, branches, tasks and times", async () => {
    const ids = await storeStory();
    const { requests, branches, tasks, metrics, nextCursor } = await detail();
    expect(nextCursor).toBeNull();
    expect(requests.map(({ requestId }) => requestId)).toEqual(
      ["root", "second", "agent", "third", "rewind", "compact"].map((name) => ids[name]),
    );
    expect(requests[1]).toMatchObject({
      branchId: "main",
      branchKey: ids.root,
      parentRequestId: ids.root,
      linkKind: "turn",
      messageCount: 3,
      prompt: "Look for it",
      totalTokens: 18,
    });
    expect(columns(branches, "branchId", "kind", "requestCount", "prompt")).toEqual([
      ["main", "main", 3, "Hello there"],
      ["subtask_1", "subtask", 1, "Search for it"],
      ["branch_20261122120030", "branch", 1, "Something else"],
      ["compact_120040", "compact", 1, null],
    ]);
    expect(tasks).toMatchObject([{ requestId: ids.second, toolUseId: "toolu_1", branchKey: ids.agent }]);
    // Responses take 1.5 s: tools run from 11.5 to 20; prompts at 10 and at 30 follow the response that ended at 1.5.
    expect(metrics).toMatchObject({
      toolMs: 8_500,
      toolRounds: 1,
      replyMs: 8_500 + 28_500,
      replies: 2,
      inferenceMs: 9_000,
    });
  });

  it("is paged, restricted to a branch, and found by former ids", async () => {
    const ids = await storeStory();
    const first = await detail("?limit=4");
    const rest = await detail(`?limit=4&cursor=${first.nextCursor}`);
    expect([first, rest].flatMap(({ requests }) => requests)).toHaveLength(6);
    for (const [branch, id] of [
      ["subtask_1", ids.agent],
      [ids.rewind, ids.rewind],
    ])
      expect(columns((await detail(`?branch=${branch}`)).requests, "requestId")).toEqual([[id]]);
    const alias = "INSERT INTO conversation_aliases (id, domain_id, root_request_id) VALUES ($1, 1, $2)";
    await queryRows(alias, [B, ids.root]);
    const { conversationId, aliases } = await detail("", B);
    expect([conversationId, aliases]).toEqual([A, [B]]);
  });

  it("is 404 for unknown conversations, branches and messages", async () => {
    await storeStory();
    for (const path of [
      `/${B}`,
      `/${B}/tree`,
      `/${B}/messages`,
      `/${A}/messages?branch=nope`,
      `/${A}?branch=nope`,
      `/${A}/messages/99`,
    ])
      expect((await apiError(`/api/conversations${path}`)).status, path).toBe(404);
    expect((await apiError("/api/conversations/nonsense")).status).toBe(400);
  });
});

it("GET /api/conversations/:id/tree returns nodes, branches and tasks", async () => {
  const ids = await storeStory();
  const { nodes, branches, tasks, startedAt } = await apiJson<ConversationTree>(
    `/api/conversations/${A}/tree`,
  );
  expect(startedAt).toBe(iso(0));
  expect(columns(nodes, "id", "parent", "branch", "kind", "at", "speaks")).toEqual([
    [ids.root, null, 0, "root", 0, "person"],
    [ids.second, 0, 0, "turn", 10_000, "person"],
    [ids.agent, null, 1, "subtask", 12_000, "person"],
    [ids.third, 1, 0, "turn", 20_000, "tools"],
    [ids.rewind, 0, 2, "turn", 30_000, "person"],
    [ids.compact, 3, 3, "compact", 40_000, "tools"],
  ]);
  expect(nodes[1]).toMatchObject({
    messages: 3,
    context: 108,
    status: 200,
    failed: false,
    calls: 1,
    tasks: 1,
    ms: 1_500,
  });
  expect(columns(branches, "name", "parent", "task", "requests", "prompt")).toEqual([
    ["main", null, null, 3, "Hello there"],
    ["subtask_1", null, 1, 1, "Search for it"],
    ["branch_20261122120030", 0, null, 1, "Something else"],
    ["compact_120040", 3, null, 1, null],
  ]);
  expect(tasks).toMatchObject([{ node: 1, branch: 1, subagentType: "Explore", description: "Search" }]);
});

describe("GET /api/conversations/:id/messages", () => {
  const read = (query = "") =>
    apiJson<Transcript>(`/api/conversations/${A}/messages${query}`, { key: VIEWER_KEY });

  it("is each message of the branch once, with its request and time, and the last response", async () => {
    const ids = await storeStory();
    const { messages, total, branchId, requestId, state } = await read();
    expect([total, branchId, requestId, state]).toEqual([6, "main", ids.third, "whole"]);
    expect(columns(messages, "position", "role", "requestId", "timestamp", "isAnswer")).toEqual([
      [1, "user", ids.root, iso(0), false],
      [2, "assistant", ids.root, iso(1.5), false],
      [3, "user", ids.second, iso(10), false],
      [4, "assistant", ids.second, iso(11.5), false],
      [5, "user", ids.third, iso(20), false],
      [6, "assistant", ids.third, iso(21.5), true],
    ]);
    expect(messages[2]).toMatchObject({ content: "Look for it", isClipped: false });
    const audit = await queryRows(
      "SELECT actor, action, target, details->>'branch' AS branch FROM audit_log",
    );
    expect(audit).toEqual([{ actor: "viewer-key", action: "transcript.open", target: A, branch: "main" }]);
  });

  it("for a preview is clipped; preview and export are in the audit log as such", async () => {
    await storeStory();
    const { messages } = await read("?purpose=preview&limit=200");
    expect(messages).toHaveLength(6);
    expect(messages[1]).toMatchObject({ role: "assistant", content: "Hi." });
    expect(JSON.stringify(messages)).toContain('"input":{}');
    expect(JSON.stringify(messages)).not.toMatch(/"input":{"/);
    const written = () => queryRows("SELECT action FROM audit_log ORDER BY id");
    await read("?purpose=export");
    await read("?purpose=export&cursor=3");
    expect(await written()).toEqual([{ action: "transcript.preview" }, { action: "transcript.export" }]);
  });

  it("of a branch has the history before it, of a compaction where that can be read", async () => {
    const ids = await storeStory();
    const rewound = await read("?branch=branch_20261122120030");
    const { root, rewind } = ids;
    expect(columns(rewound.messages, "requestId").flat()).toEqual([root, root, rewind, rewind]);
    const compacted = await read(`?branch=${ids.compact}`);
    expect(compacted.compactedFrom).toEqual({ branchKey: ids.root, branchId: "main", requestId: ids.third });
    expect(compacted.messages).toHaveLength(2);
    expect((await read("?branch=subtask_1")).messages).toHaveLength(2);
  });

  it("leaves out tool calls and results that are sent twice, and not a person's repetition", async () => {
    const go = user("Go");
    const messages = [go, ...tools, ...tools, assistant("And?"), go, assistant("Yes"), go];
    await storeConversation(A, [{ name: "root", at: 0, messages }]);
    expect((await read()).messages.map(({ position }) => position)).toEqual([1, 2, 3, 6, 7, 8, 9, 10]);
  });

  it("is paged by messages and by bytes, with long texts clipped; one message is returned whole", async () => {
    const long = "word ".repeat(20_000);
    const history = Array.from({ length: 30 }, (_, n) =>
      n % 2 ? assistant(`a${n}`) : user(`${n} ${n === 4 ? long : "x".repeat(3_000)}`),
    );
    await storeConversation(A, [{ name: "root", at: 0, messages: history.slice(0, 29) }]);
    const pages = await allPages<Transcript>(`/api/conversations/${A}/messages?limit=25`);
    expect(pages.length).toBeGreaterThanOrEqual(2);
    expect(pages.flatMap(({ messages }) => messages.map(({ position }) => position))).toEqual(
      Array.from({ length: 30 }, (_, n) => n + 1),
    );
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThan(100_000);
    const { messages, nextCursor } = await read("?maxBytes=4000");
    expect([messages.length, nextCursor]).toEqual([3, 4]);
    expect(pages[0]!.messages[4]).toMatchObject({ isClipped: true, bytes: expect.any(Number) as number });
    const whole = await apiJson<{ content: string }>(`/api/conversations/${A}/messages/5`);
    expect(whole.content).toBe(`4 ${long}`);
    expect(await apiJson<{ content: unknown }>(`/api/conversations/${A}/messages/30`)).toMatchObject({
      role: "assistant",
      content: "Well.",
    });
  });

  it("begins where a request adds to it", async () => {
    const ids = await storeStory();
    expect((await read(`?requestId=${ids.third}`)).messages[0]).toMatchObject({ position: 4 });
    const both = await apiError(`/api/conversations/${A}/messages?cursor=2&requestId=${ids.third}`);
    expect(both.status).toBe(400);
  });

  it("has the state of contents that were removed or never stored", async () => {
    await storeStory();
    await queryRows("DELETE FROM contents");
    expect(await read()).toMatchObject({ state: "removed", messages: [] });
    await queryRows("UPDATE requests SET messages_node_id = null, response_content_id = null");
    expect(await read()).toMatchObject({ state: "none", messages: [], total: 0 });
  });
});

it("shows side requests with the request that they served, and sums them apart", async () => {
  const client = "claude-cli/2.1.332";
  const root = await insertRow({
    startedAt: NOON,
    conversationId: A,
    linkKind: "root",
    costPico: 10n ** 12n,
  });
  const on = { conversationId: A, branchKey: root };
  const turn = await insertRow({
    ...on,
    startedAt: NOON + 5_000,
    parentRequestId: root,
    costPico: 10n ** 12n,
  });
  const side = { conversationId: null, client, prompt: "[SUGGESTION MODE: x]", inputTokens: 7 };
  const served = [root, root, turn].map((servesRequestId, n) => ({
    ...side,
    servesRequestId,
    startedAt: NOON + (n + 1) * 1_000,
  }));
  const ids: string[] = [];
  for (const each of served) ids.push(await insertRow({ ...each, costPico: 5n * 10n ** 11n }));
  await insertRow({ ...side, startedAt: NOON + 9_000 });
  await withWriter(loadConfig(env), (db) =>
    db.transaction((tx) => updateConversationTotals(tx, { changed: new Set([A]), added: [] })),
  );

  const detail = await apiJson<ConversationDetail>(`/api/conversations/${A}`);
  expect(detail).toMatchObject({
    messageCount: 2,
    costUsd: "2",
    sideRequests: { requestCount: 3, inputTokens: 21, costUsd: "1.5", unpricedCount: 0 },
  });
  expect(detail.requests.map(({ sideRequests }) => columns(sideRequests, "requestId"))).toEqual([
    [[ids[0]], [ids[1]]],
    [[ids[2]]],
  ]);
  expect(detail.requests[0]!.sideRequests[0]).toMatchObject({ client, costUsd: "0.5", failed: false });
  const tree = await apiJson<ConversationTree>(`/api/conversations/${A}/tree`);
  expect(tree.nodes.map(({ sideRequests }) => sideRequests)).toEqual([2, 1]);
  expect(await apiJson(`/api/requests/${ids[0]}`)).toMatchObject({
    servesRequestId: root,
    linkKind: "aux",
    conversationId: null,
    branchId: null,
    parentRequestId: null,
    clientName: "claude-cli",
    clientVersion: "2.1.332",
  });
});

it("GET /api/quality/linking counts continuations and orphans by client version and week", async () => {
  const [client, old] = ["claude-cli/2.1.330", "claude-cli/1.0.58"];
  const root = await insertRow({ startedAt: NOON, conversationId: A, linkKind: "root", client });
  const on = { conversationId: A, branchKey: root, client };
  await insertRow({ ...on, startedAt: NOON + 1_000, parentRequestId: root });
  const orphan = await insertRow({ startedAt: NOON + 8 * 86_400_000, conversationId: B, client: old });
  await insertRow({ startedAt: NOON, conversationId: null, client });
  await queryRows(
    "INSERT INTO link_evidence (request_id, domain_id, form, message_key, end_key, prior_end_key) VALUES ($1, 1, 0, 1, 1, 2)",
    [orphan],
  );
  const quality = await apiJson<LinkingQuality>(`/api/quality/linking?from=2026-11-01&to=2026-12-31`);
  expect(quality.total).toMatchObject({ requests: 3, continuations: 2, orphans: 1, linkedShare: 0.5 });
  expect(columns(quality.clients, "client", "linkedShare")).toEqual([
    [client, 1],
    [old, 0],
  ]);
  expect(columns(quality.weeks, "week", "client", "requests")).toEqual([
    ["2026-11-16", client, 2],
    ["2026-11-30", old, 1],
  ]);
  // Two turns are on branches of their own although nothing continues the requests that kept their parents' branches.
  const turn = { conversationId: A, client, startedAt: NOON + 2_000, parentRequestId: root };
  const left = await insertRow(turn);
  await insertRow({ ...turn, startedAt: NOON + 3_000, parentRequestId: left, branchKey: left });
  await insertRow({ ...turn, startedAt: NOON + 4_000, parentRequestId: left });
  const counted = await apiJson<LinkingQuality>(`/api/quality/linking?from=2026-11-01&to=2026-12-31`);
  expect(counted.total).toMatchObject({ straightTurns: 4, leftBranch: 2, keptBranchShare: 0.5 });
  const other = await apiJson<LinkingQuality>("/api/quality/linking?domain=other.example");
  expect(other.total.linkedShare).toBeNull();
  expect((await apiError("/api/quality/linking?from=2020-01-01")).status).toBe(400);
});
