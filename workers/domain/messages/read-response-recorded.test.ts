/** Every recorded response of Claude Code is read, and read again after the stream was cut or re-lined. */
import { describe, expect, test } from "vitest";
import { loadRecordings, recordingKey, responseBytes } from "../../../test/support/recordings.ts";
import { toolCallBlocks } from "./content.ts";
import { readResponse, type AssembledResponse } from "./read-response.ts";

const recordings = loadRecordings().map((recording) => ({
  key: recordingKey(recording),
  status: recording.response.status,
  contentType: String(recording.response.headers["content-type"]),
  body: new Uint8Array(responseBytes(recording)),
  text: typeof recording.response.body === "string" ? recording.response.body : "",
}));
type Recorded = (typeof recordings)[number];

const read = ({ status, contentType }: Recorded, body: Uint8Array): AssembledResponse =>
  readResponse({ status, contentType, body, outcome: status === 499 ? "client_gone" : "complete" });

/** Text, thinking and tool input of the stream, put together without any of our code. */
function textOf({ text }: Recorded): string {
  const pieces = text.matchAll(/^data: (\{"type":"content_block_delta".*\})$/gm);
  return Array.from(pieces, ([, json]) => {
    const { delta } = JSON.parse(json!) as { delta: Record<string, string> };
    return delta["text"] ?? delta["thinking"] ?? "";
  }).join("");
}

function prose(message: AssembledResponse["message"]): string {
  const content = (message?.["content"] ?? []) as Record<string, string>[];
  return content.map((block) => block["text"] ?? block["thinking"] ?? "").join("");
}

const streams = recordings.filter(({ contentType }) => contentType.includes("event-stream"));
const whole = streams.filter(({ status }) => status === 200);

test("there are streams, abandoned streams and errors among the recordings", () => {
  expect([whole.length, streams.length, recordings.length]).toEqual([233, 234, 236]);
});

test.each(whole)("$key is read to its end", (recorded) => {
  const response = read(recorded, recorded.body);
  expect(response).toMatchObject({ ended: true, usagePartial: false, errorType: null, errorMessage: null });
  expect(response.modelServed).toMatch(/^claude-/);
  expect(response.stopReason).toMatch(/^(end_turn|tool_use)$/);
  expect(response.message).toMatchObject({
    type: "message",
    role: "assistant",
    stop_reason: response.stopReason,
  });
  expect(response.message).not.toHaveProperty("_nexus");
  expect(JSON.stringify(response.message)).not.toContain("_nexus");
  expect(prose(response.message)).toBe(textOf(recorded));

  const content = response.message!["content"] as Record<string, unknown>[];
  expect(content).toHaveLength(recorded.text.match(/^event: content_block_start$/gm)!.length);
  const calls = toolCallBlocks(content);
  expect(Object.values(response.toolCalls).reduce((a, b) => a + b, 0)).toBe(calls.length);
  for (const call of calls) expect(call["input"]).toBeTypeOf("object");

  const outputs = Array.from(recorded.text.matchAll(/"output_tokens":(\d+)/g), ([, count]) => Number(count));
  expect(response.usage).toMatchObject({ output_tokens: outputs.at(-1) });
  expect(response.usage).toHaveProperty("cache_creation.ephemeral_5m_input_tokens");
});

test("the abandoned stream gives what had come", () => {
  const recorded = streams.find(({ status }) => status === 499)!;
  const response = read(recorded, recorded.body);
  expect(response).toMatchObject({ ended: false, usagePartial: true, stopReason: null });
  expect(response.usage).toMatchObject({ input_tokens: 7 });
  expect(prose(response.message)).toBe(textOf(recorded));
  expect(prose(response.message).length).toBeGreaterThan(24);
});

test.each(recordings.filter(({ status }) => status !== 200 && status !== 499))(
  "$key tells its error",
  (recorded) => {
    expect(read(recorded, recorded.body)).toMatchObject({
      message: null,
      usage: null,
      errorType: recorded.status === 429 ? "rate_limit_error" : "overloaded_error",
      errorMessage: recorded.status === 429 ? "Slow down" : "Overloaded",
      requestId: expect.stringMatching(/^req_/) as string,
      ended: true,
    });
  },
);

describe("a stream cut anywhere", () => {
  // The longest with tools, the longest at all, and one short one at every byte.
  const byLength = whole.toSorted((a, b) => b.body.length - a.body.length);
  const samples = new Set([
    byLength[0]!,
    byLength.at(-1)!,
    byLength.find(({ text }) => text.includes("tool_use"))!,
  ]);
  const endings: [string, (text: string) => string][] = [
    ["LF", (text) => text],
    ["CR", (text) => text.replaceAll("\n", "\r")],
    ["CRLF", (text) => text.replaceAll("\n", "\r\n")],
  ];

  test.each(endings)("with lines that end in %s is read as far as it goes", (_, rewrite) => {
    for (const recorded of samples) {
      const body = new TextEncoder().encode(rewrite(recorded.text));
      const full = read(recorded, body);
      expect(full.message).toEqual(read(recorded, recorded.body).message);
      const step = Math.max(1, Math.floor(body.length / 1_500));
      let before = "";
      for (let cut = 0; cut < body.length; cut += step) {
        const response = read(recorded, body.subarray(0, cut));
        const text = prose(response.message);
        // Each cut yields at least what the one before yields, and no more than the whole.
        if (!text.startsWith(before) || !prose(full.message).startsWith(text))
          expect(text).toBe(`from ${before}`);
        if (response.ended) expect(response.message).toEqual(full.message);
        before = text;
      }
    }
  });

  test("and damaged anywhere never throws", () => {
    const recorded = byLength.find(({ text }) => text.includes("tool_use"))!;
    for (let at = 0; at < recorded.body.length; at += 7) {
      const damaged = Uint8Array.from(recorded.body);
      damaged[at] = (at * 31) & 0xff;
      const response = read(recorded, damaged);
      expect(response.message === null || Array.isArray(response.message["content"])).toBe(true);
    }
  });
});
