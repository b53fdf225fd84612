import { describe, expect, test } from "vitest";
import { readResponse, type ResponseBytes } from "./read-response.ts";

const SSE = "text/event-stream; charset=utf-8";
const read = (body: string | object | Uint8Array, about: Partial<ResponseBytes> = {}) =>
  readResponse({
    status: 200,
    contentType: "application/json",
    outcome: "complete",
    body:
      body instanceof Uint8Array
        ? body
        : new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
    ...about,
  });

const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-haiku-5-5",
  content: [
    { type: "new_block", x: 1 },
    { type: "tool_use", name: "Read", input: {} },
  ],
  stop_reason: "tool_use",
  usage: { input_tokens: 1, output_tokens: 2, something_new: { a: null } },
  something_else: true,
};
const event = (data: Record<string, unknown>) =>
  `event: ${String(data["type"])}\ndata: ${JSON.stringify(data)}\n\n`;
const STREAM_START = event({
  type: "message_start",
  message: { ...MESSAGE, content: [], stop_reason: null, usage: { input_tokens: 1, output_tokens: 1 } },
});

describe("a plain response", () => {
  test("is the message as it was sent, with its usage verbatim", () => {
    expect(read(MESSAGE)).toEqual({
      message: MESSAGE,
      usage: MESSAGE.usage,
      usagePartial: false,
      stopReason: "tool_use",
      modelServed: "claude-haiku-5-5",
      errorType: null,
      errorMessage: null,
      requestId: null,
      toolCalls: { Read: 1 },
      ended: true,
      isUnexpected: false,
      isTooLarge: false,
    });
  });

  test("of a gateway that leaves out the type is a message all the same", () => {
    const { type: _, ...untyped } = MESSAGE;
    expect(read(untyped).message).toEqual(untyped);
  });

  test("with a byte order mark and blanks before it is read", () => {
    expect(read(`\ufeff \n${JSON.stringify(MESSAGE)}`).stopReason).toBe("tool_use");
  });

  test("that was cut is no message, and its usage is missing", () => {
    const cut = JSON.stringify(MESSAGE).slice(0, -5);
    expect(read(cut, { outcome: "client_gone" })).toMatchObject({
      message: null,
      usagePartial: true,
      ended: false,
    });
  });

  test.each([
    ["count_tokens", { input_tokens: 77 }],
    ["session", { type: "session", id: "s", usage: { input_tokens: 9 } }],
    ["model", { type: "model", id: "claude-opus-5-5" }],
    ["skills", { data: [MESSAGE], has_more: false }],
    ["batch_results", { custom_id: "a", result: { type: "succeeded", message: MESSAGE } }],
  ] as const)("of %s is no message and consumed nothing", (endpoint, body) => {
    expect(read(body, { endpoint })).toMatchObject({
      message: null,
      usage: null,
      usagePartial: false,
      toolCalls: {},
      ended: true,
    });
  });

  test("of files, pages or nothing gives nothing", () => {
    const nothing = { message: null, usage: null, errorType: null, errorMessage: null, ended: true };
    for (const body of [
      "",
      "%PDF-1.7",
      "[1,2]",
      '"text"',
      "null",
      "{no json}",
      Uint8Array.from([0xff, 0xfe, 0]),
    ]) {
      expect(read(body, { contentType: null, endpoint: "file_content" })).toMatchObject(nothing);
    }
  });
});

