/** Rate-limit headers and usage reach the account's window, and messages reach Slack, in the real local stack. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CurrentUsage } from "../../workers/schemas/api/compat.ts";
import type { WindowDetail, WindowList } from "../../workers/schemas/api/windows.ts";
import { type SeenBySlack, startFakeSlack } from "../support/fake-slack.ts";
import { apiJson, sendMessage } from "../support/api-calls.ts";
import { startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";
import { waitUntil } from "../support/wait.ts";

let slack: Awaited<ReturnType<typeof startFakeSlack>>;
let stack: ClaudeStack;

beforeAll(async () => {
  slack = await startFakeSlack();
  stack = await startClaudeStack({
    variables: {
      SLACK_WEBHOOK_URL: `http://${slack.address}/services/all/ok`,
      DASHBOARD_URL: "https://nexus.example",
    },
  });
});

afterAll(async () => {
  await stack.stop();
  await slack.close();
});

const getJson = <T>(path: string) => apiJson<T>(stack, path);
const texts = async () => {
  const seen = (await (await fetch(`http://${slack.address}/seen`)).json()) as SeenBySlack[];
  return seen.filter(({ status }) => status === 200).map(({ payload }) => (payload as { text: string }).text);
};

async function ask(text: string): Promise<Response> {
  const system = ["You are Claude Code", "Be short"].map((line) => ({ type: "text", text: line }));
  const response = await sendMessage(
    stack,
    text,
    { model: "claude-sonnet-5-5", system },
    { "anthropic-beta": "oauth-2025-04-20", authorization: "Bearer sk-ant-oat01-somebodys-login" },
  );
  await response.arrayBuffer();
  return response;
}

it("windows fill, usage agrees, and Slack gets the messages", async () => {
  for (const text of ["How full is it?", "And now?"]) expect((await ask(text)).status).toBe(200);
  const windows = await waitUntil(async () => {
    const list = (await getJson<WindowList>("/api/windows")).windows;
    return list.length === 1 && list[0]!.totals.requests === 2 && list[0]!.unified.length > 0
      ? list
      : undefined;
  });
  const { accountId } = windows[0]!;
  const detail = await getJson<WindowDetail>(`/api/windows/${encodeURIComponent(accountId)}`);
  const fiveHours = detail.unified.find(({ window }) => window === "5h");
  expect(fiveHours?.utilization).toBeGreaterThan(0);
  expect(fiveHours).toMatchObject({ isBinding: true, hasEnded: false });
  const current = await getJson<CurrentUsage>(
    `/api/token-usage/current?accountId=${encodeURIComponent(accountId)}`,
  );
  expect([current.totalRequests, current.totalTokens]).toEqual([2, detail.totals.totalTokens]);
  expect(current.totalTokens).toBeGreaterThan(0);

  expect((await fetch(`${stack.proxyUrl}/v1/nothing-here`)).status).toBeGreaterThanOrEqual(400);
  await waitUntil(async () => (await texts()).length >= 3);
  const sent = await texts();
  expect(sent.filter((text) => text.startsWith(":bust_in_silhouette: User: How full is it?\n"))).toHaveLength(
    1,
  );
  expect(sent.filter((text) => text.startsWith(":bust_in_silhouette: User: And now?\n"))).toHaveLength(1);
  expect(sent.find((text) => text.startsWith(":rotating_light:"))).toMatch(
    /<https:\/\/nexus\.example\/requests\/[\da-f-]{36}\|Open>/,
  );
});
