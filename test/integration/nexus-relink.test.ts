/** `npx nexus relink` against a scripted API; over the real one: test/e2e/nexus.test.ts. */
import { describe, expect, it } from "vitest";
import type { RelinkResult } from "../../workers/schemas/api/relink.ts";
import { type ScriptedResponse, startScriptedApi } from "../support/nexus-command.ts";
import { waitUntil } from "../support/wait.ts";

const CURSOR = "019b7e2a-0000-7000-8000-000000000001";
const place = { conversationId: null, branchId: null, parentRequestId: null, parentTaskRequestId: null };
const batch: RelinkResult = {
  domain: "claude.example.com",
  checked: 50,
  remaining: 0,
  changed: 1,
  changes: [
    {
      requestId: CURSOR,
      before: { ...place, linkKind: null },
      after: { ...place, conversationId: "c1", branchId: "main", parentRequestId: "p1", linkKind: "turn" },
    },
  ],
  nextCursor: null,
};
const first = { ...batch, remaining: 50, nextCursor: CURSOR };
const domains = { domains: [{ domain: "claude.example.com" }, { domain: "other.example.com" }] };

async function relinking(words: string[], ...responses: ScriptedResponse[]) {
  const api = await startScriptedApi(responses);
  return { ...(await api.run(["relink", ...words])), calls: api.calls };
}

describe("nexus relink", () => {
  it("relinks batch by batch, domain by domain, and lists the changes", async () => {
    const ran = await relinking(
      ["--batch", "50"],
      { body: domains },
      { body: first },
      { body: batch },
      { body: { ...batch, domain: "other.example.com", checked: 0, changed: 0, changes: [] } },
    );
    expect(ran.code).toBe(0);
    expect(ran.calls.slice(1).map(({ body }) => body)).toEqual([
      { domain: "claude.example.com", dryRun: false, limit: 50 },
      { domain: "claude.example.com", dryRun: false, limit: 50, cursor: CURSOR },
      { domain: "other.example.com", dryRun: false, limit: 50 },
    ]);
    expect(ran.stdout).toMatch(/^claude\.example\.com +100 checked +2 changed$/m);
    expect(ran.stdout).toMatch(/unlinked -> turn on main of c1 after p1$/m);
    expect(ran.stderr).toMatch(/^nexus: claude\.example\.com: 100 checked, 2 changed, 0 to go$/m);
  });

  it("prints how to continue when the API stops responding", async () => {
    const ran = await relinking(
      ["--domain", "claude.example.com", "--since", "2026-10-07", "--dry-run"],
      { body: first },
      { status: 503, body: { error: { code: "unavailable", message: "Not now." } } },
    );
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(
      `Continue with: nexus relink --domain claude.example.com --after ${CURSOR} --since 2026-10-07T00:00:00.000Z --dry-run`,
    );
  });

  it("names the remaining domains when it is interrupted", async () => {
    // Endless: only the signal ends it.
    const api = await startScriptedApi((line) => ({ body: line.startsWith("GET") ? domains : first }));
    const ran = await api.run(
      ["relink"],
      "",
      waitUntil(() => api.calls.length > 3),
    );
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(
      `Finished batches are kept. Continue with: nexus relink --domain claude.example.com --after ${CURSOR}, then with other.example.com`,
    );
  });
});