describe("an error response", () => {
  test("has type, message and request id", () => {
    const body = {
      type: "error",
      error: { type: "overloaded_error", message: "Overloaded" },
      request_id: "req_1",
    };
    expect(read(body, { status: 529 })).toMatchObject({
      message: null,
      usage: null,
      usagePartial: false,
      errorType: "overloaded_error",
      errorMessage: "Overloaded",
      requestId: "req_1",
      ended: true,
    });
  });

  test.each([
    [{ error: { type: "a_error", message: "m" } }, "a_error", "m"],
    [{ error: { message: "m" } }, null, "m"],
    [
      { error: "invalid_grant", error_description: "Refresh token expired" },
      "invalid_grant",
      "Refresh token expired",
    ],
    [{ message: "no Route matched" }, null, "no Route matched"],
    [{ error: { type: 5, message: ["x"] } }, null, null],
    [{ error: null }, null, null],
    [{}, null, null],
  ])("in the shape %j is read as far as it goes", (body, errorType, errorMessage) => {
    expect(read(body, { status: 400 })).toMatchObject({ errorType, errorMessage });
  });

  test("in HTML gives neither type nor message", () => {
    const page = "<html><body>502 Bad Gateway</body></html>";
    expect(read(page, { status: 502, contentType: "text/html" })).toMatchObject({
      errorType: null,
      errorMessage: null,
      usagePartial: false,
      ended: true,
    });
  });

  test("with a long, many-lined message that quotes a key becomes one short line without it", () => {
    const key = `sk-${"ant"}-api03-${"x".repeat(80)}`;
    const message = `first\nsecond\u0000 ${key} ${"😀".repeat(400)}`;
    const { errorMessage } = read({ error: { type: "e", message } }, { status: 401 });
    expect(errorMessage).toMatch(/^first second sk-ant-\S*\*\*\* 😀/);
    expect(errorMessage!.length).toBeLessThanOrEqual(500);
    expect(errorMessage!.isWellFormed()).toBe(true);
    expect(errorMessage).not.toContain("xxx");
  });

  test("sent under the label of a stream is read", () => {
    const body = { type: "error", error: { type: "api_error", message: "m" } };
    expect(read(body, { status: 500, contentType: SSE }).errorType).toBe("api_error");
  });
});

describe("a streamed response", () => {
  test("is recognised by its first line where the label is wrong or missing", () => {
    for (const contentType of ["application/json", null, "text/plain"]) {
      expect(read(STREAM_START, { contentType }).modelServed).toBe("claude-haiku-5-5");
    }
  });

  test("that breaks with an error event has the error and keeps what came", () => {
    const error = { type: "overloaded_error", message: "Overloaded" };
    const body = STREAM_START + event({ type: "error", error, request_id: "req_9" });
    expect(read(body, { contentType: SSE })).toMatchObject({
      message: { id: "msg_1", content: [] },
      usage: { input_tokens: 1, output_tokens: 1 },
      usagePartial: true,
      errorType: "overloaded_error",
      errorMessage: "Overloaded",
      requestId: "req_9",
      ended: false,
    });
  });

  test("whose error event is no JSON still counts as an error", () => {
    expect(read("event: error\ndata: upstream reset\n\n", { contentType: SSE })).toMatchObject({
      errorType: "error",
      errorMessage: "upstream reset",
      ended: false,
    });
  });

  test("has its final usage once the stop reason came with one, even without message_stop", () => {
    const last = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } };
    expect(read(STREAM_START + event(last), { contentType: SSE, outcome: "client_gone" })).toMatchObject({
      usage: { input_tokens: 1, output_tokens: 5 },
      usagePartial: false,
      stopReason: "end_turn",
      ended: false,
    });
  });

  test("has no final usage where a delta only has an interim one", () => {
    const interim = { type: "message_delta", delta: {}, usage: { output_tokens: 5 } };
    expect(read(STREAM_START + event(interim), { contentType: SSE }).usagePartial).toBe(true);
  });

  test("of which nothing came left tokens untold", () => {
    for (const about of [
      { contentType: SSE, outcome: "client_gone" as const },
      { contentType: SSE, outcome: "complete" as const },
      { contentType: null, status: null, outcome: "client_gone" as const },
      { contentType: SSE, outcome: "unrecorded" as const },
    ]) {
      expect(read("", about)).toMatchObject({ usage: null, usagePartial: true, ended: false });
    }
  });

  test("about something else than a message ends when it was sent to its end", () => {
    const body = event({ type: "session.status_idle" });
    const endpoint = "session_stream";
    expect(read(body, { contentType: SSE, endpoint })).toMatchObject({
      message: null,
      usagePartial: false,
      ended: true,
    });
    expect(read(body, { contentType: SSE, endpoint, outcome: "client_gone" }).ended).toBe(false);
  });

  test("loses nothing but the damaged character to bytes that are not UTF-8", () => {
    const encoder = new TextEncoder();
    const text = (text: string) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text },
    });
    const damaged = encoder.encode(
      STREAM_START + event(text("a@b")) + event(text("c")) + event({ type: "message_stop" }),
    );
    damaged[damaged.indexOf(0x40)] = 0xff;
    const { message, ended } = read(damaged, { contentType: SSE });
    expect(message!["content"]).toMatchObject([{ text: "a\ufffdbc" }]);
    expect(ended).toBe(true);
  });

  test("has a usage that a jsonb column takes", () => {
    const body = STREAM_START.replace(
      '"input_tokens":1',
      '"input_tokens":1,"service_tier":"a\\u0000\\ud800"',
    );
    expect(read(body, { contentType: SSE }).usage).toMatchObject({ service_tier: "a\ufffd\ufffd" });
  });
});

