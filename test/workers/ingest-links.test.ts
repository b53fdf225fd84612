/** Recorded sessions through ingest: every request gets its link, in any order and any batches. */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeExchange, messageRequest, NOON, streamOf, type TestExchange } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage, ingest } from "../support/worker-ingest.ts";
import { fixtureLines, recordedExchange, type WorkerRecording } from "../support/worker-recordings.ts";

interface Truth {
  file: string;
  seq: number;
  kind: string;
  parent: number | null;
  taskParent: number | null;
}

/** Two agents with equal prompts, a compaction, a rewind, a model switch, forks, twins, side requests; the unit tests cover the rest. */
const CHOSEN = [
  "v330-agentssame",
  "v330-agentbg",
  "v330-compact",
  "v330-tui",
  "v330-fork",
  "v330-twins",
  "v1058-tui",
  "v332-tui-hints",
  "v332-hookprompt",
  "v332-tui-suggest",
];
const truths = fixtureLines<Truth>("/expected-links.ndjson").filter(({ file }) =>
  CHOSEN.includes(file.replace(".jsonl", "")),
);
/** The prompt suggestions of "v332-tui-suggest" are known by their cache markers alone, which splitting a body takes out. */
function withUnknownWords({ request, ...rest }: WorkerRecording): WorkerRecording {
  const body = JSON.stringify(request.body).replaceAll("[SUGGESTION MODE:", "Guess:");
  return { ...rest, request: { ...request, body: JSON.parse(body) as unknown } };
}

const exchanges = new Map<string, TestExchange>();
for (const name of CHOSEN)
  for (const recording of fixtureLines<WorkerRecording>(`/${name}.jsonl`))
    exchanges.set(`${name}.jsonl#${recording.seq}`, recordedExchange(withUnknownWords(recording)));
const names = new Map([...exchanges].map(([name, { id }]) => [id, name]));

type LinkRow = {
  id: string;
  link_kind: string;
  parent_request_id: string | null;
  parent_task_request_id: string | null;
  conversation_id: string | null;
  branch_id: string | null;
  serves_request_id: string | null;
};

async function links(): Promise<LinkRow[]> {
  return queryRows<LinkRow>(`
    SELECT id, link_kind, parent_request_id, parent_task_request_id, conversation_id, branch_id, branch_key, is_subtask,
      serves_request_id, linked_by, link_confidence FROM requests ORDER BY id`);
}

async function send(given: readonly TestExchange[], together: number): Promise<void> {
  for (let at = 0; at < given.length; at += together) {
    const batch = given.slice(at, at + together);
    const { acks } = await ingest(...batch);
    expect(acks).toHaveLength(batch.length);
  }
}

describe("recorded sessions", () => {
  const stored = async () => ({
    links: await links(),
    sums: await queryRows("SELECT to_jsonb(c) AS sums FROM conversations c ORDER BY id"),
  });
  let inOrder: Awaited<ReturnType<typeof stored>>;
  beforeAll(async () => {
    await resetStorage();
    await send([...exchanges.values()], 10);
    inOrder = await stored();
  });

  it("get the expected links through Postgres", async () => {
    const wrong = inOrder.links.flatMap((row) => {
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
    const side = inOrder.links.filter(({ id }) => names.get(id)!.startsWith("v332-tui-hints"));
    const served = side.flatMap(({ id, link_kind, serves_request_id: serves }) =>
      link_kind === "aux" ? [[id, serves].map((one) => Number(names.get(one!)?.split("#")[1]))] : [],
    );
    expect(served).toEqual([
      [273, 272],
      [275, 274],
      [276, 274],
      [279, 278],
      [281, 280],
      [291, 290],
      [292, 290],
      [295, 294],
    ]);
    const [calls] = await queryRows(
      "SELECT count(*)::int AS calls, count(subtask_request_id)::int AS begun FROM task_invocations",
    );
    expect(calls).toEqual({ calls: 3, begun: 3 });
  });

  it("get the same links in reverse order, in other batches, and twice", async () => {
    const given = [...exchanges.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    await resetStorage();
    await send(given.toReversed(), 3);
    await send(given.slice(10, 30), 5);
    expect(await stored()).toEqual(inOrder);
    const stale = await queryRows(`
      SELECT a.id FROM conversation_aliases a LEFT JOIN requests r ON r.id = a.root_request_id
      WHERE r.conversation_id IS NULL OR a.id = r.conversation_id`);
    expect(stale).toEqual([]);
  });
});

describe("side requests that only their repeated text shows", () => {
  beforeEach(resetStorage);

  const REPEATED = "Words of a client of tomorrow";
  const headers = {
    "content-type": "application/json",
    "user-agent": "claude-cli/2.1.332",
    "x-claude-code-session-id": "s",
  };
  const sent = (second: number, ...texts: string[]) =>
    makeExchange({
      startedAt: NOON + second * 1_000,
      requestBody: messageRequest("", {
        messages: texts.map((content, n) => ({ role: n % 2 === 0 ? "user" : "assistant", content })),
      }),
      responseBody: streamOf(`response to ${texts.at(-1)}`),
      requestMetadata: { headers },
    });
  const chat = (...texts: string[]) =>
    texts.flatMap((text, n) => (n < texts.length - 1 ? [text, `response to ${text}`] : [text]));
  const exchanges = {
    a: sent(0, "a"),
    afterA: sent(1, ...chat("a", REPEATED)),
    b: sent(2, ...chat("a", "b")),
    hello: sent(3, "hello"),
    afterHello: sent(4, ...chat("hello", REPEATED)),
    c: sent(5, ...chat("a", "b", "c")),
    d: sent(6, ...chat("a", "b", "c", "d")),
    afterC: sent(7, ...chat("a", "b", "c", REPEATED)),
  };
  const { a, afterA, b, hello, afterHello, c, d, afterC } = exchanges;

  /** Where the requests with the repeated text are: "kind parent" or "aux served", by their names. */
  async function placed(): Promise<Record<string, string>> {
    const nameOf = new Map(Object.entries(exchanges).map(([name, { id }]) => [id, name]));
    return Object.fromEntries(
      (await links()).flatMap((row) => {
        const name = nameOf.get(row.id)!;
        const at = row.parent_request_id ?? row.serves_request_id;
        return name.startsWith("after") ? [[name, `${row.link_kind} ${at && nameOf.get(at)}`]] : [];
      }),
    );
  }

  it("leave and join conversations as the stored ones with their text come and go", async () => {
    // Until its own parent arrives, the session alone links a request.
    await ingest(a, afterA, b, afterHello, c, d);
    expect(await placed()).toEqual({ afterA: "aux a", afterHello: "aux b" });
    await ingest(hello);
    expect(await placed()).toEqual({ afterA: "turn a", afterHello: "turn hello" });
    await ingest(afterC);
    expect(await placed()).toEqual({ afterA: "aux a", afterHello: "turn hello", afterC: "aux c" });
    const inPieces = await links();
    await resetStorage();
    await ingest(...Object.values(exchanges));
    expect(await links()).toEqual(inPieces);
  });
});
