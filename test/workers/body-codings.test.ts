/** Bodies that are compressed, in other encodings or damaged: readable like any other, and archived as received. */
import { createHash } from "node:crypto";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import type { Transcript } from "../../workers/schemas/api/conversations.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import type { SearchResults } from "../../workers/schemas/api/search.ts";
import { indexWaiting } from "../../workers/store/search/indexer.ts";
import { jsonResponse, makeExchange, messageRequest, messageStream, NOON } from "../support/exchanges.ts";
import { apiJson, call, store } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage, storedRow } from "../support/worker-ingest.ts";
import { assistant, user } from "../support/worker-linked-conversation.ts";

beforeEach(resetStorage);

const TEXT = "gzmarkertwo question – naïve";
const BODY = messageRequest(TEXT, { system: "Be brief." });
const JSON_TEXT = JSON.stringify(BODY);
const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string, isBigEndian: boolean) =>
  new Uint8Array(
    [...text].flatMap((character) => {
      const code = character.charCodeAt(0);
      return isBigEndian ? [code >> 8, code & 0xff] : [code & 0xff, code >> 8];
    }),
  );
const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

interface Kind {
  name: string;
  body: Uint8Array;
  headers?: Record<string, string>;
  /** The text of its user message. Default: TEXT. */
  text?: string;
}

const coded = (coding: string, body: Uint8Array): Kind => ({
  name: coding,
  body,
  headers: { "content-encoding": coding, "content-type": "application/json" },
});

const KINDS: Kind[] = [
  { name: "without a coding", body: utf8(JSON_TEXT) },
  coded("gzip", gzipSync(JSON_TEXT)),
  coded("X-Gzip", gzipSync(JSON_TEXT)),
  coded("br", brotliCompressSync(JSON_TEXT)),
  coded("zstd", zstdCompressSync(JSON_TEXT)),
  coded("deflate", deflateSync(JSON_TEXT)),
  { ...coded("deflate", deflateRawSync(JSON_TEXT)), name: "deflate without zlib's header" },
  coded("zstd, gzip", gzipSync(zstdCompressSync(JSON_TEXT))),
  coded("gzip, gzip", gzipSync(gzipSync(JSON_TEXT))),
  { ...coded("br", gzipSync(JSON_TEXT)), name: "gzip declared as br" },
  { ...coded("gzip", utf8(JSON_TEXT)), name: "no coding declared as gzip" },
  { ...coded("tomorrow", utf8(JSON_TEXT)), name: "no coding declared as an unknown one" },
  { name: "gzip without a content-encoding", body: gzipSync(JSON_TEXT) },
  { name: "zstd without a content-encoding", body: zstdCompressSync(JSON_TEXT) },
  { name: "a byte order mark", body: utf8(`\ufeff${JSON_TEXT}`) },
  { ...coded("gzip", gzipSync(`\ufeff${JSON_TEXT}`)), name: "a byte order mark in gzip" },
  { name: "UTF-16LE with a byte order mark", body: utf16(`\ufeff${JSON_TEXT}`, false) },
  { name: "UTF-16BE with a byte order mark", body: utf16(`\ufeff${JSON_TEXT}`, true) },
  { name: "UTF-16LE", body: utf16(JSON_TEXT, false) },
  { name: "UTF-16BE", body: utf16(JSON_TEXT, true) },
  {
    name: "Latin-1 by its charset",
    body: latin1(JSON_TEXT.replace("–", "-")),
    headers: { "content-type": "application/json; charset=ISO-8859-1" },
    text: TEXT.replace("–", "-"),
  },
  {
    name: "Latin-1 declared as UTF-8",
    body: latin1(JSON_TEXT.replace("–", "-")),
    headers: { "content-type": "application/json; charset=utf-8" },
    text: TEXT.replace("–", "-").replace("ï", "\ufffd"),
  },
  {
    name: "invalid UTF-8 in gzip",
    body: gzipSync(latin1(JSON_TEXT.replace("–", "-"))),
    headers: { "content-encoding": "gzip" },
    text: TEXT.replace("–", "-").replace("ï", "\ufffd"),
  },
  { name: "JSON declared as text", body: utf8(JSON_TEXT), headers: { "content-type": "text/plain" } },
  { name: "JSON without a content type", body: utf8(JSON_TEXT), headers: {} },
  {
    name: "a lone surrogate and NUL",
    body: utf8(JSON_TEXT.replace("naïve", "\\ud800 na\\u0000ïve")),
    text: TEXT.replace("naïve", "\ud800 na\0ïve"),
  },
  {
    name: "repeated keys",
    body: utf8(JSON_TEXT.replace("{", '{"model":"other","messages":[{"role":"user","content":"not this"}],')),
  },
];

