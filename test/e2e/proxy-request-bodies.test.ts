/** Request bodies that are empty, malformed or cut off. Over raw sockets. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Tenant } from "../support/proxy-harness.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

/** Instead of a packet: the client's end of its sending side. */
const END = "END";
const EMPTY: [string, string][] = [
  ["no body", "\r\n"],
  ["Content-Length: 0", "content-length: 0\r\n\r\n"],
  ["Content-Length: 00", "content-length: 00\r\n\r\n"],
  ["an empty chunked body", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
];
const METHODS = ["GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT", "PATCH"];
const CASES = METHODS.flatMap((method) => EMPTY.map(([name, rest]) => [method, name, rest] as const));

const LONG = "x".repeat(100_000);
/** Chunked bodies that end before they are complete; each text is a packet. */
const CUT: [string, string[]][] = [
  ["a size that is no number", [`5\r\nhello\r\n`, "zz\r\nhello\r\n0\r\n\r\n"]],
  ["a size that is no number, in the same packet", ["5\r\nhello\r\nzz\r\n"]],
  ["a first size that is no number", ["zz\r\nhello\r\n0\r\n\r\n"]],
  ["a negative size", [`5\r\nhello\r\n`, "-1\r\n\r\n"]],
  ["a size of 20 digits", [`5\r\nhello\r\n`, "ffffffffffffffffffff\r\nx"]],
  ["a size with a prefix", ["0x5\r\nhello\r\n0\r\n\r\n"]],
  ["an empty size", [`5\r\nhello\r\n`, "\r\nmore\r\n0\r\n\r\n"]],
  ["more bytes than the size", ["5\r\nhelloworld\r\n0\r\n\r\n"]],
  ["no line end after the bytes", ["5\r\nhelloXX0\r\n\r\n"]],
  ["a last chunk that never comes", [`5\r\nhello\r\n`, END]],
  ["a chunk that is cut off", [`50\r\nhello`, END]],
  ["100 KB before it is malformed", [`${LONG.length.toString(16)}\r\n${LONG}\r\n`, "zz\r\n"]],
]; // prettier-ignore

/** Sends a request whose head ends with the first of these packets; resolves with the whole response. */
async function sendRaw(method: string, ...packets: string[]): Promise<string> {
  const socket = connect(harness.port, "127.0.0.1");
  await once(socket, "connect");
  const head = [
    `${method} /v1/things HTTP/1.1`,
    `host: ${tenant.domain}`,
    `x-api-key: ${tenant.key}`,
    "anthropic-version: 2023-06-01",
    "connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n`);
  for (const packet of packets) {
    if (packet === END) socket.end();
    else socket.write(packet);
    await wait(30); // so that it is a packet of its own
  }
  return text(socket);
}
const statusOf = (response: string) => Number(response.split(" ")[1]);
const idOf = (response: string) => /x-nexus-request-id: (\S+)/i.exec(response)?.[1] ?? "";

describe("a request", () => {
  it.each(CASES)("%s with %s passes without a body", async (method, _, rest) => {
    harness.respondWith({ kind: "json", status: 200, body: {} });
    const response = await sendRaw(method, rest);
    expect(statusOf(response)).toBe(200);
    const received = harness.claude.requests[0]!;
    expect([received.method, received.body.length]).toEqual([method, 0]);
    if (method === "GET" || method === "HEAD") {
      expect(headerOf(received, "content-length")).toBeUndefined();
      expect(headerOf(received, "transfer-encoding")).toBeUndefined();
    }
    const { request } = await harness.recorded(idOf(response));
    expect(request.metadata.body).toEqual({ recorded: "whole", bytes: 0, sha256: null });
  });

  it.each([
    ["GET", "content-length: 2\r\n\r\n{}"],
    ["GET", "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ["HEAD", "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
  ])("%s with a body that is not empty is refused", async (method, rest) => {
    expect(statusOf(await sendRaw(method, rest))).toBe(400);
    expect(harness.claude.requests).toHaveLength(0);
  });

  it.each(["DELETE", "OPTIONS", "PATCH"])("%s with a chunked body keeps every byte of it", async (method) => {
    harness.respondWith({ kind: "json", status: 200, body: {} });
    const response = await sendRaw(
      method,
      "transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n7\r\n second\r\n0\r\n\r\n",
    );
    expect(statusOf(response)).toBe(200);
    expect(harness.claude.requests[0]!.body.toString()).toBe("first second");
    expect((await harness.recorded(idOf(response))).request.body.toString()).toBe("first second");
  });
});

describe("a chunked body that is malformed or cut off", () => {
  const CHUNKED = "transfer-encoding: chunked\r\n\r\n";

  it.each(CUT)("with %s is not forwarded as complete, and the client gets an error", async (_, packets) => {
    harness.respondWith({ kind: "json", status: 200, body: {} });
    const response = await sendRaw("POST", CHUNKED, ...packets);
    expect(statusOf(response)).toBe(400);
    expect(response).toContain("ended before it was complete");
    // Where upstream has seen anything of it, it has not seen its end.
    for (const received of harness.claude.requests) expect(received.bodyEndedAt).toBeNull();
    const { request, response: recorded } = await harness.recorded(idOf(response));
    expect(request.metadata.body.recorded).toBe("head");
    expect(recorded.metadata).toMatchObject({ outcome: "client_gone", status: 400 });
  });

  it("with extensions and trailers is complete", async () => {
    harness.respondWith({ kind: "json", status: 200, body: {} });
    const response = await sendRaw("POST", CHUNKED, "5;a=b\r\nhello\r\n", "0\r\n\r\n");
    expect(statusOf(response)).toBe(200);
    expect(harness.claude.requests[0]!.body.toString()).toBe("hello");
  });

  it.each([
    ["a small body", "content-length: 10\r\n\r\nhello"],
    ["a streamed body", `content-length: 2000000\r\n\r\n${LONG}`],
  ])("like %s shorter than its declared length", async (_, rest) => {
    harness.respondWith({ kind: "json", status: 200, body: {} });
    const response = await sendRaw("POST", rest, END);
    expect([400, 502]).toContain(statusOf(response));
    for (const received of harness.claude.requests) expect(received.bodyEndedAt).toBeNull();
  });

  it("of 3 MB in many chunks passes whole", async () => {
    harness.respondWith({ kind: "json", status: 200, body: {} });
    const chunk = `${LONG.length.toString(16)}\r\n${LONG}\r\n`;
    const response = await sendRaw("POST", CHUNKED, ...Array.from({ length: 30 }, () => chunk), "0\r\n\r\n");
    expect(statusOf(response)).toBe(200);
    expect(harness.claude.requests[0]!.body.toString()).toBe(LONG.repeat(30));
    expect((await harness.recorded(idOf(response))).request.metadata.body).toMatchObject({
      recorded: "whole",
    });
  });
});
