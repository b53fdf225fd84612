import { describe, expect, test } from "vitest";
import { flatTree, gitObjects, type FakeFiles } from "../../../scripts/local/fake-github.ts";
import { failed, ok } from "../result.ts";
import type { RepositoryFailure } from "../../schemas/prompt.ts";
import { describeProblem, mergePrompts } from "./prompt.ts";
import { nextSyncAt, repositoryFailure } from "./repository-failure.ts";
import { NO_SYNCED_PROMPTS, syncPrompts, type PromptRepository, type SyncedPrompts } from "./sync-prompts.ts";

type Files = FakeFiles;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const prompt = (template: string) => `description: d\ntemplate: ${JSON.stringify(template)}\n`;

/** A repository with one commit at a time, which counts what is read. */
class FakeRepository implements PromptRepository {
  calls: string[] = [];
  failures: Record<string, RepositoryFailure> = {};
  truncated = new Set<string>();
  tampered = new Map<string, string>();
  /** Further calls for blobs are refused. */
  blobsLeft = Infinity;
  #objects = gitObjects({});

  commit(files: Files): this {
    this.#objects = gitObjects(files);
    return this;
  }

  #called<T>(call: string, value: T) {
    this.calls.push(call.replace(/[0-9a-f]{40}/, ""));
    const limited: RepositoryFailure = { reason: "rate_limited", message: "m", retryAt: 5 };
    const isLimited = call.startsWith("blob") && this.blobsLeft-- <= 0;
    const failure = isLimited ? limited : this.failures[call.split(" ")[0]!];
    return Promise.resolve(failure ? failed(failure) : ok(value));
  }

  head(etag: string | null) {
    const { commit } = this.#objects;
    const own = `W/${commit}`;
    return this.#called("head", etag === own ? null : { commit, etag: own });
  }

  tree(sha: string, isRecursive: boolean) {
    const entries = isRecursive ? flatTree(this.#objects, sha) : this.#objects.trees.get(sha)!;
    const isTruncated = isRecursive && this.truncated.size > 0;
    return this.#called(`tree ${sha}`, { entries, isTruncated });
  }

  blob(sha: string) {
    const tampered = this.tampered.get(this.#objects.blobs.get(sha)!.toString());
    return this.#called(
      `blob ${sha}`,
      tampered === undefined ? this.#objects.blobs.get(sha)! : bytesOf(tampered),
    );
  }
}

const bundledPrompt = (name: string, template: string) => ({
  name,
  description: "d",
  template,
  arguments: [],
});
const options = {
  folder: "",
  bundled: [
    bundledPrompt("bundled", "Bundled."),
    bundledPrompt("outer", "{{> inner}}"),
    bundledPrompt("inner", ""),
  ],
};

async function synced(repository: FakeRepository, state: SyncedPrompts = NO_SYNCED_PROMPTS, folder = "") {
  repository.calls = [];
  const result = await syncPrompts(repository, state, { ...options, folder });
  if (!result.ok) throw new Error(`${result.error.failure.reason}: ${result.error.failure.message}`);
  return result.value;
}

const served = ({ prompts }: SyncedPrompts) =>
  Object.fromEntries(prompts.map(({ name, template }) => [name, template]));

const FIRST: Files = { "a.yaml": prompt("A1"), "team/b.yml": prompt("B1"), "README.md": "read me" };

