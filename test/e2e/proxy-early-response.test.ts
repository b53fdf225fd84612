/** Upstream responds while the client is still uploading: to a body that is too large, or an unknown key. */
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Tenant, CompleteEntry } from "../support/proxy-harness.ts";

/** More than the proxy buffers. */
const BODY = Buffer.alloc(6_000_000, "x");
const FIRST_BYTES = 2_000_000;
const REFUSAL = '{"type":"error","error":{"type":"request_too_large","message":"no"}}';

const refusing = createServer((request, response) => {
  // It keeps reading, as servers do: closing at once would reset the connection and lose the response.
  request.resume();
  const status = Number(new URL(request.url ?? "/", "http://upstream").searchParams.get("status"));
  response.writeHead(status, { "content-type": "application/json", "request-id": "req_early" });
  response.end(REFUSAL);
});
afterAll(() => {
  refusing.closeAllConnections();
  refusing.close();
});

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile(
  (started) => ({ harness, tenant } = started),
  async () => {
    await once(refusing.listen(0, "127.0.0.1"), "listening");
    return { CLAUDE_API_BASE_URL: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}` };
  },
);

interface Upload {
  status: number;
  body: string;
  id: string;
}

/** Sends only the first part. */
function upload(status: number, isChunked: boolean): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: "127.0.0.1",
      port: harness.port,
      method: "POST",
      path: `/v1/messages?status=${status}`,
      agent: false,
      headers: {
        host: tenant.domain,
        "x-api-key": tenant.key,
        "content-type": "application/json",
        ...(isChunked ? {} : { "content-length": BODY.length }),
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let body = "";
      response.on("data", (bytes: Buffer) => (body += bytes.toString()));
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          body,
          id: String(response.headers["x-nexus-request-id"]),
        });
      });
    });
    request.write(BODY.subarray(0, FIRST_BYTES));
  });
}

async function recorded(id: string): Promise<CompleteEntry> {
  await harness.notification(id);
  return harness.recorded(id);
}

describe("a response during the client's upload", () => {
  it.each([
    [413, false],
    [413, true],
    [401, false],
    [529, true],
  ])(
    "with %i reaches the client at that moment and is recorded (chunked: %s)",
    async (status, isChunked) => {
      // The client sends no more until there is a response: if it did not pass, this would never end.
      const answer = await upload(status, isChunked);
      expect(answer).toMatchObject({ status, body: REFUSAL });
      const { request, response } = await recorded(answer.id);
      expect(response.metadata).toMatchObject({ status, outcome: "complete" });
      expect(response.body.toString()).toBe(REFUSAL);
      // The part of the body that arrived, marked as incomplete.
      expect(request.metadata.body.recorded).toBe("head");
      expect(request.body.length).toBeGreaterThan(0);
      expect(BODY.subarray(0, request.body.length).equals(request.body)).toBe(true);
    },
    30_000,
  );
});
