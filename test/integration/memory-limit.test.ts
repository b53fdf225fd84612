/** Bodies that take many times their size in memory are read within the memory of an isolate. Each in a process of its own, with a limited heap. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { childEnvironment } from "../support/child-environment.ts";
import { temporaryDirectory } from "../support/local-stack.ts";

const READER = fileURLToPath(new URL("../support/worker-read-body.ts", import.meta.url));
/** An isolate has 128 MB, of which the code and the bytes of the body take some. */
const HEAP_MB = 96;
/** Resident memory with the garbage that a heap of this size holds, and the body. */
const MAX_USED_MB = 160;
const MB = 1_048_576;

const directory = await temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Read {
  usedMB: number;
  unread: string | null;
  model: string | null;
  kind: string;
  isKept: boolean;
  isMasked: boolean;
  outcome: string;
  outputTokens?: number;
}

function read(
  part: "request" | "response",
  body: string | Uint8Array,
  metadata: object = {},
  options: { isUnread?: boolean } = {},
): Read {
  const file = join(directory, "body");
  writeFileSync(file, body);
  const node = [`--max-heap-size=${HEAP_MB}`, "--no-warnings", READER];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...node, part, file, JSON.stringify(metadata), JSON.stringify(options)],
    { encoding: "utf8", env: childEnvironment() },
  );
  expect(status, stderr.slice(0, 500)).toBe(0);
  const result = JSON.parse(stdout) as Read;
  expect(result.usedMB).toBeLessThan(MAX_USED_MB);
  return result;
}

const many = (count: number, make: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => make(n)).join(",");
const words = (bytes: number) => "ab ".repeat(bytes / 3);
const requestWith = (members: string) => `{"model":"claude-opus-5-5","max_tokens":5,${members}}`;
const messages = (list: string) => requestWith(`"messages":[${list}]`);
const user = (text: string) => `{"role":"user","content":"${text}"}`;

/** The body's bytes are kept, what is small is read. */
const KEPT = { unread: "too_large", model: "claude-opus-5-5", kind: "json", isKept: true };

describe("a request", () => {
  test.each<[string, () => string]>([
    ["of one message of 31 MB", () => messages(user(words(31 * MB)))],
    [
      "of one message of 31 MB with a character outside of Latin-1",
      () => messages(user(`${words(31 * MB)}🙂`)),
    ],
    ["of 19,999 messages and 31 MB", () => messages(many(19_999, (n) => user(`${n} ${words(1_500)}`)))],
    ["of 9,999 messages and 31 MB", () => messages(many(9_999, (n) => user(`${n} ${words(3_000)}`)))],
    ["of 300,000 messages and 11 MB", () => messages(many(300_000, (n) => user(`${n}`)))],
    [
      "of two million objects",
      () => messages(`{"role":"user","content":[${many(2e6, (n) => `{"a${n}":0}`)}]}`),
    ],
    ["of nine million lists", () => messages(`{"role":"user","content":[${many(9e6, () => "[]")}]}`)],
    ["of three messages of 10 MB", () => messages(many(3, () => user(words(10 * MB))))],
    [
      "of 31 MB of system prompts",
      () =>
        requestWith(
          `"system":[${many(9_000, (n) => `{"type":"text","text":"${n} ${words(3_300)}"}`)}],"messages":[${user("hi")}]`,
        ),
    ],
    [
      "of two million members beside its messages",
      () => requestWith(`"metadata":{${many(2e6, (n) => `"m${n}":0`)}},"messages":[${user("hi")}]`),
    ],
  ])(
    "%s is stored, and read as far as it is small",
    (_, make) => {
      expect(read("request", make())).toMatchObject(KEPT);
    },
    120_000,
  );

  test("of 10,000 messages, tools and system prompts each is read", () => {
    const body = requestWith(
      `"tools":[${many(9_999, (n) => `{"name":"t${n}"}`)}],"system":[${many(9_999, (n) => `{"type":"text","text":"${n}"}`)}],"messages":[${many(9_999, (n) => user(`${n}`))}]`,
    );
    expect(read("request", body)).toMatchObject({ ...KEPT, unread: null });
  });

  test("of 31 KB that unpacks to 31 MB is stored as received", () => {
    const body = gzipSync(messages(user(" ".repeat(31 * MB))));
    expect(body.length).toBeLessThan(40_000);
    const metadata = { headers: { "content-encoding": "gzip" } };
    expect(read("request", body, metadata)).toMatchObject({ ...KEPT, kind: "bytes", model: null });
  });
});

const fill = (unit: string, bytes = 31 * MB) => unit.repeat(bytes / unit.length);

