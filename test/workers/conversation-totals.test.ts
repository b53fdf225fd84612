/** The row of a conversation has the totals of its requests, in any order of arrival and after moves. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { updateConversationTotals } from "../../workers/store/conversations/totals.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { insertRow, type RowOptions } from "../support/worker-conversation-rows.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { random } from "../support/prose.ts";

beforeEach(resetDatabase);

const T = Date.UTC(2026, 10, 22, 12);
const [A, B] = ["aaaaaaaa-0000-5000-8000-000000000000", "bbbbbbbb-0000-5000-8000-000000000000"] as const;

const NO_TOKENS = {
  inputTokens: null,
  outputTokens: null,
  cacheReadInputTokens: null,
  cacheCreationInputTokens: null,
};

async function sum(changed: string[], added: { id: string; startedAt: Date }[] = []): Promise<void> {
  await withWriter(loadConfig(env), (db) =>
    db.transaction((tx) => updateConversationTotals(tx, { changed: new Set(changed), added })),
  );
}
const rows = () => queryRows("SELECT * FROM conversations ORDER BY id");

it("sums a conversation with branches, a sub-task, a compaction and a failure", async () => {
  const insert = (seconds: number, options: Partial<RowOptions>) =>
    insertRow({ startedAt: T + seconds * 1_000, conversationId: A, ...options });
  const prompt = "Fix the flaky test";
  const root = await insert(0, {
    linkKind: "root",
    prompt,
    sessionId: "s1",
    toolCallCount: 2,
    costPico: 1_500n,
    outputTokens: 20,
    cacheReadInputTokens: 1_000,
    cacheCreationInputTokens: 300,
  });
  const on = { branchKey: root, parentRequestId: root };
  await insert(10, { ...on, costPico: 500n, inputTokens: 5, outputTokens: 1, cacheReadInputTokens: 1_300 });
  await insert(12, { ...on, linkKind: "retry", prompt, status: 529, ...NO_TOKENS });
  await insert(20, {
    branchId: "branch_20261122120020",
    prompt: "Other way",
    parentRequestId: root,
    model: "claude-haiku-4-5",
    accountId: "acc_2",
  });
  const unanswered = { ...NO_TOKENS, status: null, durationMs: null };
  await insert(30, { branchId: "compact_120030", parentRequestId: root, ...unanswered });
  await insert(40, {
    branchId: "subtask_1",
    isSubtask: true,
    prompt: "Search",
    parentTaskRequestId: root,
    durationMs: 90_000,
  });
  await sum([A]);
  expect(await rows()).toMatchObject([
    {
      id: A,
      root_request_id: root,
      title: "Fix the flaky test",
      session_id: "s1",
      first_at: new Date(T),
      last_at: new Date(T + 40_000),
      ended_at: new Date(T + 130_000),
      latest_at: new Date(T + 30_000),
      latest_is_subtask: false,
      latest_model: "claude-opus-5-5",
      // Of the branch before: the compaction got no response.
      latest_context_tokens: 15,
      account_ids: ["acc_1", "acc_2"],
      models: ["claude-haiku-4-5", "claude-opus-5-5"],
      requests: 6,
      turns: 2,
      subtask_requests: 1,
      errors: 2,
      branches: 4,
      user_branches: 1,
      compact_branches: 1,
      subtask_branches: 1,
      continuations: 4,
      orphans: 0,
      input_tokens: "35",
      output_tokens: "31",
      cache_read_input_tokens: "2300",
      cost_pico: "2000",
      unpriced_count: 4,
      tool_call_count: "2",
      inference_ms: 94_000,
    },
  ]);
});

it("has the same totals when requests are added one by one, in any order, and when all are summed at once", async () => {
  const seed = 20_261_123;
  const next = random(seed);
  const pick = <X>(...values: X[]) => values[Math.floor(next() * values.length)]!;
  const added: { id: string; startedAt: Date }[] = [];
  const root = await insertRow({ startedAt: T, conversationId: A, linkKind: "root", prompt: "First words" });
  added.push({ id: root, startedAt: new Date(T) });
  for (let n = 1; n < 40; n++) {
    const isSubtask = pick(true, false, false);
    const startedAt = T + Math.floor(next() * 3_600_000);
    const options: RowOptions = {
      startedAt,
      conversationId: pick(A, A, B),
      isSubtask,
      accountId: pick("acc_1", "acc_2"),
      model: pick("claude-opus-5-5", "claude-haiku-4-5"),
      status: pick(200, 200, 429, null),
      costPico: pick(null, 12_345_678_901_234_567_890n),
      durationMs: pick(null, 10, 60_000),
      linkKind: pick("turn", "retry", "root"),
      parentRequestId: pick(null, root),
      ...pick<Partial<RowOptions>>(NO_TOKENS, { inputTokens: 3, outputTokens: n, cacheReadInputTokens: 7 }),
      ...pick<Partial<RowOptions>>({ branchKey: root }, { branchId: "compact_1" }, { branchId: "branch_2" }),
    };
    added.push({ id: await insertRow(options), startedAt: new Date(startedAt) });
  }
  // Later ones may come before earlier ones; the root of a conversation is never added to it late (that changes its id).
  const [first, ...others] = added;
  await sum([], [first!]);
  for (const one of others.sort(() => next() - 0.5)) await sum([], [one]);
  const stepwise = await rows();
  await sum([A, B]);
  const atOnce = await rows();
  // Of a conversation without its root, whichever came first counts as root until it is summed again.
  const compared = (all: typeof atOnce) =>
    all.map((row) => (row.id === B ? { ...row, root_request_id: null } : row));
  expect(compared(stepwise), `seed ${seed}`).toEqual(compared(atOnce));
});

it("has the context of the first request with tokens, added to a conversation that had none", async () => {
  const root = await insertRow({ startedAt: T, conversationId: A, status: 529, ...NO_TOKENS });
  await sum([], [{ id: root, startedAt: new Date(T) }]);
  const retry = { startedAt: T + 1_000, conversationId: A, branchKey: root, linkKind: "retry" };
  const id = await insertRow({ ...retry, contextTokens: 15 });
  await sum([], [{ id, startedAt: new Date(retry.startedAt) }]);
  expect(await rows()).toMatchObject([{ latest_context_tokens: 15 }]);
});

it("follows requests that move, and forgets a conversation without any", async () => {
  const one = await insertRow({ startedAt: T, conversationId: A, costPico: 7n });
  const two = await insertRow({ startedAt: T + 1_000, conversationId: B, costPico: 5n });
  await sum(
    [],
    [one, two].map((id, n) => ({ id, startedAt: new Date(T + n * 1_000) })),
  );
  expect(await rows()).toMatchObject([
    { id: A, requests: 1 },
    { id: B, requests: 1 },
  ]);
  await queryRows("UPDATE requests SET conversation_id = $1, branch_key = $2 WHERE id = $3", [A, one, two]);
  await sum([A, B], [{ id: two, startedAt: new Date(T + 1_000) }]);
  expect(await rows()).toMatchObject([{ id: A, requests: 2, branches: 1, cost_pico: "12" }]);
  expect(await rows()).toHaveLength(1);
});

it("leaves requests outside of conversations alone", async () => {
  const id = await insertRow({ startedAt: T, conversationId: null });
  await sum([], [{ id, startedAt: new Date(T) }]);
  await sum([A]);
  expect(await rows()).toEqual([]);
});
