/** Recorded sessions through ingest: every request gets its place, in whatever order and batches they come. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { exchangeMessage, makeExchange, type TestExchange } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal } from "../support/worker-ingest.ts";

interface Recording {
  seq: number;
  t: string;
  request: { method: string; url: string; headers: Record<string, string>; body: unknown };
  response: { status: number; headers: Record<string, string | number>; body: unknown };
}

interface Truth {
  file: string;
  seq: number;
  kind: string;
  parent: number | null;
  taskParent: number | null;
}

const files = import.meta.glob<string>("../fixtures/claude-code/*.{jsonl,ndjson}", {
  query: "?raw",
  import: "default",
  eager: true,
});

function linesOf<T>(name: string): T[] {
  const text = Object.entries(files).find(([path]) => path.endsWith(`/${name}`))![1];
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

function exchangeOf({ t, request, response }: Recording): TestExchange {
  const url = new URL(request.url, "http://host");
  const left = response.status === 499;
  const { body } = response;
  return makeExchange({
    startedAt: Date.parse(t),
    requestBody: JSON.stringify(request.body),
    responseBody: typeof body === "string" ? body : JSON.stringify(body),
    requestFacts: {
      method: request.method,
      path: url.pathname,
      query: url.search,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
    },
    responseFacts: {
      status: left ? 200 : response.status,
      outcome: left ? "client_gone" : "complete",
      headers: Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
      ),
    },
  });
}

/** Two agents with equal prompts, a compaction, a rewind, a model switch, forks, twins; the rest is in the unit tests. */
const CHOSEN = [
  "v330-agentssame",
  "v330-agentbg",
  "v330-compact",
  "v330-tui",
  "v330-fork",
  "v330-twins",
  "v1058-tui",
];
const truths = linesOf<Truth>("expected-links.ndjson").filter(({ file }) =>
  CHOSEN.includes(file.replace(".jsonl", "")),
);
const exchanges = new Map<string, TestExchange>();
for (const name of CHOSEN)
  for (const recording of linesOf<Recording>(`${name}.jsonl`))
    exchanges.set(`${name}.jsonl#${recording.seq}`, exchangeOf(recording));
const names = new Map([...exchanges].map(([name, { id }]) => [id, name]));

type LinkRow = {
  id: string;
  link_kind: string;
  parent_request_id: string | null;
  parent_task_request_id: string | null;
  conversation_id: string | null;
  branch_id: string | null;
};

async function links(): Promise<LinkRow[]> {
  return queryRows<LinkRow>(`
    SELECT id, link_kind, parent_request_id, parent_task_request_id, conversation_id, branch_id, branch_key, is_subtask,
      linked_by, link_confidence FROM requests ORDER BY id`);
}

async function send(given: readonly TestExchange[], together: number): Promise<void> {
  for (let at = 0; at < given.length; at += together) {
    const batch = given.slice(at, at + together);
    for (const each of batch) await journal(env.JOURNAL, each);
    const { acks } = await deliver(batch.map((each) => ({ body: exchangeMessage(each) })));
    expect(acks).toHaveLength(batch.length);
  }
}

beforeEach(resetStorage);

describe("recorded sessions", () => {
  it("have the places they had, through Postgres too", async () => {
    await send([...exchanges.values()], 10);
    const wrong = (await links()).flatMap((row) => {
      const key = names.get(row.id)!;
      const truth = truths.find(({ file, seq }) => `${file}#${seq}` === key)!;
      const name = (seq: number | null) => (seq === null ? null : `${truth.file}#${seq}`);
      const task = row.link_kind === "subtask" ? (names.get(row.parent_task_request_id!) ?? null) : null;
      const parent = row.parent_request_id && names.get(row.parent_request_id);
      const actual = `${row.link_kind} ${parent} ${task}`;
      const expected = `${truth.kind} ${name(truth.parent)} ${name(truth.taskParent)}`;
      return actual === expected ? [] : [`${key}: ${actual}, not ${expected}`];
    });
    expect(wrong).toEqual([]);
    const [calls] = await queryRows(
      "SELECT count(*)::int AS calls, count(subtask_request_id)::int AS begun FROM task_invocations",
    );
    expect(calls).toEqual({ calls: 3, begun: 3 });
  });

  it("have the same places when they come backwards, in other batches, and twice", async () => {
    const given = [...exchanges.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    await send(given, 7);
    const inOrder = await links();
    const sums = await queryRows("SELECT to_jsonb(c) AS sums FROM conversations c ORDER BY id");
    await resetStorage();
    await send(given.toReversed(), 3);
    await send(given.slice(10, 30), 5);
    expect(await links()).toEqual(inOrder);
    expect(await queryRows("SELECT to_jsonb(c) AS sums FROM conversations c ORDER BY id")).toEqual(sums);
    const stale = await queryRows(`
      SELECT a.id FROM conversation_aliases a LEFT JOIN requests r ON r.id = a.root_request_id
      WHERE r.conversation_id IS NULL OR a.id = r.conversation_id`);
    expect(stale).toEqual([]);
  });
});
