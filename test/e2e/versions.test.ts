/** What earlier versions have left opens with this one: their data directories, and their rows in another Postgres. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import { startPostgres } from "../../scripts/local/database/embedded-postgres.ts";
import { migrate } from "../../scripts/local/database/migrate.ts";
import type { AnalysisView } from "../../workers/schemas/api/analyses.ts";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { apiJson, callApi } from "../support/api-calls.ts";
import { type ClaudeStack, startClaudeStack, temporaryDirectory } from "../support/local-stack.ts";
import { expectedLinks, loadRecordings, recordingKey, replay, requestBytes } from "../support/recordings.ts";
import { clientHeaders, unpack, VERSION_SECRETS, type VersionState } from "../support/version-fixture.ts";
import { waitFor } from "../support/wait.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/versions");
const MIGRATIONS = join(import.meta.dirname, "../../drizzle/migrations");
const recordings = loadRecordings();
const NEXT = recordings.find(({ file, seq }) => file === "v330-continue.jsonl" && seq === 2)!;

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function directory(): Promise<string> {
  const made = await temporaryDirectory();
  ends.push(() => rm(made, { recursive: true, force: true }));
  return made;
}

const fixture = (version: string, name: string) =>
  zstdDecompressSync(readFileSync(join(FIXTURES, version, name)));

/** A data directory with the rows alone: as after a restore from a backup, without KV, journal and Durable Objects. */
async function restored(version: string): Promise<string> {
  const dataDir = await directory();
  const sql = fixture(version, "rows.sql.zst").toString();
  const count = Number(/^-- (\d+) migrations\n/.exec(sql)![1]);
  const folder = await directory();
  cpSync(MIGRATIONS, folder, { recursive: true });
  const journal = JSON.parse(readFileSync(join(folder, "meta/_journal.json"), "utf8")) as {
    entries: unknown[];
  };
  journal.entries = journal.entries.slice(0, count);
  writeFileSync(join(folder, "meta/_journal.json"), JSON.stringify(journal));
  const postgres = await startPostgres({ dataDir: join(dataDir, "postgres") });
  expect(await migrate(postgres.url, { folder })).toBe(count);
  await withClient(postgres.url, (client) => client.query(sql));
  await postgres.stop();
  writeFileSync(join(dataDir, "secrets.json"), JSON.stringify(VERSION_SECRETS));
  return dataDir;
}

async function opened(version: string): Promise<string> {
  const dataDir = await directory();
  unpack(fixture(version, "data.zst"), dataDir);
  return dataDir;
}

async function start(dataDir: string): Promise<ClaudeStack> {
  const stack = await startClaudeStack({ dataDir });
  ends.push(() => stack.stop());
  return stack;
}

describe.each(readdirSync(FIXTURES))("of %s", (version) => {
  const state = JSON.parse(readFileSync(join(FIXTURES, version, "state.json"), "utf8")) as VersionState;

  it.each([
    ["the data directory", opened],
    ["the rows", restored],
  ])(
    "%s opens: links, costs, bodies and the analysis are as they were, and a conversation continues",
    async (_what, make) => {
      const stack = await start(await make(version));
      const request = (key: string) => apiJson<RequestDetail>(stack, `/api/requests/${state.ids[key]}`);
      for (const { parent, taskParent, ...one } of expectedLinks().filter(
        (link) => recordingKey(link) in state.ids,
      )) {
        const key = recordingKey(one);
        const idOf = (seq: number | null) => (seq === null ? null : state.ids[`${one.file}#${seq}`]);
        const found = await request(key);
        expect([
          key,
          found.parentRequestId,
          taskParent === null ? null : found.parentTaskRequestId,
          found.costUsd,
        ]).toEqual([key, idOf(parent), idOf(taskParent), state.costs[key]]);
        const body = Buffer.from(
          await (await callApi(stack, `/api/requests/${found.requestId}/body`)).arrayBuffer(),
        );
        const recording = recordings.find((sent) => recordingKey(sent) === key)!;
        expect(body.equals(requestBytes(recording))).toBe(true);
      }
      const { conversations } = await apiJson<ConversationList>(stack, "/api/conversations");
      expect(conversations).toMatchObject(state.conversations);
      const { conversationId, summary, costUsd } = state.analysis;
      const analysis = await apiJson<AnalysisView>(stack, `/api/analyses/${conversationId}/main`);
      expect(analysis).toMatchObject({ status: "completed", data: { summary }, costUsd });
      // The key is in KV, which is made again from the rows.
      const headers = {
        host: "two.example",
        ...clientHeaders(state.keys["two.example"]!, { type: "api_key" }),
      };
      const { ids, differences } = await replay([NEXT], { proxyUrl: stack.proxyUrl, headers }, stack.claude);
      expect(differences).toEqual([]);
      await waitFor(async () => {
        const next = await apiJson<RequestDetail>(stack, `/api/requests/${ids[0]!.requestId}`);
        expect(next.parentRequestId).toBe(state.ids["v330-continue.jsonl#1"]);
      }, 200);
    },
  );
});
