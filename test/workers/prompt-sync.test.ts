/** The sync of prompts against a fake GitHub: what is served and what the status says after each kind of response. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, inject, test, vi } from "vitest";
import type { FakeRepositoryScript } from "../../scripts/local/fake-github.ts";
import { handleFetch } from "../../workers/app.ts";
import { toHex } from "../../workers/domain/bytes.ts";
import { FREE_PER_ADDRESS } from "../../workers/domain/auth/key-throttle.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import type { AlertEvent } from "../../workers/schemas/alert.ts";
import type {
  PromptList,
  PromptSyncResult,
  PromptSyncStatus,
  PromptView,
} from "../../workers/schemas/api/prompts.ts";
import { syncPromptsByCron } from "../../workers/scheduled/prompts.ts";
import { forgetServedPrompts, servedPrompts } from "../../workers/store/prompts/registry.ts";
import {
  apiError,
  apiJson,
  type Bindings,
  call,
  DATABASE_DOWN,
  forgetWrongKeys,
  testEnv,
  VIEWER_KEY,
} from "../support/worker-api.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";

declare module "vitest" {
  interface ProvidedContext {
    fakeGitHub: string;
  }
}

const TOKEN = "github_pat_fake";
const SECRET = "a-secret-of-the-webhook";
let alerts: AlertEvent[] = [];
const BINDINGS: Bindings = {
  GITHUB_API_URL: inject("fakeGitHub"),
  MCP_GITHUB_OWNER: "team",
  MCP_GITHUB_REPO: "shared",
  MCP_GITHUB_PATH: "/",
  MCP_GITHUB_TOKEN: TOKEN,
  MCP_GITHUB_WEBHOOK_SECRET: SECRET,
  ALERT_OUTBOX: {
    getByName: () => ({ raise: (_target: unknown, raised: AlertEvent[]) => void alerts.push(...raised) }),
  },
};
const prompt = (template: string) => `description: d\ntemplate: ${JSON.stringify(template)}\n`;
const FILES = { "a.yaml": prompt("A1"), "team/b.yml": prompt("B1"), "README.md": "read me" };

async function script(wanted: Partial<FakeRepositoryScript> = {}, name = "team/shared") {
  const body = JSON.stringify({ files: FILES, token: TOKEN, ...wanted });
  await fetch(`${inject("fakeGitHub")}/script/${name}`, { method: "PUT", body });
}
async function seenByGitHub() {
  const response = await fetch(`${inject("fakeGitHub")}/script/team/shared`);
  return response.json<{ calls: string[]; problems: string[] }>();
}
const syncNow = (bindings: Bindings = {}) =>
  apiJson<PromptSyncResult>("/api/mcp/sync", {
    method: "POST",
    body: {},
    bindings: { ...BINDINGS, ...bindings },
  });
const statusNow = (bindings: Bindings = {}) =>
  apiJson<PromptSyncStatus>("/api/mcp/sync/status", { bindings: { ...BINDINGS, ...bindings } });
async function served(bindings: Bindings = {}): Promise<Record<string, string>> {
  forgetServedPrompts();
  const library = await servedPrompts(testEnv(), loadConfig(testEnv({ ...BINDINGS, ...bindings })));
  const synced = library.prompts.filter(({ name }) => library.isSynced(name));
  return Object.fromEntries(synced.map(({ name, template }) => [name, template]));
}
const FIRST = { a: "A1", "team/b": "B1" };
const byCron = (bindings: Bindings = {}) => {
  const env = testEnv({ ...BINDINGS, ...bindings });
  return syncPromptsByCron(env, loadConfig(env), Date.now());
};

beforeEach(async () => {
  await resetDatabase();
  alerts = [];
  await script();
});

test("a sync serves what is in the repository, and calls GitHub as it wants to be called", async () => {
  expect(await statusNow()).toMatchObject({ status: "never_synced", lastTryAt: null, prompts: 0 });
  const { result, message, sync } = await syncNow();
  expect([result, message]).toEqual(["changed", "2 prompts are served from the repository."]);
  expect(sync).toMatchObject({
    status: "success",
    repository: "team/shared",
    branch: "main",
    folder: "",
    hasToken: true,
    hasWebhook: true,
    prompts: 2,
    error: null,
    note: null,
    problems: [],
    failuresInRow: 0,
  });
  expect(sync.commit).toMatch(/^[0-9a-f]{40}$/);
  const times = [sync.lastTryAt, sync.lastChangeAt, sync.nextTryAt].map((at) => Date.parse(at!));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(sync.lastSuccessAt).toBe(sync.lastChangeAt);
  expect(await served()).toEqual(FIRST);
  // Nothing new is one call that does not count against GitHub's limit.
  expect((await syncNow()).result).toBe("unchanged");
  const { calls, problems } = await seenByGitHub();
  expect(calls).toEqual(["head", "tree", "blob", "blob", "head"]);
  expect(problems).toEqual([]);
  const { entries } = await apiJson<{ entries: object[] }>("/api/audit?action=prompts.sync");
  expect(entries).toMatchObject([{ target: "team/shared" }, { target: "team/shared" }]);
});

interface Scenario {
  change: Partial<FakeRepositoryScript>;
  served?: Record<string, string>;
  problems?: string[];
  calls?: string[];
  note?: RegExp;
  result?: PromptSyncResult["result"];
}

describe("after", () => {
  test.each<[what: string, scenario: Scenario]>([
    [
      "a change",
      {
        change: { files: { ...FILES, "a.yaml": prompt("A2") } },
        served: { ...FIRST, a: "A2" },
        calls: ["head", "tree", "blob"],
      },
    ],
    [
      "a commit that changes no prompt",
      { change: { files: { ...FILES, "x.md": "x" } }, calls: ["head", "tree"], result: "unchanged" },
    ],
    [
      "a commit without prompts",
      {
        change: { files: { "x.md": "x" } },
        served: {},
        problems: [".:1:1 warning"],
        calls: ["head", "tree"],
      },
    ],
    [
      "a rename",
      { change: { files: { "z.yaml": prompt("A1") } }, served: { z: "A1" }, calls: ["head", "tree"] },
    ],
    ["a deletion", { change: { files: { "a.yaml": prompt("A1") } }, served: { a: "A1" } }],
    [
      "broken YAML",
      {
        change: { files: { ...FILES, "a.yaml": "description: d\ntemplate: {{x}}\n" } },
        problems: ["a.yaml:2:11 error"],
      },
    ],
    [
      "only broken files",
      {
        change: { files: { "x.yaml": "- x" } },
        problems: [".:1:1 warning", "x.yaml:1:1 error"],
        result: "unchanged",
      },
    ],
    [
      "only refused files",
      {
        change: { files: { "a.yaml": "x".repeat(70_000), "team/b.yml": { link: "a.yaml" } } },
        problems: ["a.yaml:1:1 error", "team/b.yml:1:1 error"],
        result: "unchanged",
      },
    ],
    [
      "a large file",
      {
        change: { files: { ...FILES, "a.yaml": "x".repeat(70_000), "team/b.yml": prompt("B2") } },
        served: { a: "A1", "team/b": "B2" },
        problems: ["a.yaml:1:1 error"],
      },
    ],
    [
      "a folder that begins with a dot",
      {
        change: { files: { ...FILES, ".github/ci.yml": "on: push" } },
        problems: [".github:1:1 warning"],
        result: "unchanged",
      },
    ],
    [
      "a symbolic link",
      { change: { files: { ...FILES, "c.yaml": { link: "/etc/passwd" } } }, problems: ["c.yaml:1:1 error"] },
    ],
    [
      "a submodule",
      { change: { files: { ...FILES, lib: { commit: "0".repeat(40) } } }, problems: ["lib:1:1 error"] },
    ],
    [
      "names that climb",
      {
        change: { files: { ...FILES, "../c.yaml": prompt("C"), "x\\y.yaml": prompt("D") } },
        problems: ["../c.yaml:1:1 error", "x\\y.yaml:1:1 error"],
      },
    ],
    [
      "names that differ in case",
      {
        change: { files: { ...FILES, "A.yaml": prompt("A2") } },
        served: { ...FIRST, A: "A2" },
        problems: ["a.yaml:1:1 warning"],
      },
    ],
    [
      "another name of the repository",
      {
        change: { files: { "a.yaml": prompt("A2") }, isRenamed: true },
        served: { a: "A2" },
        note: /another name now/,
      },
    ],
  ])("%s", async (_what, { change, served: expected = FIRST, problems = [], calls, note, result }) => {
    await syncNow();
    await script(change);
    const { sync, ...after } = await syncNow();
    const isSame = JSON.stringify(expected) === JSON.stringify(FIRST);
    expect(after.message).toMatch(
      problems.some((problem) => problem.endsWith("error")) ? /Errors of files: \d/ : /[^:]+/,
    );
    expect([sync.status, after.result]).toEqual(["success", result ?? (isSame ? "unchanged" : "changed")]);
    expect(await served()).toEqual(expected);
    expect(
      sync.problems.map(({ file, line, column, severity }) => `${file}:${line}:${column} ${severity}`),
    ).toEqual(problems);
    if (calls) expect((await seenByGitHub()).calls).toEqual(calls);
    if (note) expect(sync.note).toMatch(note);
    else expect(sync.note).toBeNull();
  });
});

const inSeconds = (seconds: number) => String(Math.ceil(Date.now() / 1_000) + seconds);

describe("the last prompts are served and the status says why, with", () => {
  test.each<
    [
      what: string,
      change: Partial<FakeRepositoryScript>,
      reason: string,
      message: RegExp,
      waitSeconds: number | null,
    ]
  >([
    [
      "a token that has expired",
      { faults: [{ on: "head", status: 401 }] },
      "unauthorized",
      /expired or revoked/,
      null,
    ],
    [
      "a token without access",
      { faults: [{ on: "head", status: 403, headers: { "x-ratelimit-remaining": "4999" } }] },
      "forbidden",
      /Contents: read/,
      300,
    ],
    [
      "a limit until a time",
      {
        faults: [
          {
            on: "tree",
            status: 403,
            headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(1_800) },
          },
        ],
      },
      "rate_limited",
      /rate limit/,
      1_800,
    ],
    [
      "a limit for some seconds",
      { faults: [{ on: "blob", status: 429, headers: { "retry-after": "900" } }] },
      "rate_limited",
      /rate limit/,
      900,
    ],
    [
      "a secondary limit without a time",
      {
        faults: [
          {
            on: "head",
            status: 403,
            headers: { "x-ratelimit-remaining": "4999" },
            body: JSON.stringify({
              message: "You have exceeded a secondary rate limit.",
              padding: "x".repeat(9_000),
            }),
          },
        ],
      },
      "rate_limited",
      /rate limit/,
      300,
    ],
    ["a limit without a time", { faults: [{ on: "head", status: 429 }] }, "rate_limited", /rate limit/, 300],
    ["a missing branch", { branch: "other" }, "not_found", /no team\/shared, branch main, or the token/, 300],
    ["an empty repository", { files: {} }, "no_commits", /no commits/, 300],
    ["a truncated tree", { isTruncated: true }, "too_large", /set MCP_GITHUB_PATH/, 300],
    [
      "a redirect to another host",
      { faults: [{ on: "head", status: 301, headers: { location: "https://evil.example/x" } }] },
      "moved",
      /another name/,
      300,
    ],
    [
      "redirects in a circle",
      { faults: [{ on: "head", status: 307, headers: { location: "/repos/team/shared/commits/main" } }] },
      "moved",
      /another name/,
      300,
    ],
    [
      "a blob that is another",
      { faults: [{ on: "blob", body: prompt("evil") }] },
      "invalid",
      /does not match its hash/,
      300,
    ],
    [
      "a blob that is too long",
      { faults: [{ on: "blob", body: "x".repeat(70_000) }] },
      "too_large",
      /more than it announced/,
      300,
    ],
    [
      "a head that is no commit",
      { faults: [{ on: "head", body: "<html>" }] },
      "invalid",
      /names no commit/,
      300,
    ],
    ["a tree that is none", { faults: [{ on: "tree", body: "{}" }] }, "invalid", /is no tree/, 300],
    ["a server that is down", { faults: [{ on: "head", status: 502 }] }, "unavailable", /status 502/, 300],
  ])("%s", async (_what, change, reason, message, waitSeconds) => {
    const before = (await syncNow()).sync;
    await script({ files: { ...FILES, "a.yaml": prompt("A2") }, ...change });
    const { result, sync } = await syncNow();
    expect(result).toBe("failed");
    expect(sync.error).toEqual({ reason, message: expect.stringMatching(message) as string });
    expect(JSON.stringify(sync)).not.toContain(TOKEN);
    const { commit, lastSuccessAt, prompts } = before;
    expect(sync).toMatchObject({ status: "error", failuresInRow: 1, commit, lastSuccessAt, prompts });
    if (waitSeconds === null) expect(sync.nextTryAt).toBeNull();
    else {
      const waited = (Date.parse(sync.nextTryAt!) - Date.parse(sync.lastTryAt!)) / 1_000;
      expect(Math.abs(waited - waitSeconds)).toBeLessThan(30);
    }
    expect(await served()).toEqual(FIRST);
    expect(alerts.map(({ kind }) => kind)).toEqual(reason === "unauthorized" ? ["prompt_sync"] : []);
    // A success ends it, unless GitHub has said when to come back.
    await script({ files: { ...FILES, "a.yaml": prompt("A2") } });
    const after = await syncNow();
    expect(after.result).toBe(reason === "rate_limited" && waitSeconds !== 300 ? "failed" : after.result);
    if (after.result === "changed")
      expect(after.sync).toMatchObject({ status: "success", error: null, failuresInRow: 0 });
  });
});

test("a sync that throws stores a failure without the error, and is made again later", async () => {
  await syncNow();
  const { encodeURIComponent: encode } = globalThis;
  vi.stubGlobal("encodeURIComponent", (text: string) => {
    if (text === "main") throw new Error(`boom ${TOKEN}`);
    return encode(text);
  });
  try {
    const { result, sync } = await syncNow();
    expect(result).toBe("failed");
    expect(sync).toMatchObject({ status: "error", failuresInRow: 1, prompts: 2 });
    expect(sync.error).toEqual({
      reason: "unavailable",
      message: "The sync ended with an unexpected error, which the Worker's log has.",
    });
    expect(Date.parse(sync.nextTryAt!)).toBeGreaterThan(Date.parse(sync.lastTryAt!));
  } finally {
    vi.unstubAllGlobals();
  }
  expect((await syncNow()).result).toBe("unchanged");
});

test("a first sync that fails serves nothing of the repository, and one without a token says so", async () => {
  await script({ faults: [{ on: "blob", status: 500 }] });
  expect((await syncNow()).sync).toMatchObject({
    status: "error",
    commit: null,
    prompts: 0,
    lastSuccessAt: null,
  });
  expect(await served()).toEqual({});
  const { sync } = await syncNow({ MCP_GITHUB_TOKEN: "" });
  expect(sync).toMatchObject({ hasToken: false, error: { reason: "not_found" } });
});

test("syncs that GitHub's limit ends continue from what they have fetched", async () => {
  const names = Array.from({ length: 9 }, (_, n) => `p${n}`);
  const files = Object.fromEntries(names.map((name) => [`${name}.yaml`, prompt(name)]));
  const limit = { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(0) } };
  const blobs = async () => (await seenByGitHub()).calls.filter((call) => call === "blob").length;
  await script({ files, faults: [{ on: "blob", after: 5, ...limit }] });
  expect((await syncNow()).sync).toMatchObject({
    error: { reason: "rate_limited" },
    prompts: 0,
    commit: null,
  });
  expect(await queryRows("select jsonb_array_length(blobs) as count from prompt_syncs")).toEqual([
    { count: 5 },
  ]);
  await script({ files });
  await queryRows("update prompt_syncs set failure = null");
  expect((await syncNow()).sync).toMatchObject({ status: "success", prompts: 9 });
  expect(await blobs()).toBe(4);
  expect(await queryRows("select blobs from prompt_syncs")).toEqual([{ blobs: [] }]);
});

test("a deployment with other bundled prompts assembles the set again, from what is stored", async () => {
  await syncNow();
  await queryRows("update prompt_syncs set bundle = 'of another deployment'");
  const { result, sync } = await syncNow();
  expect([result, sync.status]).toEqual(["unchanged", "success"]);
  expect((await seenByGitHub()).calls.slice(4)).toEqual(["head", "tree"]);
  await syncNow();
  expect((await seenByGitHub()).calls.slice(6)).toEqual(["head"]);
});

test("a sync copies the set to KV, where it is read while Postgres is unreachable", async () => {
  await syncNow();
  await servedPrompts(testEnv(), loadConfig(testEnv())); // another isolate: this one has read no prompts of the repository
  expect(await served(DATABASE_DOWN)).toEqual(FIRST);
});

test("an expired token is tried again only when it is another one, and alerts once", async () => {
  const expired = { MCP_GITHUB_TOKEN: "github_pat_old" };
  await syncNow(expired);
  await syncNow(expired);
  expect(alerts).toMatchObject([{ kind: "prompt_sync", repository: "team/shared" }]);
  await byCron(expired);
  expect((await seenByGitHub()).calls).toEqual(["head", "head"]);
  await byCron();
  expect(await statusNow()).toMatchObject({ status: "success", prompts: 2 });
});

test("cron syncs at once, and then when the interval has passed", async () => {
  await byCron();
  await byCron();
  expect((await seenByGitHub()).calls).toEqual(["head", "tree", "blob", "blob"]);
  await queryRows("update prompt_syncs set next_at = now() - interval '1 second'");
  await Promise.all([byCron(), byCron()]);
  expect((await seenByGitHub()).calls.slice(4)).toEqual(["head"]);
});

test("a sync that was interrupted is not said to be running for ever, and is made again", async () => {
  await syncNow();
  await queryRows(
    "update prompt_syncs set tried_at = now() + interval '1 second', next_at = now() + interval '9 seconds'",
  );
  expect((await statusNow()).status).toBe("syncing");
  await queryRows("update prompt_syncs set next_at = now() - interval '1 second'");
  expect((await statusNow()).status).toBe("success");
  await byCron();
  expect((await seenByGitHub()).calls).toHaveLength(5);
});

test("of two syncs at once one stores what both have read", async () => {
  await syncNow();
  await script({ files: { "a.yaml": prompt("A2") }, faults: [{ on: "tree", together: 2, times: 2 }] });
  const both = await Promise.all([syncNow(), syncNow()]);
  expect(both.map(({ result }) => result).sort()).toEqual(["changed", "unchanged"]);
  expect(await served()).toEqual({ a: "A2" });
  const rows = await queryRows("select version, failures_in_row from prompt_syncs");
  expect(rows).toEqual([{ version: 2, failures_in_row: 0 }]);
});

test("a sync that has read an older commit does not replace a newer one", async () => {
  await syncNow();
  await script({ files: { "a.yaml": prompt("A2") }, faults: [{ on: "tree", together: 2, times: 2 }] });
  const slow = syncNow();
  await expect.poll(async () => (await seenByGitHub()).calls).toEqual(["head", "tree"]);
  // Who has asked for a sync is in the log before it ends.
  const { entries } = await apiJson<{ entries: object[] }>("/api/audit?action=prompts.sync");
  expect(entries).toHaveLength(2);
  await queryRows(
    `update prompt_syncs set version = version + 1, commit = $1, prompts = '[]', files = '[]', etag = null`,
    ["f".repeat(40)],
  );
  await fetch(`${inject("fakeGitHub")}/repos/team/shared/git/trees/x`, {
    headers: { "user-agent": "claude-nexus-edge" },
  });
  expect((await slow).result).toBe("changed");
  expect((await seenByGitHub()).calls.filter((kind) => kind === "head")).toHaveLength(2);
  expect(await served()).toEqual({ a: "A2" });
});

test("another folder or branch is another set, and the old one goes after a day", async () => {
  await script({ files: { ...FILES, "docs/prompts/c/d.yaml": prompt("C") } });
  await syncNow();
  const folder = { MCP_GITHUB_PATH: "docs/prompts/" };
  expect(await served(folder)).toEqual({});
  await queryRows("update prompt_syncs set tried_at = now() - interval '25 hours'");
  expect((await syncNow(folder)).sync).toMatchObject({ folder: "docs/prompts", prompts: 1 });
  expect(await served(folder)).toEqual({ "c/d": "C" });
  expect(await queryRows("select repository from prompt_syncs")).toHaveLength(1);
  expect((await syncNow({ MCP_GITHUB_PATH: "nowhere" })).sync.error?.message).toContain(
    "There is no folder nowhere in this branch",
  );
});

describe("the webhook", () => {
  let pushes = 0;
  /** Each is another, as GitHub's are. */
  const push = (ref = "refs/heads/main", name = "team/shared") => ({
    ref,
    repository: { full_name: name, pushed_at: ++pushes },
  });

  async function deliver(
    payload: object | string = push(),
    headers: Record<string, string> = {},
    bindings: Bindings = {},
  ) {
    const body = typeof payload === "string" ? payload : JSON.stringify(payload);
    const encoder = new TextEncoder();
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", encoder.encode(SECRET), algorithm, false, ["sign"]);
    const signature = toHex(new Uint8Array(await crypto.subtle.sign(algorithm, key, encoder.encode(body))));
    const ctx = createExecutionContext();
    const request = new Request("https://nexus.example/api/mcp/webhook", {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": crypto.randomUUID(),
        "x-hub-signature-256": `sha256=${signature}`,
        ...headers,
      },
    });
    const response = await handleFetch(request, testEnv({ ...BINDINGS, ...bindings }), ctx);
    await waitOnExecutionContext(ctx);
    return response.status;
  }

  test("syncs after a push, and once only whatever id a delivery is sent again with", async () => {
    await syncNow();
    const first = push();
    await script({ files: { "a.yaml": prompt("A2") } });
    expect(await deliver(first)).toBe(202);
    expect(await served()).toEqual({ a: "A2" });
    await script({ files: { "a.yaml": prompt("A3") } });
    expect(await deliver(first, { "x-github-delivery": crypto.randomUUID() })).toBe(200);
    expect(await served()).toEqual({ a: "A2" });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const payload = encodeURIComponent(JSON.stringify(push("refs/heads/main", "Team/SHARED")));
    expect(await deliver(`payload=${payload}`, form)).toBe(202);
    expect(await served()).toEqual({ a: "A3" });
  });

  test.each<
    [
      what: string,
      status: number,
      payload: object | string | undefined,
      headers?: Record<string, string>,
      bindings?: Bindings,
    ]
  >([
    ["is not there without a secret", 404, undefined, {}, { MCP_GITHUB_WEBHOOK_SECRET: "" }],
    ["is not there without a repository", 404, undefined, {}, { MCP_GITHUB_OWNER: "", MCP_GITHUB_REPO: "" }],
    ["refuses a wrong signature", 401, undefined, { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }],
    ["refuses a signature of another kind", 401, undefined, { "x-hub-signature-256": "sha1=abc" }],
    ["responds to a ping", 200, { zen: "Keep it logically awesome." }, { "x-github-event": "ping" }],
    ["ignores other events", 200, {}, { "x-github-event": "star" }],
    ["ignores other branches", 200, push("refs/heads/feature")],
    ["ignores tags of the branch's name", 200, push("refs/tags/main")],
    ["ignores other repositories", 200, push("refs/heads/main", "team/other")],
    ["refuses what is no JSON", 400, "not JSON"],
    ["refuses a push of no repository", 400, { ref: "refs/heads/main" }],
    ["refuses a large body", 413, { ...push(), more: "x".repeat(1_000_000) }],
    ["says so while Postgres is unreachable", 503, undefined, {}, DATABASE_DOWN],
  ])("%s", async (_what, status, payload, headers = {}, bindings = {}) => {
    expect(await deliver(payload, headers, bindings)).toBe(status);
    expect((await seenByGitHub()).calls).toEqual([]);
  });

  test("slows down who guesses signatures, and no right one", async () => {
    await forgetWrongKeys();
    const from = { "cf-connecting-ip": "198.51.100.77" };
    const wrong = { ...from, "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    for (let n = 0; n < FREE_PER_ADDRESS; n++) expect(await deliver(undefined, wrong)).toBe(401);
    expect(await deliver(undefined, wrong)).toBe(429);
    expect(await deliver(undefined, from)).toBe(202);
    const [audited] = await queryRows(
      "SELECT actor, target FROM audit_log WHERE action = 'key.wrong' LIMIT 1",
    );
    expect(audited).toEqual({ actor: "198.51.100.77", target: "webhook" });
    await forgetWrongKeys();
  });

  test("reads few deliveries at once, because their signatures are checked afterwards", async () => {
    const signed = { "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    const slow = Array.from({ length: 4 }, () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const init = { method: "POST", body: readable, headers: signed };
      const request = new Request("https://nexus.example/api/mcp/webhook", init);
      return { writable, response: handleFetch(request, testEnv(BINDINGS), createExecutionContext()) };
    });
    expect(await deliver()).toBe(503);
    for (const { writable, response } of slow) {
      await writable.close();
      expect((await response).status).toBe(401);
    }
    expect(await deliver()).toBe(202);
  });

  test("makes cron sync where its own sync is interrupted, but not against a limit", async () => {
    await script({ faults: [{ on: "head", status: 429, headers: { "retry-after": "900" } }] });
    expect(await deliver()).toBe(202);
    expect(await deliver()).toBe(202);
    await byCron();
    expect((await seenByGitHub()).calls).toEqual(["head"]);
  });
});

