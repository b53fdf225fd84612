/** The recorded Claude Code traffic through the local stack: bytes, rows and rebuilt bodies. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { startTestStack } from "../support/local-stack.ts";
import {
  loadRecordings,
  replay,
  requestBytes,
  responseBytes,
  type ReplayReport,
} from "../support/recordings.ts";
import { waitFor } from "../support/wait.ts";

let fake: FakeClaude;
let stack: LocalStack;
let report: ReplayReport;
const recordings = loadRecordings();

beforeAll(async () => {
  fake = await startFakeClaude();
  stack = await startTestStack({ variables: { CLAUDE_API_BASE_URL: fake.url } });
  report = await replay(
    recordings,
    { proxyUrl: stack.proxyUrl, headers: { "x-api-key": "sk-ant-api03-replay" } },
    fake,
  );
});

afterAll(async () => {
  await stack.stop();
  await fake.stop();
});

const get = (path: string) =>
  fetch(stack.proxyUrl + path, { headers: { "x-dashboard-key": stack.dashboardKey } });
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the recorded traffic", () => {
  it("passes byte-identical in both directions", () => {
    expect(report.differences).toEqual([]);
    expect(report.ids).toHaveLength(recordings.length);
  });

  it("is stored once per exchange", async () => {
    await waitFor(async () => {
      const page = (await (await get("/api/requests?limit=500&offset=0")).json()) as {
        requests: { requestId: string }[];
        pagination: { total: number };
      };
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
      const answer = new Uint8Array(await (await get(`/api/requests/${id}/response`)).arrayBuffer());
      if (sha256(answer) !== sha256(responseBytes(recording)))
        wrong.push(`${recording.file}#${recording.seq} answer`);
    }
    expect(wrong).toEqual([]);
  });
});
