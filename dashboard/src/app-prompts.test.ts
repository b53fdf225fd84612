/** The pages of prompts: list, sync, and one prompt with its arguments. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { PromptSyncStatus, PromptView } from "../../workers/schemas/api/prompts.ts";
import { app, openPage, stopClock, visit } from "../../test/support/dashboard-pages.ts";
import { apiError, GOOD_SESSION, recordedBody, VIEWER } from "../../test/support/replayed-api.ts";
import { textsOf } from "../../test/support/page-texts.ts";

const NOW = "2026-11-30T16:00:00.000Z";
const ago = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
stopClock(NOW);

const SYNC: PromptSyncStatus = {
  ...recordedBody<PromptSyncStatus>("/api/mcp/sync/status"),
  status: "error",
  repository: "team/shared",
  branch: "main",
  folder: "prompts",
  hasToken: true,
  hasWebhook: true,
  commit: "0123456789abcdef0123456789abcdef01234567",
  prompts: 12,
  lastTryAt: ago(2),
  lastSuccessAt: ago(90),
  lastChangeAt: ago(600),
  nextTryAt: ago(-3),
  failuresInRow: 4,
  error: { reason: "rate_limited", message: "GitHub's rate limit is used up." },
  problems: [{ file: "team/<b>.yaml", line: 2, column: 11, severity: "error", message: "quote the text" }],
};

it("the list has name, description, arguments, source and uses, and how a client gets the prompts", async () => {
  const off = { ...SYNC, status: "not_configured", problems: [] };
  const { texts } = await openPage("/prompts", { overrides: { "GET /api/mcp/sync/status": off } });
  expect(texts("table.prompts tr")[0]).toBe("Prompt | Description | Arguments | Source | Uses, 30 days");
  const rows = texts("table.prompts tr");
  expect(rows.find((row) => row.startsWith("review"))).toMatch(
    /^review Review a change \| Look for defects in a change before it is merged, the worst first. \| \[base\] \[focus\] \| Bundled \| 9 \{9 uses in all, last on 20\S+ \(UTC\)\}$/,
  );
  expect(rows.find((row) => row.startsWith("team/style"))).toMatch(/Repository \| 0 \{Never used\}$/);
  expect(texts(".card").join("\n")).toContain("Repository not configured");
  const code = texts(".install pre");
  // Those of the guide, for the domain's host.
  const guide = readFileSync(join(import.meta.dirname, "../../docs/prompts.md"), "utf8");
  const documented = [...guide.matchAll(/^```(?:json)?\n([^`]+)\n```$/gm)]
    .slice(0, 3)
    .map(([, block]) => block?.replace(/\s+/g, " "));
  expect(code.map((block) => block.replaceAll("checkout.claude.example", "claude.example.com"))).toEqual(
    documented,
  );
  expect(documented[0]).toBe(
    'claude mcp add --scope user --transport http nexus https://claude.example.com/mcp --header "Authorization: Bearer YOUR-CLIENT-KEY"',
  );
  expect(documented[1]).toContain('"Authorization:${NEXUS_KEY}"');
});

it("the domain of the install lines is a configured one, whatever the address says", async () => {
  const lines = async (domain: string) =>
    (await openPage(`/prompts?domain=${encodeURIComponent(domain)}`)).texts(".install pre")[0];
  expect(await lines("maya.claude.example")).toContain("https://maya.claude.example/mcp");
  expect(await lines("$(evil).example")).toContain("https://checkout.claude.example/mcp");
});

it("the install lines of the local stack without domains have no key", async () => {
  const { api } = visit({ variant: "empty" });
  const page = await app.request(
    "http://localhost:9788/prompts",
    { headers: { cookie: `nexus_session=${GOOD_SESSION}` } },
    { API: api, LOCAL_PROXY_URL: "http://localhost:9787" },
  );
  const html = await page.text();
  const [claudeCode, claudeDesktop, cursor] = textsOf(html, ".install pre");
  expect(claudeCode).toBe("claude mcp add --scope user --transport http nexus http://localhost:9787/mcp");
  expect(claudeDesktop).toContain('"args": ["-y", "mcp-remote", "http://localhost:9787/mcp"] } } }');
  expect(cursor).toContain('{ "url": "http://localhost:9787/mcp" }');
  expect(textsOf(html, ".install p")[0]).toBe("This address needs no client key.");
});

it("the state of the sync has its failure, its times and the problems of files", async () => {
  const { texts, text } = await openPage("/prompts", { overrides: { "GET /api/mcp/sync/status": SYNC } });
  expect(texts("#live-prompt-sync h2")).toEqual(["Repository Failing"]);
  expect(texts(".prompt-search a")).toEqual(["Repository failing"]);
  expect(texts("#live-prompt-sync .callout")).toEqual(["GitHub's rate limit is used up."]);
  expect(texts("#live-prompt-sync .definition-item")).toEqual([
    "Repository team/shared, main:prompts",
    "Prompts 12",
    "Commit 0123456789 {0123456789abcdef0123456789abcdef01234567}",
    "Last success 1 h ago {2026-11-30 20:00:00 GMT+5:30}",
    "Last change 10 h ago {2026-11-30 11:30:00 GMT+5:30}",
    "Last try 2 m ago {2026-11-30 21:28:00 GMT+5:30}",
    "Failures in a row 4",
    "Next try in 3 m {2026-11-30 21:33:00 GMT+5:30}",
    "Webhook Configured",
  ]);
  expect(texts("table.prompt-problems tr")).toEqual([
    "File | Problem",
    "team/<b>.yaml:2:11 | Error: quote the text",
  ]);
  expect(text).toContain("Sync now");
  const problem = { file: "x.yaml", line: 1, column: 1, severity: "warning", message: "w" } as const;
  const problems = [{ ...problem, file: "." }, ...Array.from({ length: 59 }, () => problem)];
  const many = await openPage("/prompts", {
    overrides: { "GET /api/mcp/sync/status": { ...SYNC, problems } },
  });
  expect(many.texts("table.prompt-problems tr")).toHaveLength(51);
  expect(many.texts("table.prompt-problems tr")[1]).toBe("prompts | Warning: w");
  expect(many.text).toContain("The first 50 of 60");
  const broken = await openPage("/prompts", {
    overrides: { "GET /api/mcp/sync/status": { ...SYNC, status: "success", error: null } },
  });
  expect(broken.texts("#live-prompt-sync h2")).toEqual(["Repository Up to date, with errors"]);
  expect(broken.texts(".prompt-search a")).toEqual(["Repository with errors"]);
  const good = await openPage("/prompts", {
    overrides: { "GET /api/mcp/sync/status": { ...SYNC, status: "success", error: null, problems: [] } },
  });
  expect(good.texts(".prompt-search a")).toEqual([]);
  const expired = { ...SYNC, nextTryAt: null, hasToken: false };
  const page = await openPage("/prompts", {
    overrides: { "GET /api/mcp/sync/status": expired },
    caller: VIEWER,
  });
  expect(page.texts("#live-prompt-sync .definition-item").slice(-3)).toEqual([
    "Next try When the token is replaced",
    "Webhook Configured",
    "Token None: GitHub allows 60 requests per hour, with MCP_GITHUB_TOKEN 5,000",
  ]);
  expect(page.text).not.toContain("Sync now");
});

it("Sync now syncs and says how it went", async () => {
  const overrides: Record<string, unknown> = {
    "GET /api/mcp/sync/status": SYNC,
    "POST /api/mcp/sync": { result: "changed", message: "", sync: SYNC },
  };
  const { post, ask } = visit({ overrides });
  expect(await post("/prompts", "/prompts", {})).toMatchObject({
    status: 303,
    location: "/prompts?synced=changed",
  });
  const said = async (result: string) =>
    /(?<=<p[^>]*>|>)Synced[^<]*/.exec((await ask(`/prompts?synced=${result}`)).text)?.[0];
  expect(await said("unchanged")).toBe("Synced, but files have 1 error: see Repository below.");
  overrides["GET /api/mcp/sync/status"] = { ...SYNC, problems: [] };
  expect(await said("changed")).toBe("Synced: the prompts of the repository are served.");
  expect(await said("unchanged")).toBe("Synced: nothing has changed.");
  overrides["POST /api/mcp/sync"] = apiError(503, "unavailable", "No repository is configured.");
  expect((await post("/prompts", "/prompts", {})).text).toContain("No repository is configured.");
  expect((await ask("/prompts", { method: "POST" })).status).toBe(403);
});

