import Anthropic from "@anthropic-ai/sdk";
import { describe, expect, test } from "vitest";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { send } from "../../scripts/local/demo/send.ts";
import { type FakeClaude, fakeClaudeForTest, testWithFake } from "../support/fake-claude.ts";
import { waitFor } from "../support/wait.ts";

const MODEL = "claude-sonnet-5-5";
const clientOf = (fake: FakeClaude) =>
  new Anthropic({ baseURL: fake.url, apiKey: "sk-ant-api03-test", maxRetries: 0 });
const ask = (text: string, more: Record<string, unknown> = {}) => ({
  model: MODEL,
  max_tokens: 1024,
  messages: [{ role: "user" as const, content: text }],
  ...more,
});
const weather = {
  name: "get_weather",
  description: "The weather of a place",
  input_schema: {
    type: "object" as const,
    properties: { location: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
    required: ["location", "unit"],
  },
};

describe("the fake Claude, driven by the official SDK", () => {
  testWithFake("responds to a message and counts its tokens as count_tokens does", async ({ fake }) => {
    const message = await clientOf(fake).messages.create(ask("How do I test a queue consumer?"));
    const counted = await clientOf(fake).messages.countTokens({
      model: MODEL,
      messages: ask("How do I test a queue consumer?").messages,
    });
    expect(message.content[0]).toMatchObject({ type: "text" });
    expect(message.stop_reason).toBe("end_turn");
    expect(message.usage.input_tokens).toBe(counted.input_tokens);
    expect(fake.violations).toEqual([]);
  });

  test("streams the same message that it sends without a stream", async () => {
    const [one, other] = [await fakeClaudeForTest(), await fakeClaudeForTest()];
    const whole = await clientOf(one).messages.create(ask("[fake:long=120] Tell me more"));
    const events: string[] = [];
    const stream = clientOf(other).messages.stream(ask("[fake:long=120] Tell me more"));
    stream.on("streamEvent", (event) => events.push(event.type));
    const message = await stream.finalMessage();
    expect(message.content).toEqual(whole.content);
    expect(message.usage.output_tokens).toBe(whole.usage.output_tokens);
    expect(events[0]).toBe("message_start");
    expect(events.at(-1)).toBe("message_stop");
    expect(events.filter((type) => type === "content_block_delta").length).toBeGreaterThan(10);
  });

  testWithFake(
    "calls tools with inputs that match their schema, several at once on request",
    async ({ fake }) => {
      const message = await clientOf(fake)
        .messages.stream(ask("[fake:parallel-tools] Compare the weather", { tools: [weather] }))
        .finalMessage();
      const calls = message.content.filter((block) => block.type === "tool_use");
      expect(message.stop_reason).toBe("tool_use");
      expect(calls.map((call) => call.input)).toEqual(
        Array.from({ length: 3 }, () => ({ location: "Lisbon", unit: "celsius" })),
      );
      expect(new Set(calls.map((call) => call.id)).size).toBe(3);
    },
  );

  testWithFake("thinks first when thinking is enabled, and counts thinking tokens", async ({ fake }) => {
    const message = await clientOf(fake)
      .messages.stream(ask("Why?", { max_tokens: 4096, thinking: { type: "enabled", budget_tokens: 2048 } }))
      .finalMessage();
    const [thought] = message.content;
    expect(thought).toMatchObject({ type: "thinking" });
    expect(thought?.type === "thinking" && thought.signature.length).toBeGreaterThan(20);
    const last = fake.requests[0]!;
    expect(last.bytesSent).toBeGreaterThan(0);
    const usage = message.usage as unknown as { output_tokens_details?: { thinking_tokens: number } };
    expect(usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
  });

  testWithFake("searches on the server side and cites results", async ({ fake }) => {
    const message = await clientOf(fake).messages.stream(ask("[fake:citations] Which line?")).finalMessage();
    expect(message.content.map((block) => block.type)).toEqual([
      "text",
      "server_tool_use",
      "web_search_tool_result",
      "text",
      "text",
    ]);
    expect(message.content[3]).toMatchObject({ citations: [{ type: "web_search_result_location" }] });
    expect(message.usage.server_tool_use?.web_search_requests).toBe(1);
  });

  testWithFake("lists and describes models over several pages", async ({ fake }) => {
    const ids: string[] = [];
    for await (const model of clientOf(fake).models.list({ limit: 3 })) ids.push(model.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(fake.requests.length).toBe(Math.ceil(ids.length / 3));
    const one = await clientOf(fake).models.retrieve("claude-opus-5-5");
    expect(one.display_name).toBe("Claude Opus 5.5");
    await expect(clientOf(fake).models.retrieve("claude-none")).rejects.toThrow(Anthropic.NotFoundError);
  });

  testWithFake("runs a batch to its results and deletes it", async ({ fake }) => {
    const { batches } = clientOf(fake).messages;
    const params = (text: string) => ask(text);
    const made = await batches.create({
      requests: [
        { custom_id: "a", params: params("First") },
        { custom_id: "b", params: params("[fake:overloaded] Second") },
      ],
    });
    expect(made.processing_status).toBe("in_progress");
    const results: Record<string, string> = {};
    for await (const line of await batches.results(made.id)) results[line.custom_id] = line.result.type;
    expect(results).toEqual({ a: "succeeded", b: "errored" });
    const cancelled = await batches.create({ requests: [{ custom_id: "c", params: params("Third") }] });
    expect((await batches.cancel(cancelled.id)).processing_status).toBe("canceling");
    expect((await batches.retrieve(cancelled.id)).request_counts.canceled).toBe(1);
    await batches.delete(made.id);
    const left: string[] = [];
    for await (const batch of batches.list()) left.push(batch.id);
    expect(left).toEqual([cancelled.id]);
  });

  testWithFake("keeps a file's bytes until it is deleted", async ({ fake }) => {
    const { files } = clientOf(fake);
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
    const stored = await files.upload({ file: new File([bytes], "trace.bin") });
    expect(stored).toMatchObject({ filename: "trace.bin", size_bytes: 70_000 });
    const content = await files.download(stored.id);
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(bytes);
    expect((await files.retrieveMetadata(stored.id)).id).toBe(stored.id);
    await files.delete(stored.id);
    await expect(files.retrieveMetadata(stored.id)).rejects.toThrow(Anthropic.NotFoundError);
  });

  test.each([
    ["overloaded", 529, "overloaded_error"],
    ["ratelimit", 429, "rate_limit_error"],
    ["401", 401, "authentication_error"],
    ["413", 413, "request_too_large"],
    ["500", 500, "api_error"],
  ])("responds to [fake:%s] with %i in Anthropic's shape", async (tag, status, type) => {
    const fake = await fakeClaudeForTest();
    const failed = await clientOf(fake)
      .messages.create(ask(`[fake:${tag}] Hello`))
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Anthropic.APIError);
    const error = failed as InstanceType<typeof Anthropic.APIError>;
    expect(error.status).toBe(status);
    expect(error.error).toMatchObject({ type: "error", error: { type } });
    expect(error.requestID).toBe(fake.requests[0]?.requestId);
  });

  testWithFake("fails as often as requested, so that a retry succeeds", async ({ fake }) => {
    const client = new Anthropic({ baseURL: fake.url, apiKey: "sk-ant-api03-test", maxRetries: 2 });
    const message = await client.messages.create(ask("[fake:ratelimit=0*1] Hello"));
    expect(message.type).toBe("message");
    expect(fake.requests.map((request) => request.status)).toEqual([429, 200]);
    expect(headerOf(fake.requests[1]!, "x-stainless-retry-count")).toBe("1");
  });

  testWithFake("sends an error event after a 200 and the client sees the error", async ({ fake }) => {
    const stream = clientOf(fake).messages.stream(ask("[fake:error-event][fake:long=80] Hello"));
    await expect(stream.finalMessage()).rejects.toThrow(/[Oo]verloaded/);
    expect(fake.requests[0]?.status).toBe(200);
  });

  testWithFake("detects at once that the client disconnects during a stream", async ({ fake }) => {
    const stream = clientOf(fake).messages.stream(ask("[fake:hang-mid-stream][fake:long=80] Hello"));
    stream.on("text", () => stream.abort());
    await expect(stream.finalMessage()).rejects.toThrow(Anthropic.APIUserAbortError);
    await waitFor(() => expect(fake.requests[0]?.abortedAt).not.toBeNull());
  });

  test.each(["gzip", "br", "zstd", "deflate"])(
    "streams in %s so that each event can be read",
    async (tag) => {
      const fake = await fakeClaudeForTest();
      const message = await clientOf(fake)
        .messages.stream(ask(`[fake:${tag}][fake:say=compressed] Hello`))
        .finalMessage();
      expect(message.content).toMatchObject([{ type: "text", text: "compressed" }]);
    },
  );

  testWithFake(
    "reads the cache for the history of a conversation and writes only new content",
    async ({ fake }) => {
      const client = clientOf(fake);
      const marker = { type: "ephemeral" as const };
      const system = [
        { type: "text" as const, text: "Rules of the house. ".repeat(400), cache_control: marker },
      ];
      const history: Anthropic.MessageParam[] = [];
      const usages: Anthropic.Usage[] = [];
      for (const question of ["First question", "Second question", "Third question"]) {
        history.push({
          role: "user",
          content: [{ type: "text", text: question.repeat(20), cache_control: marker }],
        });
        const response = await client.messages.create({
          model: MODEL,
          max_tokens: 500,
          system,
          messages: history,
        });
        usages.push(response.usage);
        history.pop();
        history.push({ role: "user", content: question.repeat(20) });
        history.push({ role: "assistant", content: response.content });
      }
      expect(usages[0]).toMatchObject({ cache_read_input_tokens: 0 });
      expect(usages[1]!.cache_read_input_tokens).toBe(usages[0]!.cache_creation_input_tokens);
      expect(usages[2]!.cache_read_input_tokens).toBe(
        usages[1]!.cache_read_input_tokens! + usages[1]!.cache_creation_input_tokens!,
      );
    },
  );
});

describe("what the fake Claude rejects", () => {
  const good = { "x-api-key": "sk-ant-api03-k", "anthropic-version": "2023-06-01" };
  const body = JSON.stringify(ask("Hello"));
  test.each<[string, Record<string, string>, string, number]>([
    ["no credential", { "anthropic-version": "2023-06-01" }, body, 401],
    ["two different credentials", { ...good, authorization: "Bearer other" }, body, 401],
    ["a proxy's client key", { ...good, "x-api-key": "cnp_live_abc" }, body, 401],
    [
      "a login without its beta",
      { authorization: "Bearer sk-ant-oat01-x", "anthropic-version": "2023-06-01" },
      body,
      401,
    ],
    ["no version", { "x-api-key": "sk-ant-api03-k" }, body, 400],
    ["x-nexus-key", { ...good, "x-nexus-key": "k" }, body, 400],
    ["cf-connecting-ip", { ...good, "cf-connecting-ip": "192.0.2.1" }, body, 400],
    ["x-forwarded-for", { ...good, "x-forwarded-for": "192.0.2.1" }, body, 400],
    ["a cookie", { ...good, cookie: "a=b" }, body, 400],
    ["broken JSON", good, `${body}}`, 400],
    ["no max_tokens", good, JSON.stringify({ model: MODEL, messages: ask("x").messages }), 400],
    ["a field without its beta", good, JSON.stringify(ask("x", { context_management: {} })), 400],
  ])("%s", async (_what, headers, sent, status) => {
    const fake = await fakeClaudeForTest();
    const response = await send({
      baseUrl: fake.url,
      method: "POST",
      path: "/v1/messages",
      headers,
      body: sent,
    });
    expect(response.status).toBe(status);
    expect(fake.violations).toHaveLength(1);
    expect(JSON.parse(response.body.toString())).toMatchObject({ type: "error", request_id: /^req_/ });
  });
});
