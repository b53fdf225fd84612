/** Upstream responds while the client is still uploading: to a body that is too large, or an unknown key. */
import { afterAll, expect, it } from "vitest";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Tenant } from "../support/proxy-harness.ts";

/** More than the proxy buffers. */
const BODY = Buffer.alloc(6_000_000, "x");
const FIRST_BYTES = 2_000_000;
const REFUSAL = '{"type":"error","error":{"type":"request_too_large","message":"no"}}';

const refusing = await startHttpServer((request, response) => {
  // It keeps reading, as servers do: closing at once would reset the connection and lose the response.
  request.resume();
  const status = Number(new URL(request.url ?? "/", "http://upstream").searchParams.get("status"));
  response.writeHead(status, { "content-type": "application/json", "request-id": "req_early" });
  response.end(REFUSAL);
});
afterAll(refusing.stop);

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile(
  (started) => ({ harness, tenant } = started),
  () => ({ CLAUDE_API_BASE_URL: refusing.url }),
);

it.each([
  [413, false],
  [413, true],
  [401, false],
  [529, true],
])(
  "a response during the client's upload with %i reaches the client at that moment and is recorded (chunked: %s)",
  async (status, isChunked) => {
    // The client sends no more until there is a response: if it did not pass, this would never end.
    const path = `/v1/messages?status=${status}`;
    const sent = await tenant.send({ path, body: BODY, chunked: isChunked, stopAfter: FIRST_BYTES });
    expect([sent.status, sent.body.toString()]).toEqual([status, REFUSAL]);
    await harness.notification(sent.id);
    const { request, response } = await harness.recorded(sent.id);
    expect(response.metadata).toMatchObject({ status, outcome: "complete" });
    expect(response.body.toString()).toBe(REFUSAL);
    // The part of the body that arrived, marked as incomplete.
    expect(request.metadata.body.recorded).toBe("head");
    expect(request.body.length).toBeGreaterThan(0);
    expect(BODY.subarray(0, request.body.length).equals(request.body)).toBe(true);
  },
  30_000,
);
