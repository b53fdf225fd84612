import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { schedule } from "../../scripts/local/local-stack.ts";
import { lockDataDir } from "../../scripts/local/data-dir.ts";
import { processStart } from "../../scripts/lib/processes.ts";
import { loadSecrets } from "../../scripts/local/secrets.ts";
import { readSettings } from "../../scripts/local/settings.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { temporaryDirectory } from "../support/local-stack.ts";

const directories: string[] = [];
it.each(["0x10", "1e3", " 600", "600.5", "-1", "0", ""])("CLAUDE_API_TIMEOUT=%j is refused", (value) => {
  const given = { DATABASE_URL: "-", CREDENTIAL_KEYS: `a:${"A".repeat(43)}=` };
  expect(() => loadConfig({ ...given, CLAUDE_API_TIMEOUT: value })).toThrow(/CLAUDE_API_TIMEOUT/);
  expect(loadConfig({ ...given, CLAUDE_API_TIMEOUT: "600" }).CLAUDE_API_TIMEOUT).toBe(600);
});

it.each([
  ["SPARK_API_KEY", "a key", "expected a key without blanks"],
  ["SPARK_API_URL", "http://spark.example", "expected an https address"],
  ["GEMINI_API_URL", "http://gemini.example", "expected an https address"],
  ["SPARK_API_URL", "https://user@spark.example", "expected an address without user, query or fragment"],
  ["SPARK_API_URL", "https://spark.example/?team=1", "expected an address without user, query or fragment"],
  ["SPARK_API_URL", "spark.example", "Invalid URL"],
])("%s=%j is refused", (name, value, message) => {
  const given = { DATABASE_URL: "-", CREDENTIAL_KEYS: `a:${"A".repeat(43)}=`, SPARK_API_KEY: "" };
  expect(() => loadConfig({ ...given, [name]: value })).toThrow(`${name}: ${message}`);
  expect(loadConfig(given)).toMatchObject({
    SPARK_API_KEY: undefined,
    SPARK_API_URL: "http://localhost:8000",
  });
});

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});
async function directory(): Promise<string> {
  const made = await temporaryDirectory();
  directories.push(made);
  return made;
}

describe("the data directory", () => {
  it("is created, locked by one start at a time and released", async () => {
    const path = join(await directory(), "deep", "er");
    const first = await lockDataDir(path);
    await expect(lockDataDir(path)).rejects.toThrow(`in use by another start (process ${process.pid})`);
    await first.release();
    await (await lockDataDir(path)).release();
  });

  it("stays locked while the process that locked it runs", async () => {
    const path = await directory();
    const parent = { pid: process.ppid, started: processStart(process.ppid) };
    await writeFile(join(path, "lock"), JSON.stringify(parent));
    await expect(lockDataDir(path)).rejects.toThrow(`process ${process.ppid}`);
  });

  it.each([
    ["a process that is gone", JSON.stringify({ pid: 2 ** 22 + 1, started: "1" })],
    ["an earlier process of the same id", JSON.stringify({ pid: process.ppid, started: "long ago" })],
    ["nobody: half written", '{"pid":'],
    ["nobody: empty", ""],
  ])("is taken over from %s", async (_who, lock) => {
    const path = await directory();
    await writeFile(join(path, "lock"), lock);
    const taken = await lockDataDir(path);
    expect(JSON.parse(await readFile(join(path, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
    await taken.release();
  });
});

it("the secrets are generated once, valid as configuration, and readable only by the owner", async () => {
  const path = await directory();
  const secrets = await loadSecrets(path);
  expect(await loadSecrets(path)).toEqual(secrets);
  expect(loadConfig({ DATABASE_URL: "-", ...secrets })).toMatchObject(secrets);
  expect(await loadSecrets(await directory())).not.toEqual(secrets);
  const file = join(path, "secrets.json");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await chmod(file, 0o644);
  await loadSecrets(path);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it("the secrets are not replaced when the file is damaged", async () => {
  const path = await directory();
  await writeFile(join(path, "secrets.json"), "{");
  await expect(loadSecrets(path)).rejects.toThrow("damaged");
});

describe("the settings", () => {
  it("have defaults", () => {
    expect(readSettings({})).toMatchObject({ proxyPort: 8787, dashboardPort: 8788, variables: {} });
    expect(readSettings({}).dataDir).toBe(join(process.cwd(), ".data"));
  });

  it("pass on only the Worker's variables", () => {
    const { variables } = readSettings({
      CLAUDE_API_BASE_URL: "http://127.0.0.1:1",
      DASHBOARD_API_KEY: "mine",
      DASHBOARD_VIEWER_KEY: "",
      STORAGE_ENABLED: "true",
      HOME: "/root",
    });
    expect(variables).toEqual({
      CLAUDE_API_BASE_URL: "http://127.0.0.1:1",
      DASHBOARD_API_KEY: "mine",
      STORAGE_ENABLED: "true",
    });
  });

  it.each(["-1", "65536", "80a", "1e3", " 80"])("reject the port %j", (port) => {
    expect(() => readSettings({ DASHBOARD_PORT: port })).toThrow("DASHBOARD_PORT");
  });
});

it.each([
  ["* * * * *", ["2026-11-29T23:59", "2026-11-30T00:00", "2026-11-30T00:01"]],
  ["41 * * * *", ["2026-11-30T00:41", "2026-11-30T01:41"]],
  ["17 3 * * *", ["2026-11-30T03:17", "2026-12-01T03:17", "2026-12-02T03:17"]],
])("the cron triggers of wrangler.toml %s fires at the right UTC minutes", async (expression, minutes) => {
  expect(await readFile("wrangler.toml", "utf8")).toContain(`  "${expression}",`);
  const job = schedule(expression, () => undefined);
  const runs = job.nextRuns(minutes.length, "2026-11-29T23:58:00Z");
  job.stop();
  expect(runs.map((run) => run.toISOString())).toEqual(minutes.map((minute) => `${minute}:00.000Z`));
});

it("the cron triggers of wrangler.toml are the ones above", async () => {
  const crons = /^crons = \[([^\]]*)\]/m.exec(await readFile("wrangler.toml", "utf8"))![1]!;
  expect(crons.match(/"[^"]+"/g)).toHaveLength(3);
});
