import { beforeEach, expect, test } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { countPromptUse, forgetServedPrompts, servedPrompts } from "../../workers/store/prompts/registry.ts";
import { promptSource } from "../../workers/store/prompts/source.ts";
import { DATABASE_DOWN, testEnv } from "../support/worker-api.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";

const REPOSITORY = { MCP_GITHUB_OWNER: "o", MCP_GITHUB_REPO: "r" };
const config = loadConfig(testEnv(REPOSITORY));
const isDown = loadConfig(testEnv({ ...REPOSITORY, ...DATABASE_DOWN }));
const NOW = 1_800_000_000_000;
const prompt = (name: string, template: string) => ({ name, description: "d", template, arguments: [] });

const store = (version: number, ...prompts: object[]) =>
  queryRows(
    `insert into prompt_syncs (repository, version, prompts) values ($1, $2, $3)
    on conflict (repository) do update set version = excluded.version, prompts = excluded.prompts`,
    [promptSource(config)!.key, version, JSON.stringify(prompts)],
  );

beforeEach(async () => {
  await resetDatabase();
  await servedPrompts(loadConfig(testEnv()), NOW); // of no repository: what another test has read is forgotten
});

test("synced prompts stand over bundled ones of their names, and are read again after seconds", async () => {
  const bundled = (await servedPrompts(config, NOW)).prompts.map(({ name }) => name);
  expect(bundled).toEqual([...bundled].sort());
  expect(bundled).toContain("review");
  await store(1, prompt("review", "Ours: {{base}}"), prompt("team/a", "A"));
  expect((await servedPrompts(config, NOW + 9_000)).find("team/a")).toBeUndefined();
  const served = await servedPrompts(config, NOW + 10_000);
  expect(served.prompts.map(({ name }) => name)).toEqual([...bundled, "team/a"].sort());
  expect(served.render("review", { base: "main" })).toEqual({ ok: true, value: "Ours: main" });
  expect(["review", "plan", "team/a"].map((name) => served.isSynced(name))).toEqual([true, false, true]);
  // Templates that were read are kept while nothing changes.
  expect(await servedPrompts(config, NOW + 20_000)).toBe(served);
  await store(2);
  forgetServedPrompts();
  expect((await servedPrompts(config, NOW + 20_000)).prompts.map(({ name }) => name)).toEqual(bundled);
});

test("while Postgres is unreachable, the prompts that were read last are served", async () => {
  expect((await servedPrompts(isDown, NOW)).find("review")).toBeDefined();
  await store(1, prompt("team/a", "A"));
  expect((await servedPrompts(config, NOW + 10_000)).find("team/a")).toBeDefined();
  expect((await servedPrompts(isDown, NOW + 20_000)).find("team/a")).toBeDefined();
});

test("without a repository, only bundled prompts are served", async () => {
  await store(1, prompt("team/a", "A"));
  const { MCP_GITHUB_REPO: _, ...half } = REPOSITORY;
  expect((await servedPrompts(loadConfig(testEnv()), NOW + 60_000)).find("team/a")).toBeUndefined();
  expect(() => loadConfig(testEnv(half))).toThrow("set both or none");
});

test("uses are counted per prompt and day", async () => {
  const day = (at: string) => countPromptUse(config, "review", new Date(at));
  await Promise.all([day("2027-01-01T10:00:00Z"), day("2027-01-01T23:59:59Z"), day("2027-01-02T00:00:00Z")]);
  expect(await queryRows("select day::text, name, uses::integer from prompt_uses order by day")).toEqual([
    { day: "2027-01-01", name: "review", uses: 2 },
    { day: "2027-01-02", name: "review", uses: 1 },
  ]);
  await countPromptUse(isDown, "review");
});