/** Commits after FIRST: what is served then, which problems there are, and how many blobs are fetched. */
const COMMITS: [
  what: string,
  files: Files,
  served: Record<string, string>,
  problems: RegExp[],
  blobs: number,
][] = [
  ["nothing new in prompts", { ...FIRST, "README.md": "new" }, { a: "A1", "team/b": "B1" }, [], 0],
  ["a changed file", { ...FIRST, "a.yaml": prompt("A2") }, { a: "A2", "team/b": "B1" }, [], 1],
  ["a new file", { ...FIRST, "c.yaml": prompt("C") }, { a: "A1", c: "C", "team/b": "B1" }, [], 1],
  ["a deleted file", { "a.yaml": prompt("A1") }, { a: "A1" }, [], 0],
  ["no prompts", { "README.md": "x" }, {}, [/^.:1:1: warning: has no files .yaml or .yml/], 0],
  [
    "a circle through a bundled prompt",
    { ...FIRST, "inner.yaml": prompt("{{> outer}}") },
    { a: "A1", "team/b": "B1" },
    [/^inner.yaml:2:11: error: .*circle: inner → outer → inner$/],
    1,
  ],
  [
    "a renamed file",
    { "z.yaml": prompt("A1"), "team/b.yml": prompt("B1") },
    { "team/b": "B1", z: "A1" },
    [],
    0,
  ],
  [
    "a broken file",
    { ...FIRST, "a.yaml": "description: d\ntemplate: {{x}}\n" },
    { a: "A1", "team/b": "B1" },
    [/^a.yaml:2:11: error: quote/],
    1,
  ],
  [
    "a broken new file",
    { ...FIRST, "c.yaml": "- x" },
    { a: "A1", "team/b": "B1" },
    [/^c.yaml:1:1: error: has no keys/],
    1,
  ],
  [
    "a circle",
    { ...FIRST, "a.yaml": prompt("{{> team/b}}"), "team/b.yml": prompt("{{> a}}") },
    { a: "A1", "team/b": "B1" },
    [/^a.yaml:2:11: error: .*circle/, /^team\/b.yml:2:11: error: .*circle/],
    2,
  ],
  [
    "a missing partial",
    { "a.yaml": prompt("{{> team/b}}") },
    { a: "A1" },
    [/^a.yaml:2:11: error: there is no prompt "team\/b"/],
    1,
  ],
  ["a bundled partial", { "a.yaml": prompt("{{> bundled}}") }, { a: "{{> bundled}}" }, [], 1],
  [
    "only broken files",
    { "x.yaml": "- x", "y.yaml": "- y" },
    { a: "A1", "team/b": "B1" },
    [/^.:1:1: warning: no file can be served: the prompts of an earlier commit stay/, /^x.yaml/, /^y.yaml/],
    2,
  ],
  [
    "only refused files",
    { "x.yaml": "x".repeat(70_000), "y.yaml": { link: "x.yaml" } },
    { a: "A1", "team/b": "B1" },
    [
      /^.:1:1: warning: no file can be served/,
      /^x.yaml:1:1: error: is longer/,
      /^y.yaml:1:1: error: is a symb/,
    ],
    0,
  ],
  [
    "a symbolic link in place of a file",
    { ...FIRST, "a.yaml": { link: "/etc/passwd" } },
    { a: "A1", "team/b": "B1" },
    [/^a.yaml:1:1: error: is a symbolic link/],
    0,
  ],
  [
    "a submodule in place of a file",
    { ...FIRST, "a.yaml": { commit: "0".repeat(40) } },
    { a: "A1", "team/b": "B1" },
    [/^a.yaml:1:1: error: is a submodule/],
    0,
  ],
  [
    "a folder in place of a file",
    { "team/b.yml": prompt("B1"), "a.yaml/c.yaml": prompt("C") },
    { "a.yaml/c": "C", "team/b": "B1" },
    [],
    1,
  ],
  [
    "names that begin with a dot",
    {
      ...FIRST,
      ".github/workflows/ci.yml": "on: push",
      ".github/dependabot.yml": "version: 2",
      "team/.x.yaml": "x",
      ".git.md": "x",
    },
    { a: "A1", "team/b": "B1" },
    [
      /^.github:1:1: warning: is skipped: files and folders that begin/,
      /^team\/.x.yaml:1:1: warning: is skipped/,
    ],
    0,
  ],
  [
    "more files than a set has",
    { ...FIRST, ...Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`A${n}.yaml`, { link: "x" }])) },
    { a: "A1", "team/b": "B1" },
    [...Array<RegExp>(199).fill(/^A\d+.yaml:1:1: error: is a symbolic link/), /and 301 more problems$/],
    0,
  ],
  [
    "a symbolic link",
    { ...FIRST, "c.yaml": { link: "/etc/passwd" } },
    { a: "A1", "team/b": "B1" },
    [/^c.yaml:1:1: error: is a symbolic link/],
    0,
  ],
  [
    "a submodule",
    { ...FIRST, lib: { commit: "0".repeat(40) } },
    { a: "A1", "team/b": "B1" },
    [/^lib:1:1: error: is a submodule/],
    0,
  ],
  [
    "names that climb",
    { ...FIRST, "../c.yaml": prompt("C"), "x\\y.yaml": prompt("D"), "é.yaml": prompt("E") },
    { a: "A1", "team/b": "B1" },
    [/^.*has a name/, /^.*has a name/, /^.*has a name/],
    0,
  ],
  [
    "two endings of a name",
    { ...FIRST, "a.yml": prompt("A2") },
    { a: "A1", "team/b": "B1" },
    [/^a.yml:1:1: error: has the name of a.yaml/],
    1,
  ],
  [
    "names that differ in case",
    { ...FIRST, "A.yaml": prompt("A2") },
    { A: "A2", a: "A1", "team/b": "B1" },
    [/^a.yaml:1:1: warning: differs from A.yaml/],
    1,
  ],
  [
    "a large file",
    { ...FIRST, "a.yaml": "x".repeat(70_000) },
    { a: "A1", "team/b": "B1" },
    [/^a.yaml:1:1: error: is longer than 65536 bytes/],
    0,
  ],
  [
    "files that are no text",
    { ...FIRST, "a.yaml": { base64: "//4=" }, "team/b.yml": "description: d\ntemplate: a\0b" },
    { a: "A1", "team/b": "B1" },
    [/^a.yaml:1:1: error: is no text in UTF-8/, /^team\/b.yml:1:1: error: is no text in UTF-8/],
    2,
  ],
];