it("no prompts, none that match, and no database have texts of their own", async () => {
  const none = { prompts: [], total: 0 };
  const title = async (path: string, list: unknown) => {
    const { texts } = await openPage(path, { overrides: { "GET /api/mcp/prompts": list } });
    return [...texts(".empty-title"), ...texts(".problem-title")];
  };
  expect(await title("/prompts", none)).toEqual(["No prompts yet"]);
  expect(await title("/prompts?search=x", none)).toEqual(["No prompt matches this search."]);
  expect(await title("/prompts", apiError(503, "unavailable", "Down."))).toEqual(["Could not load prompts."]);
});

const RENDERED = "POST /api/mcp/prompts/render";

it("a prompt is rendered with the arguments of the form, without a script", async () => {
  const { api, ask, post } = visit({ overrides: { [RENDERED]: { text: "Review <main>.", error: null } } });
  expect((await ask("/prompts/review")).text).toContain("Review &lt;main&gt;.");
  const { text } = await post("/prompts/review", "/prompts/review", {
    "argument.base": "v1",
    "argument.focus": "",
  });
  expect(api.sent.at(-1)).toEqual({ name: "review", arguments: { base: "v1" } });
  expect(text).toContain('value="v1"');
});

it("control characters of a rendered text are shown, and none reaches the page", async () => {
  const { text } = await openPage("/prompts/review", {
    overrides: { [RENDERED]: { text: "a\u0000b\u001b[31mred\r\nend", error: null } },
  });
  expect(text).toContain("a␀b␛[31mred\nend");
  expect(text).not.toMatch(/[\0\u001b\r]/);
});

