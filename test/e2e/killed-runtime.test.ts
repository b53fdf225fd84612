/** SIGKILL of workerd under traffic of small exchanges: what its clients received is stored, or counted as lost. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { send } from "../../scripts/local/demo/send.ts";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { withClient } from "../../scripts/local/database/client.ts";
import { startLocalStack, type LocalStack } from "../../scripts/local/local-stack.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { apiJson } from "../support/api-calls.ts";
import { preparedDataDirectory } from "../support/local-stack.ts";
import { waitUntil } from "../support/wait.ts";

const EVERY_MINUTE = "* * * * *";
const CONCURRENCY = 16;
const BEFORE_KILL = 150;
/** Longer than notices for the live feed take, as every response of Claude. */
const RESPONSE_MS = 60;
/** Milliseconds between checks, and for all: entries whose reading had begun are read again one at a time. */
const DRAINED = [250, 240_000] as const;
/** What is not stored by then is lost: five times SWEEP_AFTER_MS, and a margin. */
const LOST_AFTER_MS = 7_000;
const MESSAGE = JSON.stringify({
  type: "message",
  role: "assistant",
  model: "claude-opus-5-5",
  content: [{ type: "text", text: "Yes." }],
  stop_reason: "end_turn",
  usage: { input_tokens: 3, output_tokens: 2 },
});

let fake: FakeClaude;
let dataDir: string;
let stack: LocalStack;

beforeAll(async () => {
  fake = await startFakeClaude();
  fake.script(() => true, {
    kind: "raw",
    status: 200,
    headers: { "content-type": "application/json", "content-length": String(MESSAGE.length) },
    chunks: [{ delayMs: RESPONSE_MS, bytes: Buffer.from(MESSAGE) }],
  });
  dataDir = await preparedDataDirectory();
  const variables = { CLAUDE_API_BASE_URL: fake.url, SWEEP_AFTER_MS: "1000" };
  stack = await startLocalStack({ dataDir, variables });
});
afterAll(async () => {
  await stack.stop({ finish: false });
  await fake.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const status = () => apiJson<Status>(stack, "/api/status");

it("counts what was begun and never stored, and loses only what ended in the last moments", async () => {
  const complete = new Map<string, number>();
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const headers = {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": "sk-ant-api03-of-the-caller",
      };
      const body = JSON.stringify({
        model: "claude-opus-5-5",
        max_tokens: 5,
        messages: [{ role: "user", content: "?" }],
      });
      const sent = await send({
        baseUrl: stack.proxyUrl,
        method: "POST",
        path: "/v1/messages",
        headers,
        body,
      }).catch(() => null);
      if (sent?.body.toString() === MESSAGE)
        complete.set(sent.headers["x-nexus-request-id"] ?? "", Date.now());
    }
  };
  const clients = Array.from({ length: CONCURRENCY }, client);
  await waitUntil(() => complete.size >= BEFORE_KILL);
  const killedAt = Date.now();
  process.kill(Number(readFileSync(join(dataDir, "workerd.pid"), "utf8")), "SIGKILL");
  isOver = true;
  await Promise.all(clients);
  const begun = fake.requests.length;

  const storedIds = () =>
    withClient(stack.databaseUrl, async (db) => {
      const { rows } = await db.query<{ id: string }>("SELECT id FROM requests");
      return new Set(rows.map(({ id }) => id));
    });
  const counted = async () => (await status()).counters?.["lost"] ?? 0;
  // The first seconds after the kill there is no Worker.
  await waitUntil(() => status().then(Boolean, () => false), 250);
  await waitUntil(
    async () => {
      await stack.runCron(EVERY_MINUTE);
      const { journal } = await status();
      return journal.entries === 0 && Date.now() - killedAt > LOST_AFTER_MS;
    },
    ...DRAINED,
  );
  await stack.runCron(EVERY_MINUTE);
  const stored = await storedIds();
  const lost = [...complete].filter(([id]) => !stored.has(id));
  expect(await counted()).toBeGreaterThanOrEqual(lost.length);
  expect(await counted()).toBeLessThanOrEqual(begun - stored.size);
  // Half of the window of a hundred milliseconds that bundles were once collected in.
  expect(lost.filter(([, at]) => killedAt - at > 50)).toEqual([]);
});
