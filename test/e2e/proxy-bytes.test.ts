/** The proxy passes bodies, statuses, headers, codings and pauses unchanged. Over real sockets. */
import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { headerOf, type Reply } from "../../scripts/local/fake-claude/server.ts";
import { RECORDED_HEAD_BYTES } from "../../workers/runtime/constants.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, JournalledPart, SendOptions, Sent, Tenant } from "../support/proxy-harness.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

const send = (options: SendOptions = {}) => tenant.send({ path: "/v1/things", ...options });
const raw = (given: Partial<Extract<Reply, { kind: "raw" }>>): Reply => ({
  kind: "raw",
  status: 200,
  headers: { "content-type": "application/json" },
  chunks: [{ delayMs: 0, bytes: Buffer.from("{}") }],
  ...given,
});
const bytes = (...texts: (string | Uint8Array)[]) =>
  texts.map((text, index) => ({ delayMs: index === 0 ? 0 : 60, bytes: Buffer.from(text) }));
const recorded = (sent: Sent) => harness.recorded(sent.id);

/** Expects the archive to have the first megabyte, the size and the hash of this body. */
function expectHead(part: JournalledPart, body: Buffer): void {
  expect(part.body.equals(body.subarray(0, RECORDED_HEAD_BYTES))).toBe(true);
  expect(part.metadata.body).toEqual({
    recorded: "head",
    bytes: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
  });
}

describe("a request body", () => {
  it.each([
    ["that is no JSON", "\u0000not json \ud83d\ude00 {"],
    ["that is empty JSON", "{}"],
    ["of invalid UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x80, 0x7d])],
    ["that is gzip'd", gzipSync("{}")],
    ["of exactly the size that is held", Buffer.alloc(1_048_576, "a")],
    ["of one byte more", Buffer.alloc(1_048_577, "b")],
  ])("%s arrives and is archived byte for byte", async (_, body) => {
    harness.respondWith(raw({}));
    const sent = await send({ body, headers: { "content-encoding": "gzip" } });
    const expected = Buffer.from(body);
    const received = harness.claude.requests[0]!;
    expect(received.body.equals(expected)).toBe(true);
    expect(headerOf(received, "content-encoding")).toBe("gzip");
    expect(headerOf(received, "content-length")).toBe(String(expected.length));
    const { request } = await recorded(sent);
    expect(request.body.equals(expected)).toBe(true);
    expect(request.metadata.body).toEqual({ recorded: "whole", bytes: expected.length, sha256: null });
    expect(request.metadata.headers["content-encoding"]).toBe("gzip");
  });

  it("sent in chunks stays chunked and is archived whole", async () => {
    harness.respondWith(raw({}));
    const body = randomBytes(300_000);
    const sent = await send({ body, chunked: true });
    const received = harness.claude.requests[0]!;
    expect(received.body.equals(body)).toBe(true);
    expect(headerOf(received, "content-length")).toBeUndefined();
    expect(headerOf(received, "transfer-encoding")).toBe("chunked");
    expect((await recorded(sent)).request.body.equals(body)).toBe(true);
  });

  it("of 33 MB passes; the archive has its first megabyte, its size and its hash", async () => {
    harness.respondWith(raw({}));
    const body = Buffer.alloc(33 * 1_048_576, randomBytes(999));
    const sent = await send({ body });
    expect(sent.status).toBe(200);
    const received = harness.claude.requests[0]!;
    expect(received.body.equals(body)).toBe(true);
    expect(headerOf(received, "content-length")).toBe(String(body.length));
    expectHead((await recorded(sent)).request, body);
  });

  it("of 32 MB is archived whole", async () => {
    harness.respondWith(raw({}));
    const body = Buffer.alloc(32 * 1_048_576, randomBytes(997));
    const { request } = await recorded(await send({ body }));
    expect(request.body.equals(body)).toBe(true);
    expect(request.metadata.body.recorded).toBe("whole");
  });

  it("is rejected where the method allows none", async () => {
    const sent = await send({ method: "GET", body: "{}" });
    expect(sent.status).toBe(400);
    expect(harness.claude.requests).toHaveLength(0);
  });
});

it("the request line and headers keep method, path and query as spelt", async () => {
  harness.respondWith(raw({}));
  const path = "/v1/files/a%20b;c=1?beta=true&x=%zz&y=/../z&q=a+b%2Fc&empty";
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) await send({ method, path });
  expect(harness.claude.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => `${method} ${path}`),
  );
});