describe("the API", () => {
  test("lists, searches and describes prompts, with slashes in names", async () => {
    await syncNow();
    const get = <T>(path: string) => apiJson<T>(path, { key: VIEWER_KEY, bindings: BINDINGS });
    const { prompts, total } = await get<PromptList>("/api/mcp/prompts");
    expect(total).toBe(prompts.length);
    expect(prompts.find(({ name }) => name === "review")).toMatchObject({
      source: "bundled",
      uses: 0,
      lastUsedOn: null,
    });
    expect((await get<PromptList>("/api/mcp/prompts?search=TEAM/b")).prompts.map(({ name }) => name)).toEqual(
      ["team/b"],
    );
    expect(
      (await get<PromptList>("/api/mcp/prompts?search=change%20defects")).prompts.map(({ name }) => name),
    ).toEqual(["review"]);
    const view = { name: "team/b", template: "B1", source: "repository", file: "team/b.yml", problems: [] };
    expect(await get<PromptView>("/api/mcp/prompts/team%2Fb")).toMatchObject(view);
    expect(await get<PromptView>("/api/mcp/prompts/team/b")).toMatchObject(view);
    for (const name of ["nothing", "team/nothing", "team%2Fb%2Fc"])
      expect(await apiError(`/api/mcp/prompts/${name}`, { bindings: BINDINGS })).toMatchObject({
        status: 404,
      });
  });

  test("renders as for a client, for viewers too, and counts no use", async () => {
    const render = (name: string, values: object) =>
      call("/api/mcp/prompts/render", { method: "POST", key: VIEWER_KEY, body: { name, arguments: values } });
    expect((await render("review", { base: "v1" })).json).toMatchObject({
      error: null,
      text: expect.stringContaining("v1") as string,
    });
    expect((await render("nothing", {})).status).toBe(404);
    expect((await render("review", { base: 1 })).status).toBe(400);
    await script({
      files: { "a.yaml": "description: d\narguments: [{ name: x, required: true }]\ntemplate: '{{x}}'\n" },
    });
    await syncNow();
    const { json } = await call("/api/mcp/prompts/render", {
      method: "POST",
      body: { name: "a" },
      bindings: BINDINGS,
    });
    expect(json).toEqual({ text: null, error: 'The prompt "a" needs x.' });
    expect(await queryRows("select * from prompt_uses")).toEqual([]);
  });

  test("refuses a sync to viewers and without a repository", async () => {
    const post = { method: "POST", body: {} };
    expect(await apiError("/api/mcp/sync", { ...post, key: VIEWER_KEY, bindings: BINDINGS })).toMatchObject({
      status: 403,
    });
    expect(await apiError("/api/mcp/sync", post)).toMatchObject({
      status: 503,
      message: expect.stringContaining("MCP_GITHUB_OWNER") as string,
    });
    expect(await apiJson<PromptSyncStatus>("/api/mcp/sync/status")).toMatchObject({
      status: "not_configured",
      repository: null,
    });
  });
});