describe("the end of the transport is not the end of the response", () => {
  const json = "application/json";
  const block = event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  const stopped = event({ type: "content_block_stop", index: 0 });
  const delta = event({
    type: "message_delta",
    delta: { stop_reason: "end_turn" },
    usage: { output_tokens: 3 },
  });
  const stop = event({ type: "message_stop" });
  const whole = JSON.stringify(MESSAGE);
  const completion = (stop_reason: string | null) =>
    event({ type: "completion", completion: "Hi", stop_reason });
  const results = `{"custom_id":"a"}\n{"custom_id":"b"}\n`;

  /** Incomplete ones of the first table that are whole, but something else. */
  const UNEXPECTED = ["an empty object"];

  test.each<[string, string, Partial<ResponseBytes>, boolean | null]>([
    ["a stream with message_stop", STREAM_START + block + stopped + delta + stop, { contentType: SSE }, true],
    ["a stream under the label of JSON", STREAM_START + stop, { contentType: json }, true],
    ["a stream without message_stop", STREAM_START + block + stopped + delta, { contentType: SSE }, false],
    ["a stream without message_delta", STREAM_START + block + stopped, { contentType: SSE }, false],
    ["a stream that stops within a block", STREAM_START + block, { contentType: SSE }, false],
    ["a stream that stops within an event", STREAM_START + block.slice(0, -9), { contentType: SSE }, false],
    ["a stream of pings", event({ type: "ping" }), { contentType: SSE }, false],
    ["a stream of comments", ": keep-alive\n\n", { contentType: SSE }, false],
    ["an empty stream", "", { contentType: SSE }, false],
    ["an empty body", "", { contentType: json }, false],
    ["an empty body without a type", "", { contentType: null }, false],
    ["a body of blanks", " \n", { contentType: json }, false],
    ["an empty object", "{}", { contentType: json }, false],
    ["a message in JSON", whole, { contentType: json }, true],
    ["a message after kilobytes of blanks", " ".repeat(5_000) + whole, { contentType: json }, true],
    ["JSON cut in the middle", whole.slice(0, 60), { contentType: json }, false],
    ["JSON cut before its last brace", whole.slice(0, -1), { contentType: null }, false],
    ["an empty error response", "", { status: 529, contentType: json }, true],
    ["an error response cut in the middle", '{"type":"err', { status: 500, contentType: json }, true],
    ["a response to HEAD", "", { method: "HEAD", endpoint: "models", contentType: json }, true],
    ["a token count", '{"input_tokens":7}', { endpoint: "count_tokens", contentType: json }, true],
    ["an empty token count", "", { endpoint: "count_tokens", contentType: json }, false],
    [
      "a token count cut in the middle",
      '{"input_tok',
      { endpoint: "count_tokens", contentType: json },
      false,
    ],
    ["a list of models", '{"data":[]}', { endpoint: "models", method: "GET", contentType: json }, true],
    ["a list of models cut in the middle", '{"data":[', { endpoint: "models", contentType: json }, false],
    [
      "a completion with a stop reason",
      completion(null) + completion("max_tokens"),
      { endpoint: "complete", contentType: SSE },
      true,
    ],
    ["a completion without", completion(null), { endpoint: "complete", contentType: SSE }, false],
    ["an empty completion", "", { endpoint: "complete", contentType: SSE }, false],
    ["batch results", results, { endpoint: "batch_results", contentType: "application/x-jsonl" }, true],
    ["no batch results", "", { endpoint: "batch_results", contentType: "application/x-jsonl" }, false],
    ["a file that begins like an error", '{"error":{"type":"a"}}', { endpoint: "file_content" }, true],
    ["a file that is no JSON", '{"a":', { endpoint: "file_content", contentType: json }, true],
    ["an unknown endpoint", "", { endpoint: "other", contentType: json }, true],
    ["the beginning of a long stream", STREAM_START + block, { contentType: SSE, isWhole: false }, null],
    ["a body that cannot be decoded", "\u0001", { contentType: SSE, isWhole: false }, null],
    ["a whole body that broke off", whole, { outcome: "upstream_failed", contentType: json }, true],
    ["a list that broke off", "[1,", { endpoint: "other", outcome: "upstream_failed" }, false],
    ["a session cut in the middle", '{"id":"s', { endpoint: "session", contentType: json }, false],
    ["a list of skills cut in the middle", '{"data":[', { endpoint: "skills", contentType: null }, false],
    ["JSON of an unknown endpoint cut in the middle", '[{"a":1},', { endpoint: "other" }, false],
    ["text of an unknown endpoint", "{", { endpoint: "other", contentType: "text/plain" }, true],
    ["JSON of an unknown endpoint", "[1]", { endpoint: "other", contentType: json }, true],
    ["no work of an environment", "null", { endpoint: "environment_work", contentType: json }, true],
    ["events of a session", ": open\n\n", { endpoint: "session_stream", contentType: SSE }, true],
    ["a stop without a start", delta + stop, { contentType: SSE }, false],
    ["pings and a stop", event({ type: "ping" }) + stop, { contentType: SSE }, false],
    [
      "a stop after an error",
      STREAM_START + event({ type: "error", error: { type: "api_error" } }) + stop,
      { contentType: SSE },
      false,
    ],
    [
      "a stream with a byte order mark and CR",
      `\ufeff${STREAM_START + delta + stop}`.replaceAll("\n", "\r"),
      {},
      true,
    ],
    ["a stream with two starts", STREAM_START + STREAM_START + delta + stop, { contentType: SSE }, true],
    ["a deletion without content", "", { status: 204, method: "DELETE", endpoint: "file" }, true],
    ["what a client has already", "", { status: 304, method: "GET", endpoint: "models" }, true],
    ["a redirect of an unknown endpoint", "", { status: 302, method: "GET", endpoint: "other" }, true],
    ["a redirect of a file", "", { status: 302, method: "GET", endpoint: "file_content" }, true],
  ])("%s", (_, body, about, ended) => {
    const response = read(body, about);
    expect([response.ended, response.isUnexpected]).toEqual([ended, UNEXPECTED.includes(_)]);
  });

  test.each<[string, string, Partial<ResponseBytes>]>([
    ["a page", "<!doctype html><title>Sign in</title>", { contentType: "text/html" }],
    ["a page under the label of a stream", "<html>", { contentType: SSE }],
    ["text", "ok", { contentType: "text/plain" }],
    ["an array", "[]", {}],
    ["null", "null", {}],
    ["a number", "200", {}],
    ["other JSON", '{"code":500}', {}],
    ["other JSON without a type", '{"code":500}', { contentType: null }],
    ["no content", "", { status: 204, contentType: null }],
    ["a redirect", "", { status: 302, contentType: null }],
    ["a redirect with a page", "<html>", { status: 307, contentType: "text/html" }],
    ["not modified", "", { status: 304, contentType: null }],
    ["an unrecorded redirect", "", { status: 302, isWhole: false }],
    ["no token count", '{"code":500}', { endpoint: "count_tokens" }],
    ["events instead of a token count", event({ type: "ping" }), { endpoint: "count_tokens" }],
    ["no list", '{"code":500}', { endpoint: "models", method: "GET" }],
    ["no batch", '{"data":[]}', { endpoint: "batches" }],
    ["a page instead of batch results", "<html>", { endpoint: "batch_results", contentType: "text/html" }],
    ["a page instead of a session", "<html>", { endpoint: "session", contentType: "text/html" }],
    [
      "a page instead of a session's events",
      "<html>",
      { endpoint: "session_stream", contentType: "text/html" },
    ],
  ])("%s is no response of the endpoint", (_, body, about) => {
    expect(read(body, about)).toMatchObject({
      ended: false,
      isUnexpected: true,
      message: null,
      errorType: null,
    });
  });

  test.each([
    ["zeros before them", [{ input_tokens: 0 }, { input_tokens: 9 }], 9],
    ["nothing after them", [{ input_tokens: 9 }, {}], 9],
    ["the same", [{ input_tokens: 9 }, { input_tokens: 9 }], 9],
  ])("of two starts with %s the counts are not added", (_, usages, expected) => {
    const starts = usages.map((usage) => event({ type: "message_start", message: { ...MESSAGE, usage } }));
    expect(read(starts.join("") + delta + stop, { contentType: SSE }).usage).toEqual({
      input_tokens: expected,
      output_tokens: 3,
    });
  });

  test("usage after message_stop is the final one; without any the usage is a floor", () => {
    expect(read(STREAM_START + stop + delta, { contentType: SSE })).toMatchObject({
      usage: { output_tokens: 3 },
      usagePartial: false,
      ended: true,
    });
    expect(read(STREAM_START + stop, { contentType: SSE })).toMatchObject({
      usagePartial: true,
      ended: true,
    });
  });

  test.each([
    ["JSON", { type: "error", error: { type: "api_error", message: "no" } }, "api_error"],
    ["JSON without a type of the error", { type: "error", message: "no" }, "error"],
    ["JSON of a gateway", { error: { type: "rate_limit", message: "no" } }, "rate_limit"],
    ["JSON of a gateway, as text", { error: "no" }, "no"],
  ])("an error inside a 200 as %s has a type", (_, body, type) => {
    expect(read(body)).toMatchObject({ errorType: type, usage: null, ended: true });
  });

  test.each([
    [
      "first",
      event({ type: "error", error: { type: "overloaded_error", message: "m" } }),
      "overloaded_error",
    ],
    [
      "later",
      STREAM_START + event({ type: "error", error: { type: "api_error", message: "m" } }),
      "api_error",
    ],
    ["later, before a stop", STREAM_START + event({ type: "error", error: {} }) + stop, "error"],
    ["first and unnamed", 'data: {"error":{"type":"api_error","message":"m"}}\n\n', "api_error"],
    ["first and no JSON", "event: error\ndata: Overloaded\n\n", "error"],
  ])("an error inside a 200 as %s event has a type", (_, body, type) => {
    expect(read(body, { contentType: SSE }).errorType).toBe(type);
  });

  test("a run or a batch that records an error of its own is no error", () => {
    const run = { type: "deployment_run", error: { type: "timeout", message: "m" } };
    expect(read(run, { endpoint: "deployment_runs" }).errorType).toBeNull();
    expect(read({ ...MESSAGE, error: null }).errorType).toBeNull();
  });
});