it("the request line and headers pass Claude's headers and no others", async () => {
  const sent = await send({
    method: "GET",
    path: "/v1/models",
    headers: {
      "anthropic-version": "2026-10-21",
      "anthropic-beta": "one-2025-01-01,two-2025-02-02",
      "x-claude-code-session-id": "0e3c9d0a-6a0f-4b57-9d0c-0f4f3f0a7a11",
      "x-custom": "kept",
      "user-agent": "claude-cli/2.1.330",
      "accept-encoding": "gzip, deflate, br, zstd",
      cookie: "a=b",
      connection: "close, x-hop",
      "x-hop": "1",
      te: "trailers",
      "proxy-authorization": "Basic x",
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-proto": "https",
      "x-real-ip": "10.0.0.1",
      forwarded: "for=10.0.0.1",
      "true-client-ip": "10.0.0.1",
      "cf-connecting-ip": "10.0.0.1",
      "cf-ray": "1-FRA",
      "cdn-loop": "cloudflare",
      "x-nexus-anything": "x",
      "x-dashboard-key": "x",
    },
  });
  expect(sent.status).toBe(200);
  expect(harness.claude.violations).toEqual([]);
  const names = harness.claude.requests[0]!.headers.map(([name]) => name.toLowerCase()).sort();
  expect(names).toEqual(
    [
      "accept-encoding",
      "anthropic-beta",
      "anthropic-version",
      "host",
      "user-agent",
      "x-api-key",
      "x-claude-code-session-id",
      "x-custom",
    ].sort(),
  );
  expect(headerOf(harness.claude.requests[0]!, "anthropic-version")).toBe("2026-10-21");
  expect(headerOf(harness.claude.requests[0]!, "accept-encoding")).toBe("identity");
});

