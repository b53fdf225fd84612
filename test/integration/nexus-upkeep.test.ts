/** `npx nexus project` and `npx nexus reseal` against a scripted API; over the real one: test/workers/projection.test.ts, reseal.test.ts. */
import { describe, expect, it } from "vitest";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { ProjectResult, ResealResult } from "../../workers/schemas/api/upkeep.ts";
import { recordedBody } from "../support/replayed-api.ts";
import { startScriptedApi } from "../support/nexus-command.ts";
import { waitUntil } from "../support/wait.ts";

const batch: ProjectResult = {
  checked: 50,
  total: 80,
  missing: 50,
  stale: 0,
  extra: 0,
  unreadable: [],
  nextCursor: null,
};
const lastBatch = { ...batch, checked: 30, missing: 1, stale: 2, extra: 3 };

describe("nexus project", () => {
  it("writes batch by batch and sums up", async () => {
    const api = await startScriptedApi([{ body: { ...batch, nextCursor: "~key:1" } }, { body: lastBatch }]);
    const ran = await api.run(["project", "--dry-run"]);
    expect(ran).toMatchObject({ code: 0 });
    expect(api.calls.map(({ line, body }) => [line, body])).toEqual([
      ["POST /api/admin/project", { cursor: null, dryRun: true }],
      ["POST /api/admin/project", { cursor: "~key:1", dryRun: true }],
    ]);
    expect(ran.stdout).toMatch(/^compared +80 entries\nwould be written +53 \(51 missing, 2 outdated\)$/m);
    expect(ran.stdout).toMatch(/^would be removed +3$/m);
  });

  it("exits with 1 and names domains that could not be written", async () => {
    const api = await startScriptedApi([{ body: { ...batch, unreadable: ["a.example"] } }]);
    const ran = await api.run(["project"]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^not written +a\.example: CREDENTIAL_KEYS lacks the key/m);
  });

  it("shows its progress, and when it is interrupted that it can be run again", async () => {
    const api = await startScriptedApi(() => ({ body: { ...batch, nextCursor: "~key:1" } }));
    const ran = await api.run(
      ["project"],
      "",
      waitUntil(() => api.calls.length > 3),
    );
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("Finished batches are kept. Continue with the same command.");
  });
});

it("nexus reseal seals everything, then projects, and says which keys may be removed", async () => {
  const resealed: ResealResult = {
    field: "accounts.credential",
    resealed: 2,
    unreadable: 0,
    nextCursor: "domains.slack_webhook",
  };
  const responses: Record<string, object> = {
    null: resealed,
    "domains.slack_webhook": { ...resealed, field: "domains.slack_webhook", unreadable: 1, nextCursor: null },
  };
  const sealing = { keys: [{ id: "k2", state: "current", fields: {} }, { id: "k1", state: "unused", fields: {} }] }; // prettier-ignore
  const api = await startScriptedApi((line, body) => {
    if (line.endsWith("/project")) return { body: lastBatch };
    if (line.endsWith("/reseal")) return { body: responses[String((body as { cursor: unknown }).cursor)] };
    return { body: { ...recordedBody<Status>("/api/status"), sealing } };
  });
  const ran = await api.run(["reseal"]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(/^accounts\.credential +2 sealed again$/m);
  expect(ran.stdout).toMatch(/^domains\.slack_webhook +2 sealed again, 1 cannot be opened$/m);
  expect(ran.stdout).toMatch(/^TENANTS\.domain +3 written$/m);
  expect(ran.stdout).toMatch(/^sealing key k1 +is not needed any more: remove it from CREDENTIAL_KEYS/m);
});
