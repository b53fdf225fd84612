/** Proxy and ingest with the heap of an isolate on Cloudflare, and requests that unpack to many times their size. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { send } from "../../scripts/local/demo/send.ts";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { claimPort } from "../../scripts/local/network/ports.ts";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { apiJson } from "../support/api-calls.ts";
import { preparedDataDirectory } from "../support/local-stack.ts";
import { startProgram, type StartedProgram } from "../support/started-program.ts";
import { waitUntil } from "../support/wait.ts";

/** https://developers.cloudflare.com/workers/platform/limits/#memory */
const HEAP_MB = 128;
const MB = 1_048_576;

let fake: FakeClaude;
let program: StartedProgram;
let dataDir: string;
let stack: { proxyUrl: string; dashboardKey: string };

beforeAll(async () => {
  fake = await startFakeClaude();
  dataDir = await preparedDataDirectory();
  const proxyPort = await claimPort(0, "PROXY_PORT");
  stack = { proxyUrl: `http://127.0.0.1:${proxyPort}`, dashboardKey: "the-dashboard-key-of-this-test" };
  program = startProgram({
    DATA_DIR: dataDir,
    PROXY_PORT: String(proxyPort),
    DASHBOARD_PORT: "0",
    DASHBOARD_API_KEY: stack.dashboardKey,
    CLAUDE_API_BASE_URL: fake.url,
    MINIFLARE_WORKERD_V8_FLAGS: `--max-heap-size=${HEAP_MB}`,
  });
  await program.ready();
});
afterAll(async () => {
  program.process.kill("SIGKILL");
  await program.ended;
  await fake.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const workerd = () => readFileSync(join(dataDir, "workerd.pid"), "utf8").trim();
const body = (messages: string) => `{"model":"claude-opus-5-5","max_tokens":16,"messages":[${messages}]}`;
const user = (content: string) => `{"role":"user","content":${content}}`;
const repeated = (count: number, make: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => make(n)).join(",");

async function ask(bytes: Uint8Array | string, headers: Record<string, string> = {}): Promise<void> {
  const { status } = await send({
    baseUrl: stack.proxyUrl,
    method: "POST",
    path: "/v1/messages",
    headers: {
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "x-api-key": "sk-ant-api03-of-the-caller",
      ...headers,
    },
    body: Buffer.from(bytes),
  });
  expect(status).toBeGreaterThan(0);
}

it("requests that unpack to 31 MB, and lists that take 400 MB as values, are stored, and the Worker still responds", async () => {
  const before = workerd();
  const bomb = gzipSync(body(user(`"${" ".repeat(31 * MB)}"`)));
  const large = [
    body(repeated(19_999, (n) => user(`"${n} ${"ab ".repeat(500)}"`))),
    body(repeated(300_000, (n) => user(`"${n}"`))),
    body(user(`[${repeated(1_500_000, (n) => `{"a${n}":0}`)}]`)),
  ];
  await Promise.all(Array.from({ length: 40 }, () => ask(bomb, { "content-encoding": "gzip" })));
  for (const one of large) await ask(one);
  await ask(body(user('"Is it still there?"')));
  await waitUntil(async () => {
    const status = await apiJson<Status>(stack, "/api/status");
    return status.journal.entries === 0 && status.unread === 43;
  }, 250);
  const { requests } = await apiJson<RequestList>(stack, "/api/requests?limit=100");
  expect(requests).toHaveLength(44);
  expect(requests.filter(({ unread }) => unread === "too_large")).toHaveLength(43);
  expect(workerd()).toBe(before);
});
