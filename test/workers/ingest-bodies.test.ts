/** Bodies of every kind through ingest: what is archived is what was sent. */
import { createHash } from "node:crypto";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import {
  readAssistantMessage,
  readRequestBody,
  readRequestHeaders,
  readResponseBody,
  readResponseHeaders,
} from "../../workers/store/content/request-body.ts";
import { reader } from "../../workers/store/db/db.ts";
import { messageStream, type ExchangeOptions, makeExchange, messageRequest } from "../support/exchanges.ts";
import { resetStorage, storedRow, ACKNOWLEDGED, ingest } from "../support/worker-ingest.ts";
import { queryRows } from "../support/worker-database.ts";

beforeEach(resetStorage);

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const hex = (bytes: Uint8Array | null) =>
  bytes && Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** Stores an exchange and reads everything stored of it, as the API does. */
async function archived(options: ExchangeOptions) {
  const exchange = makeExchange(options);
  expect(await ingest(exchange)).toEqual(ACKNOWLEDGED);
  const row = await storedRow(exchange.id);
  const db = reader(loadConfig(env));
  return {
    sent: exchange.request.body,
    row,
    request: await readRequestBody(db, row),
    response: await readResponseBody(db, row),
    message: decode(await readAssistantMessage(db, row)),
    headers: await readRequestHeaders(db, row),
    responseHeaders: await readResponseHeaders(db, row),
  };
}