describe("a commit with", () => {
  test.each(COMMITS)("%s", async (_what, files, expected, problems, blobs) => {
    const repository = new FakeRepository().commit(FIRST);
    const first = (await synced(repository)).state;
    expect(served(first)).toEqual({ a: "A1", "team/b": "B1" });
    const { state } = await synced(repository.commit(files), first);
    expect(served(state)).toEqual(expected);
    expect(state.problems).toHaveLength(problems.length);
    for (const [n, problem] of state.problems.entries())
      expect(describeProblem(problem)).toMatch(problems[n]!);
    expect(repository.calls.filter((call) => call.startsWith("blob"))).toHaveLength(blobs);
    // The next sync ends at the head, with the same state.
    expect(await synced(repository, state)).toEqual({ state, isChanged: false });
    expect(repository.calls).toEqual(["head"]);
    // A repair is served, whatever was before.
    const repaired = (await synced(repository.commit({ "a.yaml": prompt("A3") }), state)).state;
    expect([served(repaired), repaired.problems]).toEqual([{ a: "A3" }, []]);
  });
});

test("a folder is walked to, and paths are relative to it", async () => {
  const repository = new FakeRepository().commit({
    "a.yaml": prompt("A"),
    "docs/prompts/b/c.yaml": prompt("C"),
  });
  expect(served((await synced(repository, NO_SYNCED_PROMPTS, "docs/prompts")).state)).toEqual({ "b/c": "C" });
  expect(repository.calls.map((call) => call.trim())).toEqual(["head", "tree", "tree", "tree", "blob"]);
});

describe("nothing changes when", () => {
  const limited: RepositoryFailure = { reason: "rate_limited", message: "m", retryAt: 5 };
  test.each<[what: string, change: (repository: FakeRepository) => unknown, folder: string, error: object]>([
    ["the head cannot be read", (fake) => (fake.failures = { head: limited }), "", limited],
    ["the tree cannot be read", (fake) => (fake.failures = { tree: limited }), "", limited],
    ["a blob cannot be read", (fake) => (fake.failures = { blob: limited }), "", limited],
    ["the tree is truncated", (fake) => fake.truncated.add("x"), "", { reason: "too_large" }],
    [
      "the folder is missing",
      () => {},
      "nowhere",
      {
        reason: "not_found",
        message: expect.stringContaining("There is no folder nowhere in this branch") as string,
      },
    ],
    ["the folder is a file", () => {}, "a.yaml", { reason: "not_found" }],
    [
      "a blob does not match its hash",
      (fake) => fake.tampered.set(prompt("A2"), prompt("evil")),
      "",
      { reason: "invalid", message: "The content of a.yaml does not match its hash." },
    ],
  ])("%s", async (_what, change, folder, error) => {
    const repository = new FakeRepository().commit(FIRST);
    const { state } = await synced(repository);
    const before = structuredClone(state);
    repository.commit({ ...FIRST, "a.yaml": prompt("A2") });
    change(repository);
    expect(await syncPrompts(repository, state, { ...options, folder })).toMatchObject({
      ok: false,
      error: { failure: error },
    });
    expect(state).toEqual(before);
  });
});

