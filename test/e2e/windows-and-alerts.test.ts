/** Rate-limit headers and usage reach the account's window, and messages reach Slack, in the real local stack. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import type { CurrentUsage } from "../../workers/schemas/api/compat.ts";
import type { WindowDetail, WindowList } from "../../workers/schemas/api/windows.ts";
import { type SeenBySlack, startFakeSlack } from "../support/fake-slack.ts";
import { startTestStack } from "../support/local-stack.ts";
import { waitUntil } from "../support/wait.ts";

let fake: FakeClaude;
let slack: Awaited<ReturnType<typeof startFakeSlack>>;
let stack: LocalStack;

beforeAll(async () => {
  [fake, slack] = await Promise.all([startFakeClaude(), startFakeSlack()]);
  stack = await startTestStack({
    variables: {
      CLAUDE_API_BASE_URL: fake.url,
      SLACK_WEBHOOK_URL: `http://${slack.address}/services/all/ok`,
      DASHBOARD_URL: "https://nexus.example",
    },
  });
});

afterAll(async () => {
  await stack.stop();
  await Promise.all([fake.stop(), slack.close()]);
});

const ask = async <T>(path: string): Promise<T> => {
  const response = await fetch(stack.proxyUrl + path, { headers: { "x-dashboard-key": stack.dashboardKey } });
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
};
const texts = async () => {
  const seen = (await (await fetch(`http://${slack.address}/seen`)).json()) as SeenBySlack[];
  return seen.filter(({ status }) => status === 200).map(({ payload }) => (payload as { text: string }).text);
};

async function say(text: string): Promise<Response> {
  const response = await fetch(`${stack.proxyUrl}/v1/messages`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "oauth-2025-04-20",
      authorization: "Bearer sk-ant-oat01-somebodys-login",
    },
    body: JSON.stringify({
      model: "claude-sonnet-5-5",
      max_tokens: 100,
      system: [
        { type: "text", text: "You are Claude Code" },
        { type: "text", text: "Be short" },
      ],
      messages: [{ role: "user", content: text }],
    }),
  });
  await response.arrayBuffer();
  return response;
}

it("windows fill, usage agrees, and Slack gets the messages", async () => {
  for (const text of ["How full is it?", "And now?"]) expect((await say(text)).status).toBe(200);
  const windows = await waitUntil(async () => {
    const list = (await ask<WindowList>("/api/windows")).windows;
    return list.length === 1 && list[0]!.totals.requests === 2 && list[0]!.unified.length > 0
      ? list
      : undefined;
  });
  const { accountId } = windows[0]!;
  const detail = await ask<WindowDetail>(`/api/windows/${encodeURIComponent(accountId)}`);
  const fiveHours = detail.unified.find(({ window }) => window === "5h");
  expect(fiveHours?.utilization).toBeGreaterThan(0);
  expect(fiveHours).toMatchObject({ isBinding: true, hasEnded: false });
  const current = await ask<CurrentUsage>(
    `/api/token-usage/current?accountId=${encodeURIComponent(accountId)}`,
  );
  expect([current.totalRequests, current.totalTokens]).toEqual([2, detail.totals.totalTokens]);
  expect(current.totalTokens).toBeGreaterThan(0);

  expect((await fetch(`${stack.proxyUrl}/v1/nothing-here`)).status).toBeGreaterThanOrEqual(400);
  await waitUntil(async () => (await texts()).length >= 3);
  const told = await texts();
  expect(told.filter((text) => text.startsWith(":bust_in_silhouette: User: How full is it?\n"))).toHaveLength(
    1,
  );
  expect(told.filter((text) => text.startsWith(":bust_in_silhouette: User: And now?\n"))).toHaveLength(1);
  expect(told.find((text) => text.startsWith(":rotating_light:"))).toMatch(
    /<https:\/\/nexus\.example\/requests\/[\da-f-]{36}\|Open>/,
  );
});
