/** The recorded Claude Code traffic through the local stack: bytes, rows and rebuilt bodies. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiJson, callApi } from "../support/api-calls.ts";
import { startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";
import {
  loadRecordings,
  replay,
  requestBytes,
  responseBytes,
  type ReplayReport,
} from "../support/recordings.ts";
import { waitFor } from "../support/wait.ts";

let stack: ClaudeStack;
let report: ReplayReport;
const recordings = loadRecordings();

beforeAll(async () => {
  stack = await startClaudeStack();
  const headers = { "x-api-key": "sk-ant-api03-replay" };
  report = await replay(recordings, { proxyUrl: stack.proxyUrl, headers }, stack.claude);
});

afterAll(() => stack.stop());

const get = (path: string) => callApi(stack, path);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the recorded traffic", () => {
  it("passes byte-identical in both directions", () => {
    expect(report.differences).toEqual([]);
    expect(report.ids).toHaveLength(recordings.length);
  });

  it("is stored once per exchange", async () => {
    await waitFor(async () => {
      const page = await apiJson<{ requests: { requestId: string }[]; pagination: { total: number } }>(
        stack,
        "/api/requests?limit=500&offset=0",
      );
      expect(page.pagination.total).toBe(recordings.length);
      expect(new Set(page.requests.map((row) => row.requestId))).toEqual(
        new Set(report.ids.map((one) => one.requestId)),
      );
    }, 300);
  });

  it("returns every body as sent, rebuilt from its contents", async () => {
    const wrong: string[] = [];
    for (const [index, recording] of recordings.entries()) {
      const id = report.ids[index]?.requestId;
      const body = new Uint8Array(await (await get(`/api/requests/${id}/body`)).arrayBuffer());
      if (sha256(body) !== sha256(requestBytes(recording)))
        wrong.push(`${recording.file}#${recording.seq} request`);
      if (recording.response.status === 499) continue; // the client left: a part was recorded
      const response = new Uint8Array(await (await get(`/api/requests/${id}/response`)).arrayBuffer());
      if (sha256(response) !== sha256(responseBytes(recording)))
        wrong.push(`${recording.file}#${recording.seq} response`);
    }
    expect(wrong).toEqual([]);
  });
});
