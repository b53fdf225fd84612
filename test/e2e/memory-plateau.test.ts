/** The memory of workerd does not grow with the number of exchanges. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { send } from "../../scripts/local/demo/send.ts";
import { preparedDataDirectory, startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";
import { residentMB } from "../support/process-memory.ts";

const CONCURRENCY = 16;
/** Until code, caches and heap have their usual size. */
const WARM_UP = 600;
const EXCHANGES = 1_000;
/** With the runtime's usual collection of garbage it was 100 MB. */
const MAX_GROWTH_MB = 60;

let stack: ClaudeStack;
let dataDir: string;
beforeAll(async () => {
  dataDir = await preparedDataDirectory();
  stack = await startClaudeStack({ dataDir });
});
afterAll(async () => {
  await stack.stop({ finish: false });
  rmSync(dataDir, { recursive: true, force: true });
});

const memory = () => residentMB(readFileSync(join(dataDir, "workerd.pid"), "utf8").trim());

async function exchanges(count: number): Promise<void> {
  const headers = {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "x-api-key": "sk-ant-api03-of-the-caller",
  };
  const messages = [{ role: "user", content: "word ".repeat(200) }];
  const body = JSON.stringify({ model: "claude-opus-5-5", messages });
  const path = "/v1/messages/count_tokens";
  let left = count;
  const client = async () => {
    while (left-- > 0) await send({ baseUrl: stack.proxyUrl, method: "POST", path, headers, body });
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
}

it.runIf(process.platform === "linux")("does not grow with the number of exchanges", async () => {
  await exchanges(WARM_UP);
  const before = memory();
  await exchanges(EXCHANGES);
  expect(memory() - before).toBeLessThan(MAX_GROWTH_MB);
});