/** Random bytes, which do not compress. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, length)));
  return bytes;
}

describe("a request body", () => {
  it("is read back to the byte with its hash, in any formatting", async () => {
    const bodies = [
      '{ "model":"m", "messages" : [ {"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]} ,\n{"role":"user","content":"b"}],"system":"s\\u00e9","tools":[{"name":"t"}]}\n',
      '{"messages":[],"model":"m"}',
      "{}",
      '["not an object"]',
      "not JSON",
      "\ufeff{}",
      "   ",
      '{"model":"m","model":"n","messages":[{"role":"user","content":1e400}]}',
    ];
    for (const requestBody of bodies) {
      const { row, sent, request } = await archived({ requestBody });
      expect(decode(request)).toBe(decode(sent));
      expect(hex(row.bodySha256)).toBe(hash(sent));
      expect(row.bodyBytes).toBe(sent.length);
    }
  });

  it("of five incompressible megabytes, and one with an element as large, is read back", async () => {
    const bytes = noise(5_000_000);
    const { row, request } = await archived({ requestBody: bytes });
    expect(row.bodyKind).toBe("bytes");
    expect(hash(request!)).toBe(hash(bytes));
    const text = messageRequest(Array.from(bytes.subarray(0, 2_500_000)).join(""));
    const large = await archived({ requestBody: text });
    expect(large.row).toMatchObject({ bodyKind: "json", messageCount: 1, model: "claude-opus-5-5" });
    expect(hash(large.request!)).toBe(hash(large.sent));
  });

  it("that was truncated keeps its beginning, its size and the hash of the whole", async () => {
    const head = encode(JSON.stringify(messageRequest("x".repeat(500))).slice(0, 300));
    const whole = "ab".repeat(32);
    const { row, request } = await archived({
      requestBody: head,
      requestMetadata: { body: { recorded: "head", bytes: 40_000_000, sha256: whole } },
    });
    expect(decode(request)).toBe(decode(head));
    expect(row).toMatchObject({ bodyKind: "bytes", bodyTruncated: true, bodyBytes: 40_000_000 });
    expect(row).toMatchObject({ model: "claude-opus-5-5", stream: true });
    expect(hex(row.bodySha256)).toBe(whole);
  });

  it("of a request without one is none", async () => {
    const { row, request } = await archived({
      requestBody: new Uint8Array(0),
      responseBody: '{"data":[]}',
      requestMetadata: { method: "GET", path: "/v1/models", query: "?limit=1000" },
      responseMetadata: { headers: { "content-type": "application/json" } },
    });
    expect(request).toBeNull();
    expect(row).toMatchObject({ bodyKind: "none", bodyBytes: 0, endpoint: "models", requestType: "models" });
    expect(row).toMatchObject({ model: null, usagePartial: false, inputTokens: null });
  });

  it("with an MCP token is masked", async () => {
    const mcp_servers = [{ type: "url", url: "https://mcp.example", authorization_token: "hush-hush" }];
    const { row, request } = await archived({ requestBody: messageRequest("Hello", { mcp_servers }) });
    expect(decode(request)).not.toContain("hush-hush");
    expect(row.bodyMasked).toBe(true);
    expect(hex(row.bodySha256)).toBe(hash(request!));
  });

  it("compressed with a secret in it is stored decompressed and masked", async () => {
    const mcp_servers = [{ url: "https://mcp.example", authorization_token: "hush-hush" }];
    const requestBody = gzipSync(JSON.stringify(messageRequest("Hello", { mcp_servers })));
    const headers = { "content-encoding": "gzip" };
    const { row, request } = await archived({ requestBody, requestMetadata: { headers } });
    expect(decode(request)).toContain('"authorization_token":"***"');
    expect(row).toMatchObject({ bodyMasked: true, bodyKind: "json", messageCount: 1, receivedBodyId: null });
    expect(hex(row.bodySha256)).toBe(hash(request!));
  });

  it("declared compressed but not so is stored as sent", async () => {
    const headers = { "content-encoding": "gzip, tomorrow" };
    const { row, request, sent } = await archived({ requestMetadata: { headers } });
    expect(hash(request!)).toBe(hash(sent));
    expect(row.model).toBe("claude-opus-5-5");
  });
});

describe("a response", () => {
  it("is read back to the byte and as its message", async () => {
    const responseBody = messageStream("Well – naïve.");
    const { response, message, row } = await archived({ responseBody });
    expect(decode(response)).toBe(responseBody);
    expect(JSON.parse(message!)).toEqual({ role: "assistant", content: "Well – naïve." });
    expect(row.responseBytes).toBe(encode(responseBody).length);
  });

  it("of nine random megabytes is read back", async () => {
    const responseBody = noise(9_000_000);
    const { response } = await archived({
      responseBody,
      requestMetadata: { method: "GET", path: "/v1/files/f/content" },
      responseMetadata: { headers: { "content-type": "application/octet-stream" } },
    });
    expect(hash(response!)).toBe(hash(responseBody));
  });

  it("in a coding that the runtime does not decode is decoded", async () => {
    const text = messageStream("Packed");
    const coded = [
      [deflateSync(text), "deflate"],
      [deflateRawSync(text), "deflate"],
      [zstdCompressSync(text), "zstd"],
      [brotliCompressSync(text), "br"],
      [gzipSync(deflateSync(text)), "deflate, gzip"],
    ] as const;
    for (const [responseBody, bodyCoding] of coded) {
      const { response, row } = await archived({ responseBody, responseMetadata: { bodyCoding } });
      expect(decode(response)).toBe(text);
      expect(row).toMatchObject({ stopReason: "end_turn", responseBytes: encode(text).length });
    }
  });

  it("truncated in such a coding is decoded as far as possible", async () => {
    const text = messageStream(Array.from({ length: 20_000 }, (_, n) => `${n * 7919} `).join(""));
    for (const [coded, bodyCoding] of [
      [deflateSync(text), "deflate"],
      [brotliCompressSync(text), "br"],
    ] as const) {
      const { response } = await archived({
        responseBody: coded.subarray(0, Math.floor(coded.length * 0.8)),
        responseMetadata: { bodyCoding, outcome: "client_gone" },
      });
      expect(text.startsWith(decode(response)!), bodyCoding).toBe(true);
      expect(response!.length).toBeGreaterThan(text.length / 3);
    }
  });

  it("that is a compressed file stays compressed", async () => {
    const responseBody = gzipSync("a file");
    const { response } = await archived({
      responseBody,
      requestMetadata: { method: "GET", path: "/v1/files/f/content" },
      responseMetadata: { headers: { "content-type": "application/gzip" } },
    });
    expect(hash(response!)).toBe(hash(responseBody));
  });

  it("in an unknown coding is stored as sent", async () => {
    const responseBody = noise(1_000);
    const { response, row } = await archived({ responseBody, responseMetadata: { bodyCoding: "tomorrow" } });
    expect(hash(response!)).toBe(hash(responseBody));
    expect(row).toMatchObject({ stopReason: null, responseBytes: 1_000, usagePartial: true });
  });

  it("that is never recorded leaves its size", async () => {
    const { response, row } = await archived({
      responseBody: new Uint8Array(0),
      requestMetadata: { path: "/v1/oauth/token", body: { recorded: "none", bytes: 90, sha256: null } },
      responseMetadata: { body: { recorded: "none", bytes: 120, sha256: null } },
    });
    expect(response).toBeNull();
    expect(row).toMatchObject({ responseBytes: 120, bodyBytes: 90, bodyKind: "none", endpoint: "oauth" });
  });
});

describe("headers", () => {
  it("of requests are shared between exchanges, in any order and with any content-length", async () => {
    const headers = { "user-agent": "claude-cli/2.1.330", "x-app": "cli", "content-length": "17" };
    const turned = { "x-app": "cli", "content-length": "18", "user-agent": "claude-cli/2.1.330" };
    const first = await archived({ requestMetadata: { headers } });
    const second = await archived({ requestMetadata: { headers: turned } });
    expect(first.row.requestHeadersId).toBe(second.row.requestHeadersId);
    expect(first.headers).toEqual({ "user-agent": "claude-cli/2.1.330", "x-app": "cli" });
    expect(await queryRows("SELECT count(*)::int AS n FROM requests")).toEqual([{ n: 2 }]);
  });

  it("of responses are shared too, rate limits included, except for ids", async () => {
    const headers = {
      "content-type": "text/event-stream",
      "request-id": "req_7",
      "anthropic-ratelimit-unified-5h-utilization": "1.04",
      "retry-after": "12",
      "cf-ray": "9a2b3c4d5e6f7a8b-AMS",
    };
    const first = await archived({ responseMetadata: { headers } });
    const second = await archived({
      responseMetadata: { headers: { ...headers, "request-id": "req_8", "cf-ray": "9a2b3c4d5e6f7a8c-AMS" } },
    });
    expect(first.responseHeaders).toEqual(headers);
    expect(second.responseHeaders).toMatchObject({ "request-id": "req_8", "cf-ray": "9a2b3c4d5e6f7a8c-AMS" });
    expect(first.row.responseHeadersId).toBe(second.row.responseHeadersId);
    expect(first.row.upstreamRequestId).toBe("req_7");
  });
});