test("a sync that fails keeps what it has fetched, until a try has everything", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`p${n}.yaml`, `${n === 0 ? "\ufeff" : ""}${prompt(`P${n}`)}`]),
  );
  const repository = new FakeRepository().commit({ ...files, "bad.yaml": "- x" });
  let state = NO_SYNCED_PROMPTS;
  const fetched: number[] = [];
  for (let tries = 0; tries < 10 && state.commit === null; tries++) {
    repository.calls = [];
    repository.blobsLeft = 4;
    const result = await syncPrompts(repository, state, options);
    state = result.ok ? result.value.state : { ...state, blobs: result.error.blobs };
    fetched.push(repository.calls.filter((call) => call.startsWith("blob")).length);
  }
  expect(fetched).toEqual([8, 7, 3]);
  expect(Object.keys(served(state))).toHaveLength(10);
  // A bad file is not fetched again either, and no text is stored twice.
  expect(state.blobs).toEqual([{ sha: expect.any(String) as string, text: "- x" }]);
  repository.blobsLeft = Infinity;
  state = (await synced(repository.commit({ ...files, "bad.yaml": "- x", "README.md": "new" }), state)).state;
  expect(repository.calls.filter((call) => call.startsWith("blob"))).toEqual([]);
  // What is not in the commit any more is not kept.
  repository.commit({ "c.yaml": prompt("C") }).failures = {
    blob: { reason: "invalid", message: "", retryAt: null },
  };
  expect(await syncPrompts(repository, state, options)).toMatchObject({ error: { blobs: [] } });
});

test("a file that does not fit to the others for a while keeps its last good version", async () => {
  const repository = new FakeRepository().commit({ "a.yaml": prompt("{{> b}}"), "b.yaml": prompt("B") });
  let { state } = await synced(repository);
  ({ state } = await synced(
    repository.commit({ "a.yaml": prompt("{{> b}}"), "c.yaml": prompt("C") }),
    state,
  ));
  expect(served(state)).toEqual({ c: "C" });
  ({ state } = await synced(repository.commit({ "a.yaml": "- x", "b.yaml": prompt("B2") }), state));
  expect(served(state)).toEqual({ a: "{{> b}}", b: "B2" });
});

test("other bundled prompts make another set of the same commit, and fetch no file", async () => {
  const repository = new FakeRepository().commit({
    ...FIRST,
    "c.yaml": prompt("{{> later}}"),
    "d.yaml": "- x",
  });
  const { state } = await synced(repository);
  expect([served(state), state.problems.map(({ file }) => file)]).toEqual([
    { a: "A1", "team/b": "B1" },
    ["d.yaml", "c.yaml"],
  ]);
  repository.calls = [];
  const bundled = [...options.bundled, bundledPrompt("later", "{{topic}}")];
  const again = await syncPrompts(repository, state, { ...options, bundled });
  if (!again.ok) throw new Error("failed");
  expect(repository.calls.map((call) => call.trim())).toEqual(["head", "tree"]);
  expect([again.value.isChanged, served(again.value.state)]).toEqual([
    true,
    { a: "A1", c: "{{> later}}", "team/b": "B1" },
  ]);
  expect(again.value.state.prompts[1]!.arguments).toEqual([{ name: "topic", required: false }]);
  expect(again.value.state.problems.map(({ file }) => file)).toEqual(["d.yaml"]);
});

test("a commit that changes no prompt changes nothing, also where a database orders its keys", async () => {
  const repository = new FakeRepository().commit(FIRST);
  const { state } = await synced(repository);
  const reversed = state.prompts.map(
    (one) => Object.fromEntries(Object.entries(one).reverse()) as typeof one,
  );
  const next = await synced(repository.commit({ ...FIRST, "README.md": "new" }), {
    ...state,
    prompts: reversed,
  });
  expect([next.isChanged, next.state.commit === state.commit]).toEqual([false, false]);
});

