import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { copyToKv } from "../../workers/store/prompts/kv-copy.ts";
import { forgetServedPrompts, servedPrompts } from "../../workers/store/prompts/registry.ts";
import { promptSource } from "../../workers/store/prompts/source.ts";
import { countPromptUse, writePromptUses } from "../../workers/store/prompts/uses.ts";
import { DATABASE_DOWN, testEnv } from "../support/worker-api.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";

const REPOSITORY = { MCP_GITHUB_OWNER: "o", MCP_GITHUB_REPO: "r" };
const config = loadConfig(testEnv(REPOSITORY));
const isDown = loadConfig(testEnv({ ...REPOSITORY, ...DATABASE_DOWN }));
const NOW = 1_800_000_000_000;
const read = (of: typeof config, now: number) => servedPrompts(testEnv(), of, now);
const prompt = (name: string, template: string) => ({ name, description: "d", template, arguments: [] });

const store = (version: number, ...prompts: object[]) =>
  queryRows(
    `insert into prompt_syncs (repository, version, prompts) values ($1, $2, $3)
    on conflict (repository) do update set version = excluded.version, prompts = excluded.prompts`,
    [promptSource(config)!.key, version, JSON.stringify(prompts)],
  );

beforeEach(async () => {
  await resetDatabase();
  await read(loadConfig(testEnv()), NOW); // of no repository: what another test has read is forgotten
});

test("synced prompts stand over bundled ones of their names, and are read again after seconds", async () => {
  const bundled = (await read(config, NOW)).prompts.map(({ name }) => name);
  expect(bundled).toEqual([...bundled].sort());
  expect(bundled).toContain("review");
  await store(1, prompt("review", "Ours: {{base}}"), prompt("team/a", "A"));
  expect((await read(config, NOW + 9_000)).find("team/a")).toBeUndefined();
  const served = await read(config, NOW + 10_000);
  expect(served.prompts.map(({ name }) => name)).toEqual([...bundled, "team/a"].sort());
  expect(served.render("review", { base: "main" })).toEqual({ ok: true, value: "Ours: main" });
  expect(["review", "plan", "team/a"].map((name) => served.isSynced(name))).toEqual([true, false, true]);
  // Templates that were read are kept while nothing changes.
  expect(await read(config, NOW + 20_000)).toBe(served);
  await store(2);
  forgetServedPrompts();
  expect((await read(config, NOW + 20_000)).prompts.map(({ name }) => name)).toEqual(bundled);
});

test("while Postgres is unreachable, the prompts that were read last are served", async () => {
  expect((await read(isDown, NOW)).find("review")).toBeDefined();
  await store(1, prompt("team/a", "A"));
  expect((await read(config, NOW + 10_000)).find("team/a")).toBeDefined();
  expect((await read(isDown, NOW + 20_000)).find("team/a")).toBeDefined();
});

test("an isolate that starts while Postgres is unreachable serves the copy of the last sync in KV", async () => {
  const source = promptSource(config)!.key;
  const copy = (version: string, template: string) =>
    copyToKv(env, { source, version, prompts: [prompt("team/a", template)] });
  await copy("1 a", "A1");
  await copy("1 a", "of the same version");
  expect((await read(isDown, NOW)).render("team/a", {})).toEqual({ ok: true, value: "A1" });
  await copy("2 b", "A2");
  await read(loadConfig(testEnv()), NOW); // another isolate
  expect((await read(isDown, NOW)).render("team/a", {})).toEqual({ ok: true, value: "A2" });
  // Postgres counts as soon as it is back.
  await store(3, prompt("team/a", "A3"));
  expect((await read(config, NOW + 10_000)).render("team/a", {})).toEqual({ ok: true, value: "A3" });
  // A copy of another repository is none.
  const other = loadConfig(testEnv({ ...REPOSITORY, MCP_GITHUB_BRANCH: "next", ...DATABASE_DOWN }));
  expect((await read(other, NOW)).find("team/a")).toBeUndefined();
});

test("without KV, the bundled prompts are served, and a sync does not fail", async () => {
  const fails = () => Promise.reject(new Error("KV is down"));
  const TENANTS = { get: fails, put: fails, getWithMetadata: fails };
  const broken = testEnv({ TENANTS });
  await copyToKv(broken, { source: promptSource(config)!.key, version: "1", prompts: [] });
  expect((await servedPrompts(broken, isDown, NOW)).find("review")).toBeDefined();
});

test("without a repository, only bundled prompts are served", async () => {
  await store(1, prompt("team/a", "A"));
  const { MCP_GITHUB_REPO: _, ...half } = REPOSITORY;
  expect((await read(loadConfig(testEnv()), NOW + 60_000)).find("team/a")).toBeUndefined();
  expect(() => loadConfig(testEnv(half))).toThrow("set both or none");
});

test("uses are counted per prompt and day, and written together", async () => {
  await writePromptUses(config); // of other tests
  await resetDatabase();
  const planned: unknown[] = [];
  const ctx = { waitUntil: (write: unknown) => void planned.push(write) };
  const use = (at: string, name = "review") => countPromptUse({ ctx, config }, name, Date.parse(at));
  for (const at of ["2027-01-01T10:00:00Z", "2027-01-01T10:00:01Z", "2027-01-01T10:00:02Z"]) use(at);
  expect(planned).toHaveLength(1);
  use("2027-01-01T23:59:59Z", "plan");
  use("2027-01-02T00:00:00Z");
  await writePromptUses(config);
  use("2027-01-02T00:00:00Z");
  await writePromptUses(config);
  await writePromptUses(config);
  expect(
    await queryRows("select day::text, name, uses::integer from prompt_uses order by day, name"),
  ).toEqual([
    { day: "2027-01-01", name: "plan", uses: 1 },
    { day: "2027-01-01", name: "review", uses: 3 },
    { day: "2027-01-02", name: "review", uses: 2 },
  ]);
  use("2027-01-02T00:00:00Z");
  await writePromptUses(isDown);
});

describe("of reads that overlap", () => {
  const local = loadConfig(testEnv({ LOCAL_PROMPTS: "http://127.0.0.1/prompts" }));
  const LATER = NOW + 600_000;
  const names = async (now: number) => (await read(local, now)).prompts.map(({ name }) => name);
  /** Begins a read; its bundled prompts arrive when the test says so. */
  const begin = async (now: number) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const fetched = vi.spyOn(globalThis, "fetch").mockReturnValueOnce(promise);
    const reading = names(now);
    await expect.poll(() => fetched.mock.calls.length).toBe(1);
    fetched.mockRestore();
    return (name: string) => {
      resolve(Response.json([prompt(name, "t")]));
      return reading;
    };
  };
  beforeEach(forgetServedPrompts);

  test("the one that began last counts, whichever ends first", async () => {
    const first = await begin(LATER);
    forgetServedPrompts();
    const second = await begin(LATER);
    expect(await second("new")).toEqual(["new"]);
    await first("old");
    expect(await names(LATER)).toEqual(["new"]);
  });

  test("one reads, and the others are served what was read last", async () => {
    await (
      await begin(LATER)
    )("old");
    const next = await begin(LATER + 60_000);
    expect(await names(LATER + 60_000)).toEqual(["old"]);
    expect(await next("new")).toEqual(["new"]);
    expect(await names(LATER + 60_000)).toEqual(["new"]);
  });

  test("what began before a sync is not served after it", async () => {
    const before = await begin(LATER);
    forgetServedPrompts();
    await before("old");
    const after = await begin(LATER);
    expect(await after("new")).toEqual(["new"]);
  });
});
