/** A request body that is present but empty is no body, whatever the method and however it is declared. Over raw sockets. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Tenant } from "../support/proxy-harness.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

const EMPTY: [string, string][] = [
  ["no body", "\r\n"],
  ["Content-Length: 0", "content-length: 0\r\n\r\n"],
  ["an empty chunked body", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
];
const METHODS = ["GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT", "PATCH"];
const CASES = METHODS.flatMap((method) => EMPTY.map(([name, rest]) => [method, name, rest] as const));

/** Sends a request whose head ends with `rest`; resolves with the whole response. */
async function sendRaw(method: string, rest: string): Promise<string> {
  const socket = connect(harness.port, "127.0.0.1");
  await once(socket, "connect");
  const head = [
    `${method} /v1/things HTTP/1.1`,
    `host: ${tenant.domain}`,
    `x-api-key: ${tenant.key}`,
    "anthropic-version: 2023-06-01",
    "connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n${rest}`);
  return text(socket);
}
const statusOf = (response: string) => Number(response.split(" ")[1]);
const idOf = (response: string) => /x-nexus-request-id: (\S+)/i.exec(response)?.[1] ?? "";

describe("a request", () => {
  it.each(CASES)("%s with %s passes without a body", async (method, _, rest) => {
    harness.answer({ kind: "json", status: 200, body: {} });
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
    harness.answer({ kind: "json", status: 200, body: {} });
    const response = await sendRaw(
      method,
      "transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n7\r\n second\r\n0\r\n\r\n",
    );
    expect(statusOf(response)).toBe(200);
    expect(harness.claude.requests[0]!.body.toString()).toBe("first second");
    expect((await harness.recorded(idOf(response))).request.body.toString()).toBe("first second");
  });
});