test("files with a good version come before new ones where a set is full", async () => {
  const repository = new FakeRepository().commit(FIRST);
  const { state } = await synced(repository);
  const added = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`A${n}.yaml`, prompt(`${n}`)]));
  const full = (await synced(repository.commit({ ...FIRST, ...added }), state)).state;
  expect(full.prompts).toHaveLength(500);
  expect(served(full)).toMatchObject({ a: "A1", "team/b": "B1" });
  expect(full.problems.map(describeProblem)).toEqual([
    "A98.yaml:1:1: error: is beyond 500 prompts",
    "A99.yaml:1:1: error: is beyond 500 prompts",
  ]);
  expect(full.files).toHaveLength(500);
});

test("two syncs at once end in the same state, whichever is stored", async () => {
  const repository = new FakeRepository().commit(FIRST);
  const { state } = await synced(repository);
  repository.commit({ ...FIRST, "a.yaml": prompt("A2") });
  const [one, two] = await Promise.all([synced(repository, state), synced(repository, state)]);
  expect(one).toEqual(two);
  expect(one.state.commit).not.toBe(state.commit);
});

test("prompts of the repository replace bundled ones of their names, and others stay", async () => {
  const { state } = await synced(new FakeRepository().commit(FIRST));
  const bundled = { description: "d", arguments: [], template: "bundled" };
  const merged = mergePrompts(
    [
      { ...bundled, name: "z" },
      { ...bundled, name: "a" },
    ],
    state.prompts,
  );
  expect(merged.map(({ name, template }) => [name, template])).toEqual([
    ["a", "A1"],
    ["team/b", "B1"],
    ["z", "bundled"],
  ]);
});

describe("GitHub's responses", () => {
  const now = 1_700_000_000_000;
  const target = { owner: "o", repository: "r", branch: "main", folder: "prompts" };
  const read = (status: number, headers: Record<string, string> = {}, text = "") =>
    repositoryFailure({ status, headers: new Headers(headers), text }, target, now);

  test("of a secondary rate limit are recognized by their text", () => {
    const text = '{"message":"You have exceeded a secondary rate limit."}';
    expect(read(403, { "x-ratelimit-remaining": "4999" }, text)).toMatchObject({
      reason: "rate_limited",
      retryAt: now + 60_000,
    });
  });

  test.each<
    [status: number, headers: Record<string, string>, reason: string, message: RegExp, waitMs: number | null]
  >([
    [301, {}, "moved", /another name/, null],
    [401, {}, "unauthorized", /token/, null],
    [403, {}, "forbidden", /o\/r, branch main, folder prompts.*Contents: read/, null],
    [403, { "x-ratelimit-remaining": "12" }, "forbidden", /may not read/, null],
    [
      403,
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1_000 + 90) },
      "rate_limited",
      /rate limit/,
      90_000,
    ],
    [403, { "x-ratelimit-remaining": "0" }, "rate_limited", /rate limit/, 60_000],
    [403, { "retry-after": "30" }, "rate_limited", /rate limit/, 30_000],
    [429, {}, "rate_limited", /rate limit/, 60_000],
    [429, { "retry-after": "99999999" }, "rate_limited", /rate limit/, 3_600_000],
    [429, { "retry-after": "soon" }, "rate_limited", /rate limit/, 60_000],
    [404, {}, "not_found", /no o\/r, branch main, folder prompts, or the token may not see it/, null],
    [409, {}, "no_commits", /no commits/, null],
    [422, {}, "invalid", /commit/, null],
    [500, {}, "unavailable", /status 500/, null],
  ])("%i with %j", (status, headers, reason, message, waitMs) => {
    const failure = read(status, headers);
    expect(failure).toMatchObject({ reason, message: expect.stringMatching(message) as string });
    expect(failure.retryAt === null ? null : failure.retryAt - now).toBe(waitMs);
  });

  test.each<[what: string, failure: RepositoryFailure | null, failuresInRow: number, waitMs: number | null]>([
    ["a success", null, 0, 300_000],
    ["a first failure", read(500), 1, 300_000],
    ["a fourth failure", read(500), 4, 480_000],
    ["many failures", read(500), 5_000, 3_600_000],
    ["a limit", read(429, { "retry-after": "900" }), 1, 900_000],
    ["a wrong token", read(401), 1, null],
  ])("the next sync after %s", (_what, failure, failuresInRow, waitMs) => {
    const next = nextSyncAt({ failure, failuresInRow, intervalMs: 300_000 }, now);
    expect(next === null ? null : next - now).toBe(waitMs);
  });
});