it("a prompt has its command, where it comes from, and what Claude Code does with words", async () => {
  const view: PromptView = {
    ...recordedBody<PromptView>("/api/mcp/prompts/review"),
    name: "team/plan",
    arguments: [
      { name: "goal", required: true, description: "One word." },
      { name: "size", required: false, values: ["small"] },
    ],
    source: "repository",
    file: "team/plan.yaml",
    uses: 214,
    usesLast30Days: 61,
    lastUsedOn: "2026-11-29",
    problems: [{ file: "team/plan.yaml", line: 3, column: 5, severity: "error", message: "m" }],
  };
  const page = await openPage("/prompts/team/plan", {
    overrides: {
      "GET /api/mcp/prompts/team/plan": view,
      [RENDERED]: { text: null, error: 'The prompt "team/plan" needs goal.' },
    },
  });
  expect(page.response.status).toBe(200);
  expect(page.texts(".definition-item").slice(1)).toEqual([
    "In Claude Code /mcp__nexus__team/plan goal [size]",
    "Source Repository, team/plan.yaml",
    "Used 214 times, 61 times in the last 30 days, last on 2026-11-29 (UTC)",
  ]);
  expect(page.texts(".callout")).toEqual([
    "The file has an error. Its last good version is served until a commit mends it.",
  ]);
  expect(page.text).toContain("Line 3, column 5:");
  expect(page.texts(".prompt-error")).toEqual(['The prompt "team/plan" needs goal.']);
  expect(page.texts("form[data-prompt] .field")).toEqual(["goal (required) One word.", "size"]);
  expect(page.texts(".prompt-try .mute").join()).toContain(
    "gives goal “one”, size “two”. Further words are no argument",
  );
});

it("a prompt that is not there is 404", async () => {
  const overrides = {
    "GET /api/mcp/prompts/nothing": apiError(404, "not_found", "There is no prompt."),
    [RENDERED]: apiError(404, "not_found", "There is no prompt."),
  };
  expect((await openPage("/prompts/nothing", { overrides })).response.status).toBe(404);
});