const stored = async ({ body, headers = { "content-type": "application/json" } }: Kind) => {
  const [made] = await store({ requestBody: body, requestMetadata: { headers } });
  return made!;
};
const read = (id: string) => apiJson<RequestDetail>(`/api/requests/${id}`);
const search = async (words: string) =>
  (await apiJson<SearchResults>(`/api/search?q=${encodeURIComponent(words)}`)).results;

it.each(KINDS)("a request body in an unusual form is readable $name", async (kind) => {
  const { id } = await stored(kind);
  const messages = [{ role: "user", content: kind.text ?? TEXT }];
  const detail = await read(id);
  expect(detail).toMatchObject({ requestBody: { ...BODY, messages }, requestBodyState: "whole" });
  expect(detail).toMatchObject({ model: "claude-opus-5-5", stream: true, messageCount: 1 });

  const transcript = await apiJson<Transcript>(`/api/conversations/${detail.conversationId}/messages`);
  expect(transcript.messages).toMatchObject([messages[0]!, { role: "assistant" }]);
  await indexWaiting(loadConfig(env), 10_000);
  expect(await search("gzmarkertwo")).toMatchObject([{ requestId: id, role: "user" }]);

  const row = await storedRow(id);
  expect(row).toMatchObject({ bodyKind: "json", bodyBytes: kind.body.length, bodyMasked: false });
  expect(hex(row.bodySha256!)).toBe(sha256(kind.body));
  const download = await call(`/api/requests/${id}/body`);
  expect(hex(download.bytes)).toBe(hex(kind.body));
});

it("a request body in an unusual form is readable whatever the form of each turn, the conversation is one and its messages are stored once", async () => {
  const turns = [[user("One?")], [user("One?"), assistant("Well."), user("Two?")]];
  const later = [...turns[1]!, assistant("Well."), user("Three?")];
  const bodies = [...turns, later].map((messages) => JSON.stringify(messageRequest("", { messages })));
  const forms: Kind[] = [
    coded("gzip", gzipSync(bodies[0]!)),
    coded("br", brotliCompressSync(bodies[1]!)),
    { name: "UTF-16", body: utf16(`\ufeff${bodies[2]!}`, false) },
  ];
  const made = forms.map(({ body, headers }, n) =>
    makeExchange({
      startedAt: NOON + n * 10_000,
      requestBody: body,
      ...(headers && { requestMetadata: { headers } }),
    }),
  );
  // Delivered twice, the later ones first.
  for (const exchange of [...made.toReversed(), ...made]) await store(exchange);
  const rows = await Promise.all(made.map(({ id }) => storedRow(id)));
  expect(new Set(rows.map(({ conversationId }) => conversationId)).size).toBe(1);
  expect(rows.map(({ parentRequestId }) => parentRequestId)).toEqual([null, made[0]!.id, made[1]!.id]);
  const texts = await queryRows("SELECT 1 FROM nodes WHERE depth > 0 AND parent_id IS NOT NULL");
  expect(texts).toHaveLength(4);
});