describe("a response", () => {
  it("keeps any status, reason, vendor headers and body", async () => {
    const html = "<!DOCTYPE html><h1>Bad Gateway</h1>";
    harness.respondWith(
      raw({
        status: 502,
        headers: {
          "content-type": "text/html",
          "content-length": String(html.length),
          "x-should-retry": "false",
          "set-cookie": "a=b",
          "keep-alive": "timeout=5",
        },
        chunks: bytes(html),
        vendorHeaders: true,
      }),
    );
    const sent = await send({ body: "{}" });
    expect([sent.status, sent.body.toString()]).toEqual([502, html]);
    expect(sent.headers).toMatchObject({
      "content-type": "text/html",
      "x-should-retry": "false",
      "content-length": String(html.length),
    });
    expect(sent.headers["request-id"]).toBe(harness.claude.requests[0]!.requestId);
    expect(sent.headers["anthropic-organization-id"]).toBeTruthy();
    expect(sent.headers["set-cookie"]).toBeUndefined();
    expect(harness.claude.requests).toHaveLength(1);
    const { response } = await recorded(sent);
    expect(response.metadata).toMatchObject({ outcome: "complete", status: 502, errorType: null });
    expect(response.body.toString()).toBe(html);
  });

  it.each([301, 302, 307, 308])("that redirects (%i) is passed on, not followed", async (status) => {
    harness.respondWith(raw({ status, headers: { location: "https://elsewhere.example/" }, chunks: [] }));
    const sent = await send({ body: "{}" });
    expect([sent.status, sent.headers.location]).toEqual([status, "https://elsewhere.example/"]);
    expect(harness.claude.requests).toHaveLength(1);
  });

  it.each([204, 304])("without a body (%i) is passed on and recorded", async (status) => {
    harness.respondWith(raw({ status, headers: { etag: "x" }, chunks: [] }));
    const sent = await send({ method: "GET", path: "/v1/models" });
    expect([sent.status, sent.body.length, sent.headers.etag]).toEqual([status, 0, "x"]);
    expect((await recorded(sent)).response.metadata).toMatchObject({ outcome: "complete", status });
  });

  it.each([101, 600, 999])(
    "with status %i, which no response has, is a 502 with its headers",
    async (status) => {
      harness.respondWith(raw({ status, headers: { "retry-after": "7" }, chunks: [] }));
      const sent = await send({ body: "{}" });
      expect([sent.status, sent.headers["retry-after"]]).toEqual([502, "7"]);
      expect(sent.body.toString()).toContain(`returned status ${status},`);
      expect((await recorded(sent)).response.metadata).toMatchObject({
        outcome: "upstream_failed",
        status: 502,
        errorType: "api_error",
        timeToFirstByteMs: null,
      });
    },
  );

  it("to HEAD has headers and no body", async () => {
    const sent = await send({ method: "HEAD", path: "/v1/models" });
    expect(harness.claude.requests[0]!.method).toBe("HEAD");
    expect(sent.body).toHaveLength(0);
    expect(sent.headers["request-id"]).toBe(harness.claude.requests[0]!.requestId);
  });

  it("that streams invalid UTF-8 and unknown events arrives byte for byte and chunk by chunk", async () => {
    const pieces = [
      "event: message_start\ndata: {}\n\n",
      Buffer.from([0xc3, 0x28, 0xff, 0x0a, 0x0a]),
      "event: never_heard_of\r\ndata: 1\r\n\r\n",
      ": ping\n\n",
      Buffer.from("é".repeat(3)).subarray(0, 5),
    ];
    harness.respondWith(raw({ headers: { "content-type": "text/event-stream" }, chunks: bytes(...pieces) }));
    const sent = await send({ body: "{}" });
    expect(sent.body.equals(Buffer.concat(pieces.map((piece) => Buffer.from(piece))))).toBe(true);
    expect(sent.chunks.length).toBe(pieces.length);
    expect(sent.chunks[0]!.at).toBeLessThan(sent.chunks.at(-1)!.at - 150);
    const { response } = await recorded(sent);
    expect(response.body.equals(sent.body)).toBe(true);
    expect(response.metadata).toMatchObject({ outcome: "complete", bodyCoding: "identity" });
  });

  it("of 40 MB passes; the archive has its first megabyte, its size and its hash", async () => {
    const piece = randomBytes(1_048_576);
    const headers = { "content-type": "application/octet-stream", "content-length": String(40 * 1_048_576) };
    harness.respondWith(
      raw({ headers, chunks: Array.from({ length: 40 }, () => ({ delayMs: 0, bytes: piece })) }),
    );
    const sent = await send({ method: "GET", path: "/v1/files/f/content" });
    expect(sent.headers["content-length"]).toBe(headers["content-length"]);
    expect(sent.body.length).toBe(40 * 1_048_576);
    expectHead((await recorded(sent)).response, sent.body);
  });
});

describe("an event stream", () => {
  const streaming = { "content-type": "text/event-stream; charset=utf-8" };

  it("that continues while its copy is drained reaches the client as it comes and is archived whole", async () => {
    // Busy, then silent when the copy is drained (5 s), then busy again.
    const at = [0, ...Array.from({ length: 40 }, () => 100), 2_500, ...Array.from({ length: 10 }, () => 30)];
    const chunks = at.map((delayMs, n) => ({
      delayMs,
      bytes: Buffer.from(`event: ping\ndata: {"n":${n},"pad":"${"x".repeat((n % 7) * 997)}"}\n\n`),
    }));
    harness.respondWith(raw({ headers: streaming, chunks }));
    const sent = await send();
    expect(sent.body.equals(Buffer.concat(chunks.map((chunk) => chunk.bytes)))).toBe(true);
    expect(sent.chunks.length).toBeGreaterThanOrEqual(chunks.length - 2);
    const { response } = await recorded(sent);
    expect(response.body.equals(sent.body)).toBe(true);
    expect(response.metadata).toMatchObject({ outcome: "complete" });
  });

  it("of 36 MB passes; the archive has its first megabyte, its size and its hash", async () => {
    const piece = randomBytes(1_048_576);
    harness.respondWith(
      raw({ headers: streaming, chunks: Array.from({ length: 36 }, () => ({ delayMs: 0, bytes: piece })) }),
    );
    const sent = await send();
    expect(sent.body.length).toBe(36 * 1_048_576);
    expectHead((await recorded(sent)).response, sent.body);
  });
});