describe("a request of 31 MB of secrets", () => {
  test.each<[string, () => string | Uint8Array, object?]>([
    ["in JSON", () => requestWith(`"metadata":[${fill('{"api_key":"x"},')}0]`)],
    ["in broken JSON", () => fill('{"api_key":"b",')],
    ["in URLs", () => fill('"a":"http://a:b@c",')],
    ["in long URLs", () => fill(`"a":"http://a:b@c/${words(3_000).replaceAll(" ", "&")}?token=",`)],
    ["in JSON in a string", () => `{"a":"${fill('{\\"token\\":\\"b\\"},')}"}`],
    ["that are masked", () => fill('{"api_key":"***",')],
    ["in a form", () => fill("a=b&api_key=c&")],
    ["in a multipart form", () => fill('--x\r\nname="api_key"\r\n\r\nsecret\r\n')],
    [
      "in a coding",
      () => gzipSync(`${fill('{"api_key":"b",', 6 * MB)}${randomBytes(80_000).toString("hex")}`),
      { headers: { "content-encoding": "gzip" } },
    ],
  ])(
    "%s is stored and masked, also unread",
    (_, make, metadata) => {
      const body = make();
      const stored = { kind: "bytes", isKept: true, isMasked: true };
      expect(read("request", body, metadata)).toMatchObject({ ...stored, unread: null });
      if (metadata === undefined)
        expect(read("request", body, {}, { isUnread: true })).toMatchObject({ ...stored, unread: "failed" });
    },
    120_000,
  );
});

const JSON_TYPE = { headers: { "content-type": "application/json" } };
const EVENTS_TYPE = { headers: { "content-type": "text/event-stream" } };
const response = (content: string) =>
  `{"type":"message","role":"assistant","model":"claude-opus-5-5","content":[${content}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":20}}`;

function events(make: (n: number) => string): string {
  const start = `data: {"type":"message_start","message":{"type":"message","role":"assistant","model":"claude-opus-5-5","content":[],"usage":{"input_tokens":12,"output_tokens":1}}}\n\n`;
  const end = `data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}\n\ndata: {"type":"message_stop"}\n\n`;
  const parts: string[] = [];
  for (let n = 0, bytes = 0; bytes < 31 * MB; n++, bytes += parts.at(-1)!.length)
    parts.push(`data: ${make(n)}\n\n`);
  return start + parts.join("") + end;
}
const textDelta = (text: string, more = "") =>
  `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${text}"${more}}}`;
const delta = (fields: string) => `{"type":"content_block_delta","index":0,"delta":{${fields}}}`;

describe("a response", () => {
  test.each<[string, () => string, object]>([
    ["of a text of 31 MB", () => response(`{"type":"text","text":"${words(31 * MB)}"}`), JSON_TYPE],
    ["of two million objects", () => response(many(2e6, (n) => `{"a${n}":0}`)), JSON_TYPE],
    ["with pieces of text of 900 KB", () => events(() => textDelta(words(900_000))), EVENTS_TYPE],
    ["with unknown events", () => events((n) => `{"type":"tomorrow","n":${n}}`), EVENTS_TYPE],
    [
      "with blocks",
      () =>
        events(
          (n) => `{"type":"content_block_start","index":${n},"content_block":{"type":"text","text":""}}`,
        ),
      EVENTS_TYPE,
    ],
    [
      "with citations",
      () => events((n) => delta(`"type":"citations_delta","citation":{"a":${n}}`)),
      EVENTS_TYPE,
    ],
    ["with unknown members", () => events((n) => textDelta("", `,"x":${n}`)), EVENTS_TYPE],
    [
      "with members of the message",
      () => events((n) => `{"type":"message_delta","delta":{"k${n}":1}}`),
      EVENTS_TYPE,
    ],
    [
      "with members of the usage",
      () => events((n) => `{"type":"message_delta","usage":{"k${n}":1,"output_tokens":20}}`),
      EVENTS_TYPE,
    ],
  ])(
    "%s is stored, with its end and its usage",
    (_, make, metadata) => {
      const expected = { unread: "too_large", isKept: true, outcome: "complete", outputTokens: 20 };
      expect(read("response", make(), metadata)).toMatchObject(expected);
    },
    120_000,
  );

  test.each<[string, () => string, object]>([
    ["of lines without an end", () => fill("data:\n"), { unread: null, outcome: "upstream_failed" }],
    ["of lines that are no fields", () => fill("x\n"), { unread: null, outcome: "upstream_failed" }],
    [
      "with an event of five million lines",
      () => events((n) => (n === 0 ? `\n${fill("data:\n")}` : "{}")),
      { unread: "too_large", outcome: "complete", outputTokens: 20 },
    ],
  ])("%s is stored", (_, make, expected) => {
    expect(read("response", make(), EVENTS_TYPE)).toMatchObject({ isKept: true, ...expected });
  });

  test("of 128,000 events of a token each is read", () => {
    const event = textDelta("abc ");
    const stream = events(() => event);
    const start = stream.slice(0, stream.indexOf(event) - 6);
    const end = stream.slice(stream.lastIndexOf(event) + event.length + 2);
    const body = start + `data: ${event}\n\n`.repeat(128_000) + end;
    expect(read("response", body, EVENTS_TYPE)).toMatchObject({ unread: null, outcome: "complete" });
  });
});