describe("a request body that cannot be read as a whole", () => {
  it("shows the beginning of a compressed text that was cut, with its model", async () => {
    const long = JSON.stringify(messageRequest(Array.from({ length: 9_000 }, (_, n) => n * 7919).join(" ")));
    const compressed = gzipSync(long);
    const body = compressed.subarray(0, Math.floor(compressed.length * 0.8));
    const { id } = await stored(coded("gzip", body));
    const { requestBody, model, requestBodyState } = await read(id);
    expect(long.startsWith(requestBody as string)).toBe(true);
    expect((requestBody as string).length).toBeGreaterThan(long.length / 3);
    expect([model, requestBodyState]).toEqual(["claude-opus-5-5", "whole"]);
    expect(hex((await call(`/api/requests/${id}/body`)).bytes)).toBe(hex(body));
  });

  it("shows a text that was cut within a character", async () => {
    const whole = utf8('{"model":"claude-opus-5-5","system":"naïve');
    const [made] = await store({
      requestBody: whole.subarray(0, whole.length - 3),
      requestMetadata: { body: { recorded: "head", bytes: 40_000_000, sha256: "00".repeat(32) } },
    });
    const { requestBody } = await read(made!.id);
    expect(requestBody).toBe('{"model":"claude-opus-5-5","system":"na\ufffd');
  });

  it("keeps the bytes of a bomb unread", async () => {
    const bomb = gzipSync(new Uint8Array(40 * 1_048_576));
    const { id } = await stored(coded("gzip", bomb));
    expect(await storedRow(id)).toMatchObject({ bodyKind: "bytes", receivedBodyId: null });
    expect(await read(id)).toMatchObject({ requestBody: null, requestBodyState: "whole", model: null });
    expect(hex((await call(`/api/requests/${id}/body`)).bytes)).toBe(hex(bomb));
  });

  it("is not inlined where its text is large, though the compressed body is small", async () => {
    const text = Array.from({ length: 1_900_000 }, (_, n) => `${n} `).join("");
    const { id } = await stored(coded("gzip", gzipSync(JSON.stringify(messageRequest(text)))));
    expect(await read(id)).toMatchObject({
      requestBody: null,
      requestBodyState: "large",
      model: "claude-opus-5-5",
    });
  });

  it("shows no binary as text", async () => {
    const binary = new Uint8Array(4_096).map((_, n) => (n * 167 + (n >> 3)) & 0xff);
    for (const body of [binary, new Uint8Array([0xff, 0xfe, 0x00]), new Uint8Array([0, 1, 0, 2])]) {
      const { id } = await stored({ name: "binary", body });
      expect((await storedRow(id)).receivedBodyId).toBeNull();
      expect(hex((await call(`/api/requests/${id}/body`)).bytes)).toBe(hex(body));
    }
  });
});

describe("a response body in an unusual form is readable", () => {
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-opus-5-5",
    content: [{ type: "text", text: "na\ufffdve" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 12, output_tokens: 3 },
  };
  const text = JSON.stringify(message);

  it.each([
    ["JSON after a byte order mark", utf8(`\ufeff${text}`), {}],
    ["JSON that is not UTF-8", latin1(text.replace("\ufffd", "\u00ef")), {}],
    ["JSON declared as text", utf8(text), { headers: { "content-type": "text/plain" } }],
    ["JSON without a content type", utf8(text), { headers: {} }],
    ["a repeated key", utf8(text.replace("{", '{"model":"other",')), {}],
    ["zstd", zstdCompressSync(text), { bodyCoding: "zstd" }],
    ["stacked codings", gzipSync(brotliCompressSync(text)), { bodyCoding: "br, gzip" }],
    ["no coding declared as zstd", utf8(text), { bodyCoding: "zstd" }],
    ["zstd declared as deflate", zstdCompressSync(text), { bodyCoding: "deflate" }],
    ["gzip declared as none", gzipSync(text), { bodyCoding: "identity" }],
  ] as const)("%s", async (_name, body, metadata) => {
    const [made] = await store({
      responseBody: body,
      responseMetadata: { ...jsonResponse("").responseMetadata, ...metadata },
    });
    expect(await read(made!.id)).toMatchObject({
      responseBody: message,
      responseBodyState: "whole",
      failed: false,
      outcome: "complete",
      inputTokens: 12,
      modelServed: "claude-opus-5-5",
    });
  });

  it("a stream with NUL, lone surrogates and bytes that are not UTF-8", async () => {
    const stream = messageStream("a\0b \ud800 c").replace("b ", "b\u00ff ");
    const [made] = await store({ responseBody: latin1(stream) });
    expect(await read(made!.id)).toMatchObject({
      responseBody: { content: [{ type: "text", text: "a\0b\ufffd \ud800 c" }] },
      failed: false,
      outcome: "complete",
    });
  });
});
