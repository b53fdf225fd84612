/** SIGKILL of the local stack during streams and during ingest, and the state after the next start. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { send } from "../../scripts/local/demo/send.ts";
import { headerOf, startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { claimPort } from "../../scripts/local/network/ports.ts";
import { withClient } from "../../scripts/local/database/client.ts";
import { startPostgres } from "../../scripts/local/database/embedded-postgres.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { apiJson } from "../support/api-calls.ts";
import { preparedDataDirectory } from "../support/local-stack.ts";
import { plannedExchanges, type OrdinaryExchange } from "../support/soak-traffic.ts";
import { startProgram, type StartedProgram } from "../support/started-program.ts";
import { waitUntil } from "../support/wait.ts";

/** Time from a response's last byte to its copy in the journal, on a busy machine. */
const RECORDING_GRACE_MS = 1_000;
const MARKER = "x-soak";
const plan = plannedExchanges({ seed: "killed", exchanges: 400, pace: 0.5 }).filter(
  ({ kind }) => kind !== "left",
);

interface Seen {
  planned: OrdinaryExchange;
  id: string | null;
  /** The whole response was received. */
  isWhole: boolean;
  endedAt: number;
}

let fake: FakeClaude;
let variables: Record<string, string>;
let proxyUrl: string;
let program: StartedProgram;

beforeAll(async () => {
  fake = await startFakeClaude();
  fake.script(
    (received) => headerOf(received, MARKER) !== undefined,
    (received) => plan.find(({ n }) => String(n) === headerOf(received, MARKER))!.reply,
  );
  const proxyPort = await claimPort(0, "PROXY_PORT");
  proxyUrl = `http://127.0.0.1:${proxyPort}`;
  variables = {
    DATA_DIR: await preparedDataDirectory(),
    PROXY_PORT: String(proxyPort),
    DASHBOARD_PORT: "0",
    DASHBOARD_API_KEY: "the-key-of-this-test-0123456789",
    CLAUDE_API_BASE_URL: fake.url,
  };
});
afterAll(async () => {
  program.process.kill("SIGKILL");
  await fake.stop();
  await rm(variables.DATA_DIR ?? "", { recursive: true, force: true });
});

async function start(): Promise<void> {
  program = startProgram(variables);
  await program.ready();
}

async function kill(): Promise<number> {
  const at = Date.now();
  program.process.kill("SIGKILL");
  await program.ended;
  return at;
}

async function exchange(planned: OrdinaryExchange): Promise<Seen> {
  const { n, path, body, served } = planned;
  const headers = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "x-api-key": "sk-ant-api03-of-the-caller",
    [MARKER]: String(n),
  };
  try {
    const sent = await send({ baseUrl: proxyUrl, method: "POST", path, headers, body });
    const isWhole = sent.body.equals(served);
    // The received part is always correct.
    expect(served.subarray(0, sent.body.length).equals(sent.body)).toBe(true);
    return { planned, id: sent.headers["x-nexus-request-id"] ?? null, isWhole, endedAt: Date.now() };
  } catch {
    return { planned, id: null, isWhole: false, endedAt: Date.now() };
  }
}

/** Sends sixteen at a time until none is left or `isOver`. */
async function traffic(from: OrdinaryExchange[], isOver: () => boolean): Promise<Seen[]> {
  const seen: Seen[] = [];
  const worker = async () => {
    for (let next = from.shift(); next && !isOver(); next = from.shift()) seen.push(await exchange(next));
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return seen;
}

async function untilStored(): Promise<void> {
  await waitUntil(async () => {
    const stack = { proxyUrl, dashboardKey: variables.DASHBOARD_API_KEY ?? "" };
    const status = await apiJson<Status>(stack, "/api/status");
    return status.journal.entries === 0 && status.ingestFailures?.count === 0;
  }, 250);
}

it("stores what was recorded exactly once and marks the rest as interrupted", async () => {
  const waiting = [...plan];
  const kills: number[] = [];
  const seen: Seen[] = [];
  // During streams, and the ingest of earlier ones.
  await start();
  let isOver = false;
  const going = traffic(waiting, () => isOver);
  await waitUntil(() => fake.requests.length >= 60);
  isOver = true;
  kills.push(await kill());
  seen.push(...(await going));
  await start();
  // During ingest, without an open stream.
  seen.push(...(await traffic(waiting.splice(0, 80), () => false)));
  kills.push(await kill());
  await start();
  seen.push(...(await traffic(waiting.splice(0, 10), () => false)));
  await untilStored();
  program.process.kill("SIGTERM");
  expect(await program.ended).toBe(0);

  const { rows, sums } = await stored();
  const byId = new Map(rows.map((row) => [row.id, row]));
  expect(byId.size).toBe(rows.length);
  const wrong: string[] = [];
  let cutShort = 0;
  for (const { planned, id, isWhole, endedAt } of seen) {
    const row = id === null ? undefined : byId.get(id);
    // A stream that is planned to break may have been broken by the kill, and nothing starts again so soon.
    const isExcused = !isWhole || kills.some((at) => Math.abs(at - endedAt) < RECORDING_GRACE_MS);
    const { outcome, tokens } = planned.expected;
    const found = row && [row.outcome, row.input_tokens, row.output_tokens].join(" ");
    if (found === [outcome, tokens.input, tokens.output].join(" ")) continue;
    // The Worker outlives its host by up to two seconds and may still record a disconnect.
    if (row && !isWhole && ["interrupted", "client_gone"].includes(row.outcome)) cutShort += 1;
    if (!isExcused) wrong.push(`${planned.n} (${planned.kind}) ended at ${endedAt}: ${found ?? "no row"}`);
  }
  expect(wrong, `kills at ${kills.join(", ")}`).toEqual([]);
  expect(cutShort).toBeGreaterThan(0);
  expect(sums).toEqual({ requests: rows.length, tokens: rows.reduce((sum, row) => sum + row.tokens, 0) });
});

interface Row {
  id: string;
  outcome: string;
  input_tokens: number | null;
  output_tokens: number | null;
  tokens: number;
}

/** Rows and totals of the embedded Postgres, read after the stack has stopped. */
async function stored(): Promise<{ rows: Row[]; sums: { requests: number; tokens: number } }> {
  const postgres = await startPostgres({ dataDir: join(variables.DATA_DIR ?? "", "postgres") });
  const reading = withClient(postgres.url, async (client) => {
    const { rows } = await client.query<Row>(
      `SELECT id, outcome, input_tokens, output_tokens,
        (coalesce(input_tokens, 0) + coalesce(output_tokens, 0))::int AS tokens FROM requests`,
    );
    const { rows: sums } = await client.query<{ requests: number; tokens: number }>(
      `SELECT sum(requests)::int AS requests, sum(input_tokens + output_tokens)::int AS tokens FROM rollups`,
    );
    return { rows, sums: sums[0]! };
  });
  return reading.finally(() => postgres.stop());
}
