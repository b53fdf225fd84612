/** Live events reach readers with a session through the dashboard and with a key at the Worker. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { signIn } from "../../scripts/lib/sign-in.ts";
import { apiJson, sendMessage } from "../support/api-calls.ts";
import type { AnalysisCreated, AnalysisView } from "../../workers/schemas/api/analyses.ts";
import type { ConversationList } from "../../workers/schemas/api/conversations.ts";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { type EventReader, readEvents } from "../support/event-stream.ts";
import { startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";
import { waitFor, waitUntil } from "../support/wait.ts";

let stack: ClaudeStack;

beforeAll(async () => {
  stack = await startClaudeStack({ variables: { AI_PROVIDER: "claude", AI_CLAUDE_ACCOUNT_ID: "analyst" } });
});

afterAll(() => stack.stop());

async function listen(url: string, headers: Record<string, string>): Promise<EventReader> {
  const response = await fetch(url, { headers: { accept: "text/event-stream", ...headers } });
  expect(response.status, url).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
  return readEvents(response.body!);
}

it("an exchange is published when it starts and when it is stored", async () => {
  const readers = [
    await listen(`${stack.dashboardUrl}/live`, {
      cookie: await signIn(stack.dashboardUrl, stack.dashboardKey),
    }),
    await listen(`${stack.proxyUrl}/api/live`, { "x-dashboard-key": stack.dashboardKey }),
  ];
  const response = await sendMessage(stack, "Hello", { model: "claude-sonnet-5-5" });
  await response.text();
  const requestId = response.headers.get("x-nexus-request-id");
  for (const reader of readers) {
    // Starts are published in batches: an exchange this short may be stored first, and then its start is dropped.
    let stored = await reader.next();
    while (stored && stored.event !== "exchange.stored") stored = await reader.next();
    expect(stored?.data).toMatchObject({ requestId, model: "claude-sonnet-5-5", responseStatus: 200 });
    await reader.cancel();
  }
});

it("a running exchange is in flight until it ends", async () => {
  const reader = await listen(`${stack.proxyUrl}/api/live`, { "x-dashboard-key": stack.dashboardKey });
  const inFlight = async () => {
    const { inFlight } = await apiJson<{ inFlight: number | null }>(stack, "/api/status");
    return inFlight;
  };
  const running = sendMessage(stack, "Slowly. [fake:slow=150]", { stream: true });
  let started = await reader.next();
  while (started?.event === "window.updated") started = await reader.next(); // of the exchange before
  expect(started).toMatchObject({
    event: "exchange.started",
    data: { model: "claude-haiku-4-5", domain: "127.0.0.1" },
  });
  expect(await inFlight()).toBe(1);
  await (await running).text();
  await waitFor(async () => expect(await inFlight()).toBe(0), 200);
  await reader.cancel();
});

it("an analysis by Claude is published when it starts and ends, and is no request of the proxy", async () => {
  const credential = { type: "api_key", api_key: "sk-ant-api03-of-the-analyst" };
  const put = (path: string, body: object) => apiJson(stack, `/api/domains/${path}`, { method: "PUT", body });
  await put("analyst.example", { accountId: "analyst", credential });
  await put("127.0.0.1/analysis", { analysisEnabled: true });
  await (await sendMessage(stack, "What is a lease?")).text();
  const conversationId = await waitUntil(async () => {
    const { conversations } = await apiJson<ConversationList>(stack, "/api/conversations");
    return conversations.find(({ title }) => title === "What is a lease?")?.conversationId;
  }, 200);
  stack.claude.reset();
  const reader = await listen(`${stack.proxyUrl}/api/live`, { "x-dashboard-key": stack.dashboardKey });
  const { analysisId } = await apiJson<AnalysisCreated>(stack, "/api/analyses", {
    method: "POST",
    body: { conversationId },
  });
  const view = await waitUntil(async () => {
    const event = await reader.next();
    if (event?.event === "analysis.updated") expect(event.data).toMatchObject({ analysisId });
    const read = await apiJson<AnalysisView>(stack, `/api/analyses/${conversationId}/main`);
    expect(read.errors).toEqual([]);
    return read.status === "completed" ? read : undefined;
  }, 200);
  await reader.cancel();
  expect(view).toMatchObject({
    provider: "claude",
    model: "claude-sonnet-5",
    attempts: 1,
    data: { sentiment: "positive" },
  });
  expect(Number(view.costUsd)).toBeGreaterThan(0);
  const [sent, ...others] = stack.claude.requests;
  expect(others).toEqual([]);
  expect(headerOf(sent!, "x-api-key")).toBe("sk-ant-api03-of-the-analyst");
  expect(JSON.parse(sent!.body.toString())).toMatchObject({
    model: "claude-sonnet-5",
    messages: [{ role: "user", content: expect.stringContaining("What is a lease?") as string }],
    output_config: { format: { type: "json_schema" } },
  });
  const { conversations } = await apiJson<ConversationList>(stack, "/api/conversations");
  expect(conversations.filter(({ domain }) => domain === "analyst.example")).toEqual([]);
});

it("the stream requires a credential", async () => {
  for (const url of [`${stack.dashboardUrl}/live`, `${stack.proxyUrl}/api/live`]) {
    const response = await fetch(url, { headers: { accept: "text/event-stream" }, redirect: "manual" });
    expect(response.status, url).toBe(401);
  }
});
