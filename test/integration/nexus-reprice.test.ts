import { describe, expect, it } from "vitest";
import type { RepriceBatch } from "../../workers/schemas/api/reprice.ts";
import { type ScriptedResponse, startScriptedApi } from "../support/nexus-command.ts";
import { waitUntil } from "../support/wait.ts";

const batch: RepriceBatch = {
  examined: 1_000,
  changed: 3,
  newlyPriced: 2,
  newlyUnpriced: 0,
  deltaUsd: "0.1",
  unpriced: 4,
  unpricedModels: { "claude-opus-9": 4 },
  priceVersion: "2026-10-27.12345678",
  dryRun: false,
  reached: { domain: "claude.example.com", startedAt: "2026-11-01T12:00:00.000Z" },
  nextCursor: null,
};

async function repricing(words: string[], ...responses: ScriptedResponse[]) {
  const api = await startScriptedApi(responses);
  return { ...(await api.run(["reprice", ...words])), calls: api.calls };
}

describe("nexus reprice", () => {
  it("reprices batch by batch", async () => {
    const ran = await repricing(
      ["--since", "2026-10-07", "--domain", "claude.example.com", "--batch", "500"],
      { body: { ...batch, nextCursor: "1.5.here" } },
      { body: batch },
    );
    expect(ran.calls.map(({ line }) => line)).toEqual(Array(2).fill("POST /api/admin/reprice"));
    const asked = {
      since: "2026-10-07T00:00:00.000Z",
      domain: "claude.example.com",
      dryRun: false,
      limit: 500,
    };
    expect(ran.calls.map(({ body }) => body)).toEqual([
      { ...asked, cursor: null },
      { ...asked, cursor: "1.5.here" },
    ]);
    expect(ran.code).toBe(0);
  });

  it("rejects a response with an invalid amount", async () => {
    const ran = await repricing([], { body: { ...batch, deltaUsd: "1e-7" } });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/cannot read \(deltaUsd\)/);
  });

  it("shows what changed and which models have no price", async () => {
    const ran = await repricing(
      [],
      { body: { ...batch, nextCursor: "1.5.here" } },
      { body: { ...batch, deltaUsd: "-0.25", unpricedModels: { "claude-opus-9": 1, other: 2 } } },
    );
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^examined +2000$/m);
    expect(ran.stdout).toMatch(/^changed +6 \(4 had no price, 0 no longer have one\)$/m);
    expect(ran.stdout).toMatch(/^costs +-0\.15 USD$/m);
    expect(ran.stdout).toMatch(/^ {2}claude-opus-9 +5$/m);
  });

  it("changes nothing with --dry-run and says so in JSON", async () => {
    const ran = await repricing(["--dry-run", "--json"], { body: { ...batch, dryRun: true } });
    expect(ran.calls[0]!.body).toMatchObject({ dryRun: true });
    expect(JSON.parse(ran.stdout)).toMatchObject({ dryRun: true, examined: 1_000, deltaUsd: "0.1" });
  });

  it("prints a cursor when a batch fails, and continues from it", async () => {
    const refusal = {
      status: 503,
      body: { error: { code: "unavailable", message: "The database is away." } },
    };
    const ran = await repricing([], { body: { ...batch, nextCursor: "1.5.here" } }, refusal);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toBe(
      "nexus: The database is away. Finished batches are kept. Continue with --cursor 1.5.here\n",
    );
    const again = await repricing(["--cursor", "1.5.here"], { body: batch });
    expect(again).toMatchObject({ code: 0, calls: [{ body: { cursor: "1.5.here" } }] });
  });

  it("prints a cursor when it is interrupted", async () => {
    // Endless: only the signal ends it.
    const api = await startScriptedApi(() => ({ body: { ...batch, nextCursor: "1.5.here" } }));
    const ran = await api.run(
      ["reprice"],
      "",
      waitUntil(() => api.calls.length > 1),
    );
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^nexus: Finished batches are kept. Continue with --cursor 1\.5\.here$/m);
  });
});
