import { expect, test } from "vitest";
import { startFakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { testWithFake } from "../support/fake-claude.ts";
import { expectedLinks, loadRecordings, recordingKey, replay } from "../support/recordings.ts";

const headers = { authorization: "Bearer gateway-token" };

test("every recording has its expectation and every expectation its recording", () => {
  const recordings = loadRecordings().map(recordingKey);
  expect(new Set(expectedLinks().map(recordingKey))).toEqual(new Set(recordings));
  expect(recordings.length).toBeGreaterThan(140);
});

testWithFake("all recordings replay byte for byte, and a disconnect reaches upstream", async ({ fake }) => {
  const report = await replay(loadRecordings(), { proxyUrl: fake.url, headers, direct: true }, fake);
  expect(report.differences).toEqual([]);
  expect(report.ids).toHaveLength(loadRecordings().length);
  expect(fake.violations).toEqual([]);
  expect(fake.requests.filter((request) => request.abortedAt !== null)).toHaveLength(1);
});

testWithFake("a changed byte, a lost header and a missing id are differences", async ({ fake }) => {
  const [recording] = loadRecordings(["v330-one.jsonl"]);
  // Simulates a proxy that changes requests.
  const changed = structuredClone(recording!);
  const middle = await startFakeClaude();
  try {
    middle.script(
      () => true,
      async (received) => {
        const body = received.body.toString().replace('"stream":true', '"stream": true');
        const answer = await fetch(`${fake.url}${received.url}`, {
          method: "POST",
          body,
          headers: {
            ...headers,
            "content-type": "application/json",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "context-management-2025-06-27",
            "x-claude-code-session-id": String(changed.request.headers["x-claude-code-session-id"]),
          },
        });
        const bytes = Buffer.from((await answer.text()).replace("ANSWER", "Answer"));
        return { kind: "raw", status: 200, headers: {}, chunks: [{ delayMs: 0, bytes }] };
      },
    );
    const { differences } = await replay([changed], { proxyUrl: middle.url, headers }, fake);
    for (const what of [
      /request bytes differ/,
      /response bytes differ/,
      /request header x-app/,
      /response header request-id/,
      /x-nexus-request-id/,
    ])
      expect(differences).toEqual(expect.arrayContaining([expect.stringMatching(what)]));
  } finally {
    await middle.stop();
  }
});
