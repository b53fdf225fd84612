/** The official SDK through the real local stack: what works directly works through the proxy, and is stored. */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import Anthropic, {
  APIUserAbortError,
  type ClientOptions,
  NotFoundError,
  RateLimitError,
  toFile,
} from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { apiJson } from "../support/api-calls.ts";
import { startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";
import { waitFor } from "../support/wait.ts";

const MODEL = "claude-sonnet-5-5";
const DOMAIN = "team.example.com";
const UPSTREAM_KEY = "sk-ant-api03-upstream-for-tests";

let stack: ClaudeStack;
let clientKey: string;

beforeAll(async () => {
  stack = await startClaudeStack();
  await api("PUT", `/api/domains/${DOMAIN}`, {
    accountId: "acc-team",
    credential: { type: "api_key", api_key: UPSTREAM_KEY },
  });
  clientKey = (await api<{ key: string }>("POST", `/api/domains/${DOMAIN}/client-keys`, { name: "sdk" })).key;
});

afterAll(() => stack.stop());

const api = <T>(method: string, path: string, body?: unknown) => apiJson<T>(stack, path, { method, body });

/** The client's own credential through localhost, and a client key of a domain in either header. */
const WAYS: [string, () => ClientOptions][] = [
  ["localhost", () => ({ apiKey: "sk-ant-api03-of-the-caller" })],
  ["a domain with a client key as Bearer", () => ({ authToken: clientKey, fetch: fetchAs(DOMAIN) })],
  ["a domain with a client key as x-api-key", () => ({ apiKey: clientKey, fetch: fetchAs(DOMAIN) })],
];
const clientOf = (options: ClientOptions) =>
  new Anthropic({ baseURL: stack.proxyUrl, apiKey: null, authToken: null, maxRetries: 0, ...options });

/** A `fetch` with its own Host, which Node's does not allow. Streams and supports abort. */
function fetchAs(host: string): typeof fetch {
  return async (input, init) => {
    const { url, method, headers, body, signal } = new Request(input, init);
    const bytes = body && Buffer.from(await new Response(body).arrayBuffer());
    const { hostname, port, pathname, search } = new URL(url);
    const request = httpRequest({
      hostname,
      port,
      method,
      path: pathname + search,
      headers: { ...Object.fromEntries(headers), host, ...(bytes && { "content-length": bytes.length }) },
      signal,
    });
    request.end(bytes ?? undefined);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const answer = new Headers();
    for (const [name, value] of Object.entries(response.headers)) answer.set(name, String(value));
    signal.addEventListener("abort", () => response.destroy(new DOMException("aborted", "AbortError")));
    return new Response(Readable.toWeb(response) as ReadableStream, {
      status: response.statusCode ?? 0,
      headers: answer,
    });
  };
}

const ask = (content: string) => ({
  model: MODEL,
  max_tokens: 400,
  messages: [{ role: "user" as const, content }],
});

/** Wrangler's libraries, loaded by the local stack, replace the global FormData by one that Node's fetch does not know. */
async function useNativeFormData(): Promise<void> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const native = await new Response("", { headers }).formData();
  vi.stubGlobal("FormData", native.constructor);
}

describe.each(WAYS)("the TypeScript SDK through %s", (_way, options) => {
  const client = () => clientOf(options());

  it("gets a message, streamed and not", async () => {
    const message = await client().messages.create(ask("Say hello."));
    expect(message.content[0]?.type).toBe("text");
    const stream = client().messages.stream(ask("Say hello again."));
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
    const called = await client()
      .messages.stream({ ...ask("What is the weather? [fake:tools]"), tools })
      .finalMessage();
    expect(called.content.some((block) => block.type === "tool_use")).toBe(true);
    const thought = await client()
      .messages.stream({
        ...ask("Think. [fake:thinking]"),
        max_tokens: 4000,
        thinking: { type: "enabled", budget_tokens: 1024 },
      })
      .finalMessage();
    expect(thought.content[0]?.type).toBe("thinking");
  });

  it("counts tokens, lists models, runs batches, stores files", async () => {
    const api = client();
    expect(
      (await api.messages.countTokens({ model: MODEL, messages: ask("x").messages })).input_tokens,
    ).toBeGreaterThan(0);
    expect((await api.models.list()).data.length).toBeGreaterThan(0);
    const batch = await api.messages.batches.create({
      requests: [{ custom_id: "one", params: ask("In a batch.") }],
    });
    expect((await api.messages.batches.retrieve(batch.id)).id).toBe(batch.id);
    await useNativeFormData();
    const file = await api.beta.files.upload({
      file: await toFile(Buffer.from("hello"), "hello.txt", { type: "text/plain" }),
    });
    expect((await api.beta.files.retrieveMetadata(file.id)).filename).toBe("hello.txt");
  });

  it("gets the vendor's errors unchanged", async () => {
    const limited = await client()
      .messages.create(ask("[fake:ratelimit]"))
      .catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect((limited as RateLimitError).headers?.get("retry-after")).toBeTruthy();
    await expect(client().models.retrieve("claude-nothing")).rejects.toBeInstanceOf(NotFoundError);
  });

  it("can disconnect in the middle of a stream, and that is stored", async () => {
    const gone = async () =>
      (await api<{ requests: unknown[] }>("GET", "/api/requests?outcome=client_gone")).requests.length;
    const before = await gone();
    const abort = new AbortController();
    const stream = client().messages.stream(ask("[fake:slow]"), { signal: abort.signal });
    stream.on("streamEvent", () => abort.abort());
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIUserAbortError);
    await waitFor(async () => expect(await gone()).toBe(before + 1), 200);
  });

  it("finds every exchange in the API within ten seconds, and sends the vendor nothing invalid", async () => {
    const { response } = await client().messages.create(ask("Remember this.")).withResponse();
    const id = response.headers.get("x-nexus-request-id");
    await waitFor(async () => {
      const row = await api<{ responseStatus: number; inputTokens: number; domain: string }>(
        "GET",
        `/api/requests/${id}`,
      );
      expect(row).toMatchObject({ responseStatus: 200 });
      expect(["127.0.0.1", DOMAIN]).toContain(row.domain);
      expect(row.inputTokens).toBeGreaterThan(0);
    }, 200);
    expect(stack.claude.violations).toEqual([]);
  });
});

it.each(WAYS.slice(1))(
  "a domain with a client key forwards its own credential, and keeps the client key: %s",
  async (_way, options) => {
    stack.claude.reset();
    const message = await clientOf(options()).messages.create(ask("Through the team's domain."));
    expect(message.type).toBe("message");
    const received = new Map(
      stack.claude.requests.at(-1)?.headers.map(([name, value]) => [name.toLowerCase(), value]),
    );
    expect(received.get("x-api-key")).toBe(UPSTREAM_KEY);
    expect(received.has("authorization")).toBe(false);
    expect(JSON.stringify([...received])).not.toContain(clientKey);
  },
);

it("a domain with a client key rejects another key with 401", async () => {
  const client = clientOf({ apiKey: "cnp_live_wrong", fetch: fetchAs(DOMAIN) });
  await expect(client.messages.create(ask("no"))).rejects.toMatchObject({ status: 401 });
});
