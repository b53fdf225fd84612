/** The official SDK through the real local world: what works directly works through the proxy, and is remembered. */
import Anthropic, { APIUserAbortError, NotFoundError, RateLimitError, toFile } from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude.ts";
import { send } from "../../scripts/local/demo/send.ts";
import type { LocalWorld } from "../../scripts/local/host.ts";
import { startLocalWorld } from "../support/local-world.ts";

const MODEL = "claude-sonnet-5-5";
const DOMAIN = "team.example.com";
const UPSTREAM_KEY = "sk-ant-api03-upstream-for-tests";

let fake: FakeClaude;
let world: LocalWorld;
let clientKey: string;

beforeAll(async () => {
  fake = await startFakeClaude();
  world = await startLocalWorld({ variables: { CLAUDE_API_BASE_URL: fake.url } });
  await api("PUT", `/api/domains/${DOMAIN}`, {
    accountId: "acc-team",
    credential: { type: "api_key", api_key: UPSTREAM_KEY },
  });
  clientKey = (await api<{ key: string }>("POST", `/api/domains/${DOMAIN}/client-keys`, { name: "sdk" })).key;
});

afterAll(async () => {
  await world.stop();
  await fake.stop();
});

async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(world.proxyUrl + path, {
    method,
    headers: { "x-dashboard-key": world.dashboardKey, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  expect(response.status, `${method} ${path}`).toBeLessThan(300);
  return (await response.json()) as T;
}

const passthrough = () =>
  new Anthropic({ baseURL: world.proxyUrl, apiKey: "sk-ant-api03-of-the-caller", maxRetries: 0 });

/** A client that says which domain it means: Node's own fetch cannot set Host. */
function onDomain(credential: { apiKey: string } | { authToken: string }): Anthropic {
  return new Anthropic({
    baseURL: world.proxyUrl,
    apiKey: null,
    authToken: null,
    ...credential,
    maxRetries: 0,
    fetch: async (input, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers));
      const url = new URL(input instanceof Request ? input.url : input);
      const sent = await send({
        baseUrl: url.origin,
        host: DOMAIN,
        method: init?.method ?? "GET",
        path: url.pathname + url.search,
        headers,
        ...(typeof init?.body === "string" ? { body: Buffer.from(init.body) } : {}),
      });
      const answer = new Headers();
      for (const [name, value] of Object.entries(sent.headers)) answer.set(name, String(value));
      return new Response(new Uint8Array(sent.body), { status: sent.status, headers: answer });
    },
  });
}

const ask = (content: string) => ({
  model: MODEL,
  max_tokens: 400,
  messages: [{ role: "user" as const, content }],
});

/** Wrangler's libraries, loaded by the local world, replace the global FormData by one that Node's own fetch does not know. */
async function useNativeFormData(): Promise<void> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const native = await new Response("", { headers }).formData();
  vi.stubGlobal("FormData", native.constructor);
}

describe("the TypeScript SDK through localhost", () => {
  it("gets a message, streamed and not", async () => {
    const message = await passthrough().messages.create(ask("Say hello."));
    expect(message.content[0]?.type).toBe("text");
    const stream = passthrough().messages.stream(ask("Say hello again."));
    const deltas: string[] = [];
    stream.on("text", (delta) => deltas.push(delta));
    const last = await stream.finalMessage();
    expect(deltas.join("")).toBe(last.content[0]?.type === "text" ? last.content[0].text : "");
    expect(last.stop_reason).toBe("end_turn");
  });

  it("gets tool calls and thinking", async () => {
    const tools = [
      {
        name: "get_weather",
        input_schema: { type: "object" as const, properties: { city: { type: "string" } } },
      },
    ];
    const called = await passthrough()
      .messages.stream({ ...ask("What is the weather? [fake:tools]"), tools })
      .finalMessage();
    expect(called.content.some((block) => block.type === "tool_use")).toBe(true);
    const thought = await passthrough()
      .messages.stream({
        ...ask("Think. [fake:thinking]"),
        max_tokens: 4000,
        thinking: { type: "enabled", budget_tokens: 1024 },
      })
      .finalMessage();
    expect(thought.content[0]?.type).toBe("thinking");
  });

  it("counts tokens, lists models, runs batches, keeps files", async () => {
    const client = passthrough();
    expect(
      (await client.messages.countTokens({ model: MODEL, messages: ask("x").messages })).input_tokens,
    ).toBeGreaterThan(0);
    expect((await client.models.list()).data.length).toBeGreaterThan(0);
    const batch = await client.messages.batches.create({
      requests: [{ custom_id: "one", params: ask("In a batch.") }],
    });
    expect((await client.messages.batches.retrieve(batch.id)).id).toBe(batch.id);
    await useNativeFormData();
    const file = await client.beta.files.upload({
      file: await toFile(Buffer.from("hello"), "hello.txt", { type: "text/plain" }),
    });
    expect((await client.beta.files.retrieveMetadata(file.id)).filename).toBe("hello.txt");
  });

  it("sees the vendor's errors as the vendor's", async () => {
    const limited = await passthrough()
      .messages.create(ask("[fake:ratelimit]"))
      .catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect((limited as RateLimitError).headers?.get("retry-after")).toBeTruthy();
    await expect(passthrough().models.retrieve("claude-nothing")).rejects.toBeInstanceOf(NotFoundError);
  });

  it("can leave in the middle of a stream, and that is remembered", async () => {
    const abort = new AbortController();
    const stream = passthrough().messages.stream(ask("[fake:slow]"), { signal: abort.signal });
    stream.on("streamEvent", () => abort.abort());
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError);
    await vi.waitFor(
      async () => {
        const { requests } = await api<{ requests: unknown[] }>("GET", "/api/requests?outcome=client_gone");
        expect(requests).toHaveLength(1);
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  it("leaves every exchange in the API within ten seconds, and nothing the vendor would object to", async () => {
    const { response } = await passthrough().messages.create(ask("Remember this.")).withResponse();
    const id = response.headers.get("x-nexus-request-id");
    await vi.waitFor(
      async () => {
        const row = await api<{ responseStatus: number; inputTokens: number; domain: string }>(
          "GET",
          `/api/requests/${id}`,
        );
        expect(row).toMatchObject({ responseStatus: 200, domain: "127.0.0.1" });
        expect(row.inputTokens).toBeGreaterThan(0);
      },
      { timeout: 10_000, interval: 200 },
    );
    expect(fake.violations).toEqual([]);
  });
});

describe("the TypeScript SDK through a domain with a client key", () => {
  it.each([
    ["Bearer", () => ({ authToken: clientKey })],
    ["x-api-key", () => ({ apiKey: clientKey })],
  ])("takes the key as %s and sends the domain's own credential on", async (_name, credential) => {
    fake.reset();
    const message = await onDomain(credential()).messages.create(ask("Through the team's domain."));
    expect(message.type).toBe("message");
    const received = new Map(
      fake.requests.at(-1)?.headers.map(([name, value]) => [name.toLowerCase(), value]),
    );
    expect(received.get("x-api-key")).toBe(UPSTREAM_KEY);
    expect(received.has("authorization")).toBe(false);
    expect(JSON.stringify([...received])).not.toContain(clientKey);
  });

  it("refuses another key with 401", async () => {
    await expect(onDomain({ apiKey: "cnp_live_wrong" }).messages.create(ask("no"))).rejects.toMatchObject({
      status: 401,
    });
  });
});
