/** `npx nexus relink` against a scripted API; over the real one: test/e2e/nexus.test.ts. */
import { afterEach, describe, expect, it } from "vitest";
import type { RelinkResult } from "../../workers/schemas/api/relink.ts";
import { nexus, type ScriptedApi, startScriptedApi } from "../support/nexus-command.ts";
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
const half = { ...batch, remaining: 50, nextCursor: CURSOR };

let api: ScriptedApi;
afterEach(() => api.stop());

type Answer = ReturnType<Parameters<typeof startScriptedApi>[0]>;

async function relinking(words: string[], ...answers: Answer[]) {
  api = await startScriptedApi(() => answers.shift() ?? { status: 500 });
  return nexus(["relink", ...words], { NEXUS_URL: api.url, DASHBOARD_API_KEY: "the-key" });
}

describe("nexus relink", () => {
  it("relinks batch by batch, domain by domain, and lists the changes", async () => {
    const ran = await relinking(
      ["--batch", "50"],
      { body: { domains: [{ domain: "claude.example.com" }, { domain: "other.example.com" }] } },
      { body: half },
      { body: batch },
      { body: { ...batch, domain: "other.example.com", checked: 0, changed: 0, changes: [] } },
    );
    expect(ran.code).toBe(0);
    expect(api.calls.slice(1).map(({ body }) => body)).toEqual([
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
      { body: half },
      { status: 503, body: { error: { code: "unavailable", message: "Not now." } } },
    );
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(
      `Continue with: nexus relink --domain claude.example.com --after ${CURSOR} --since 2026-10-07T00:00:00.000Z --dry-run`,
    );
  });

  it("names the remaining domains when it is interrupted", async () => {
    api = await startScriptedApi((line) => {
      if (line.startsWith("GET"))
        return { body: { domains: [{ domain: "claude.example.com" }, { domain: "other.example.com" }] } };
      // Over and over: it ends by the signal only.
      return { body: half };
    });
    const ran = await nexus(
      ["relink"],
      { NEXUS_URL: api.url, DASHBOARD_API_KEY: "the-key" },
      "",
      waitUntil(() => api.calls.length > 3),
    );
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(
      `Finished batches are kept. Continue with: nexus relink --domain claude.example.com --after ${CURSOR}, then with other.example.com`,
    );
  });

  it.each([
    [["--batch", "0"], /whole number from 1 to 200/],
    [["--batch", "many"], /whole number from 1 to 200/],
    [["--after", CURSOR], /--after needs --domain/],
    [["--since", "yesterday"], /an ISO 8601 time with Z or an offset/],
    [["--since", "2026-02-30"], /an ISO 8601 time with Z or an offset/],
    [["--since", "2026-10-07T12:00:00"], /an ISO 8601 time with Z or an offset/],
  ])("refuses %j before it asks anybody", async (words, message) => {
    const ran = await relinking(words);
    expect([ran.code, api.calls]).toEqual([2, []]);
    expect(ran.stderr).toMatch(message);
  });
});
