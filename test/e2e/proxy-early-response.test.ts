/** Upstream answers while the client is still uploading: a body it finds too large, a key it does not know. */
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { edgeOfFile } from "../support/proxy-harness-of-file.ts";
import type { Edge, Tenant, CompleteEntry } from "../support/proxy-harness.ts";
import { waitFor } from "../support/wait.ts";

/** Beyond what the proxy holds. */
const BODY = Buffer.alloc(6_000_000, "x");
const FIRST_BYTES = 2_000_000;
const REFUSAL = '{"type":"error","error":{"type":"request_too_large","message":"no"}}';

const refusing = createServer((request, response) => {
  // It reads on, as servers do: closing at once would reset the connection and take the answer with it.
  request.resume();
  const status = Number(new URL(request.url ?? "/", "http://upstream").searchParams.get("status"));
  response.writeHead(status, { "content-type": "application/json", "request-id": "req_early" });
  response.end(REFUSAL);
});
afterAll(() => {
  refusing.closeAllConnections();
  refusing.close();
});

let edge: Edge;
let tenant: Tenant;
edgeOfFile(
  (started) => ({ edge, tenant } = started),
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

/** Sends the first part and no more. */
function upload(status: number, isChunked: boolean): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: "127.0.0.1",
      port: edge.port,
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

function recorded(id: string): Promise<CompleteEntry> {
  return waitFor(async () => {
    const { request, response } = await edge.journal(id);
    if (!request || !response || !(await edge.bell(id))) throw new Error("not there yet");
    return { request, response };
  }, 100);
}

describe("an answer that comes while the client uploads", () => {
  it.each([
    [413, false],
    [413, true],
    [401, false],
    [529, true],
  ])(
    "with %i reaches it at that moment and is recorded (chunked: %s)",
    async (status, isChunked) => {
      // The client sends no more until it is answered: without the answer passing, this would wait for ever.
      const answer = await upload(status, isChunked);
      expect(answer).toMatchObject({ status, body: REFUSAL });
      const { request, response } = await recorded(answer.id);
      expect(response.facts).toMatchObject({ status, outcome: "complete" });
      expect(response.body.toString()).toBe(REFUSAL);
      // Of the body what came, and that it is not all.
      expect(request.facts.body.recorded).toBe("head");
      expect(request.body.length).toBeGreaterThan(0);
      expect(BODY.subarray(0, request.body.length).equals(request.body)).toBe(true);
    },
    30_000,
  );
});
