/** An attempt to analyze a conversation of 3,000 messages with 12 MB of text, from the claim to the stored result: CPU and memory of the Worker. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FAKE_GEMINI_KEY, startFakeGemini } from "../../scripts/local/fake-gemini.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { withLocalStack } from "../database/local-stack.ts";
import { cpuMs, forgetPeak, peakMiB, rssMiB } from "../harness/process-tree.ts";
import { median } from "../lib/statistics.ts";
import type { Line } from "../lib/table.ts";
import { conversationOf, sendConversation, untilStored } from "./conversation.ts";
import { limitLine } from "./lines.ts";

const MESSAGES = 3_000;
/** Of a turn's two messages. */
const BYTES = 8_000;
const ROUNDS = 3;
/** The local stack has started another workerd, and its cron is over. */
const SETTLE_MS = 6_000;
const POLL_MS = 100;

export async function analysis(): Promise<Line[]> {
  const gemini = await startFakeGemini();
  const variables = {
    GEMINI_API_KEY: FAKE_GEMINI_KEY,
    GEMINI_API_URL: gemini.url,
    AI_ANALYSIS_RATE_LIMIT_RETRIEVAL: "100000",
  };
  try {
    return await withLocalStack({ variables }, measure);
  } finally {
    await gemini.stop();
  }
}

async function measure(stack: LocalStack, dataDir: string): Promise<Line[]> {
  const shape = { turns: 1, bytes: BYTES, history: MESSAGES - 2 };
  const session = await sendConversation(stack.proxyUrl, shape);
  await untilStored(stack.databaseUrl, session, 1);
  const conversation = await conversationOf(stack.databaseUrl, session);
  await call(stack, "PUT", "/api/domains/127.0.0.1/analysis", { analysisEnabled: true });
  const pidOf = () => Number(readFileSync(join(dataDir, "workerd.pid"), "utf8"));
  // Its heap has grown while it recorded the conversation; the stack starts another one.
  process.kill(pidOf(), "SIGKILL");
  await pause(SETTLE_MS);
  const path = `/api/analyses/${conversation}/main`;
  // Loads the API, as any page does.
  await call(stack, "GET", `${path}/plan`);
  const pid = pidOf();
  const seconds: number[] = [];
  let mebibytes = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    await pause(SETTLE_MS);
    const [cpu, memory] = [cpuMs(pid), rssMiB(pid)];
    forgetPeak(pid);
    await call(stack, "POST", `${path}/regenerate`, {});
    for (;;) {
      const { status } = (await call(stack, "GET", path)) as { status: string };
      if (status === "failed") throw new Error("the analysis has failed");
      if (status === "completed") break;
      await pause(POLL_MS);
    }
    seconds.push((cpuMs(pid) - cpu) / 1_000);
    // Later ones reuse the heap of the first.
    if (round === 0) mebibytes = peakMiB(pid) - memory;
  }
  const what = `analysis of ${MESSAGES} messages, ${(MESSAGES * BYTES) / 2_000_000} MB`;
  return [
    limitLine(`${what}, CPU`, "s", median(seconds), 3),
    limitLine(`${what}, memory added`, "MiB", mebibytes, 64),
  ];
}

async function call(stack: LocalStack, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(stack.proxyUrl + path, {
    method,
    headers: { "x-dashboard-key": stack.dashboardKey, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
