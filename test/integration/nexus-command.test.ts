import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { PartVersion } from "../../scripts/nexus/version.ts";
import { VERSION } from "../../workers/runtime/constants.ts";
import migrations from "../../drizzle/migrations/meta/_journal.json" with { type: "json" };
import { LAUNCHER, nexus, type ScriptedResponse, startScriptedApi } from "../support/nexus-command.ts";

const healthy: Status = {
  now: "2026-11-01T12:00:00.000Z",
  state: "ok",
  database: { reachable: true, latencyMs: 3 },
  journal: { reachable: true, entries: 7, isMore: false, ended: 2, oldestAgeMs: 4_000, bytes: 100 },
  ingestFailures: { count: 0, newest: [] },
  inFlight: 2,
  linking: null,
  searchWaiting: 0,
  unrecorded: 0,
  unread: 0,
  models: { withoutPrice: ["claude-opus-9"], withoutWindow: [] },
  counters: { refused: 12 },
  partitions: { until: "2027-03-01T00:00:00.000Z", rowsInDefault: 0 },
  promptSync: null,
  edge: { checked: 9, missing: 1, stale: 0, extra: 2, isMore: false },
  sealing: {
    keys: [
      { id: "k3", state: "current", fields: { "accounts.credential": 1 } },
      { id: "k2", state: "needed", fields: { "domains.slack_webhook": 2 } },
      { id: "k1", state: "unused", fields: {} },
      { id: "k0", state: "missing", fields: { "TENANTS.domain": 1 } },
    ],
  },
  lastErrors: [
    {
      requestId: "019a",
      domain: "claude.example.com",
      timestamp: "2026-11-01T11:59:00.000Z",
      responseStatus: 529,
      outcome: "complete",
      failed: true,
      errorType: "overloaded_error",
      error: "Overloaded \u001b[31m",
    },
  ],
  newestRequestAt: "2026-11-01T11:59:58.000Z",
  versions: {
    nexus: "0.1.0",
    migrations: 2,
    schema: 1_796_100_287_604,
    journal: 1,
    database: "PostgreSQL 17.2",
  },
};

const DASHBOARD_URL = { name: "DASHBOARD_URL", isSet: true, isDefault: false, description: "" };

describe("nexus status", () => {
  it("sends the administrator's key and shows the state of the deployment", async () => {
    const api = await startScriptedApi(() => ({ body: healthy }));
    const ran = await nexus(
      ["status"],
      { NEXUS_URL: api.url, DASHBOARD_API_KEY: "the-key" },
      "",
      undefined,
      LAUNCHER,
    );
    expect(api.calls).toEqual([{ line: "GET /api/status", key: "the-key", body: undefined }]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^state +ok$/m);
    expect(ran.stdout).toMatch(/^database +PostgreSQL 17.2, 3 ms, 2 migrations$/m);
    expect(ran.stdout).toMatch(/^journal +7 entries, 2 waiting to be stored, the oldest for 4 s$/m);
    expect(ran.stdout).toMatch(/^partitions +until 2027-03-01, 0 rows in the default one$/m);
    expect(ran.stdout).toMatch(
      /^edge +9 entries in KV: 1 missing, 0 outdated, 2 to be removed. Run "nexus project"$/m,
    );
    expect(ran.stdout).toMatch(/^sealing key k2 +still opens 2 domains.slack_webhook. Run "nexus reseal"/m);
    expect(ran.stdout).toMatch(/^sealing key k1 +is not needed any more: remove it from CREDENTIAL_KEYS/m);
    expect(ran.stdout).toMatch(
      /^sealing key k0 +is not in CREDENTIAL_KEYS, and 1 TENANTS.domain cannot be opened/m,
    );
    expect(ran.stdout).toMatch(/^24 h: refused +12$/m);
    expect(ran.stdout).toMatch(/^last errors +2026-11-01T11:59:00.000Z 019a .*Overloaded +\[31m$/m);
  });

  it("prints the unchanged API response with --json, in any position", async () => {
    const body = { ...healthy, later: ["a field of a newer version"] };
    const api = await startScriptedApi(() => ({ body }));
    for (const words of [
      ["status", "--json"],
      ["--json", "status"],
      ["status", "--json", "--url", api.url],
    ])
      expect(JSON.parse((await api.run(words)).stdout)).toEqual(body);
  });

  it("exits with 1 when the deployment is failing", async () => {
    const failing = { ...healthy, state: "failing", lastErrors: null, ingestFailures: null, counters: null };
    const api = await startScriptedApi(() => ({ body: failing }));
    expect(await api.run(["status"])).toMatchObject({ code: 1, stderr: "" });
  });
});

describe("nexus version", () => {
  const newest = migrations.entries.at(-1)!;
  const deployment = (versions: object, dashboard: ScriptedResponse = { body: { version: VERSION } }) =>
    startScriptedApi((line) =>
      line === "GET /api/status"
        ? { body: { ...healthy, versions: { ...healthy.versions, ...versions } } }
        : line === "GET /version"
          ? dashboard
          : { body: { variables: [{ ...DASHBOARD_URL, value: address }] } },
    );
  let address = "";

  it.each([
    ["everything agrees", { nexus: VERSION, schema: newest.when }, undefined, {}],
    ["the dashboard is unknown", { nexus: VERSION, schema: newest.when }, { status: 302 }, {}],
    ["the Worker is older", { nexus: "0.1.0", schema: newest.when }, undefined, { Worker: /deploy again/ }],
    ["the dashboard is older", { nexus: VERSION, schema: newest.when }, { body: { version: "0.1.0" } }, { dashboard: /deploy the dashboard/ }],
    ["migrations are pending", { nexus: VERSION, schema: migrations.entries[0]!.when }, undefined, { schema: /npm run migrate/ }],
    ["the schema is newer", { nexus: VERSION, schema: newest.when + 1 }, undefined, { schema: /of the deployed version/ }],
    ["the journal has another format", { nexus: VERSION, schema: newest.when, journal: 2 }, undefined, { "journal format": /deploy/ }],
  ])("when %s", async (_name, versions, dashboard, problems: Record<string, RegExp>) => {
    const api = await deployment(versions, dashboard);
    address = api.url;
    const ran = await api.run(["version", "--json"]);
    expect(ran).toMatchObject({ code: Object.keys(problems).length === 0 ? 0 : 1, stderr: "" });
    const { parts } = JSON.parse(ran.stdout) as { parts: PartVersion[] };
    expect(Object.fromEntries(parts.map(({ part, problem }) => [part, problem]))).toEqual({
      Worker: null,
      dashboard: null,
      schema: null,
      "journal format": null,
      ...Object.fromEntries(
        Object.entries(problems).map(([part, text]) => [part, expect.stringMatching(text) as string]),
      ),
    });
  }); // prettier-ignore
});

it.each([
  [
    "a refusal",
    { status: 403, body: { error: { code: "forbidden", message: "Wrong key." } } },
    /^nexus: Wrong key\.\n$/,
  ],
  ["a page that is not the API", { body: "<html>" }, /cannot read \(no JSON\)/],
  ["a response of another version", { body: { ...healthy, journal: 3 } }, /cannot read \(journal\)/],
  [
    "an error that is not the API's",
    { status: 502, body: "Bad gateway" },
    /returned 502, which is not a response of the API/,
  ],
  [
    "a redirect, which is not followed",
    { status: 302, headers: { location: "/" }, body: "" },
    /returned 302/,
  ],
])("a failure prints one line and exits with 1 %s", async (_name, response, message) => {
  const api = await startScriptedApi(() => response);
  const ran = await api.run(["status"]);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr).toMatch(/^[^\n]+\n$/);
  expect(api.calls).toHaveLength(1);
});

it("a failure prints one line and exits with 1 no server at the address", async () => {
  const api = await startScriptedApi(() => ({}));
  await api.stop();
  const ran = await api.run(["status"]);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toMatch(
    /^nexus: http:\S+ cannot be reached \(ECONNREFUSED\)\. Is the local stack running[^\n]*\n$/,
  );
});

describe("wrong arguments exit with 2 without a call of the API", () => {
  const time = /Expected an ISO 8601 time with Z or an offset/;
  it.each([
    [[], /Usage: nexus/],
    [["dance"], /unknown command 'dance'/],
    [["status", "--loud"], /unknown option '--loud'/],
    [["status", "more"], /too many arguments/],
    [["status", "--url", "nowhere"], /"nowhere" is not a URL/],
    [["relink", "--batch", "0"], /Expected a whole number from 1 to 200/],
    [["relink", "--batch", "many"], /Expected a whole number from 1 to 200/],
    [["relink", "--after", "019b7e2a-0000-7000-8000-000000000001"], /--after needs --domain/],
    ...["relink", "reprice"].flatMap((command) =>
      ["yesterday", "2026-02-30", "2026-10-07T12:00:00"].map((wrong): [string[], RegExp] => [
        [command, "--since", wrong],
        time,
      ]),
    ),
    ...["0", "2001", "1e3"].map((wrong): [string[], RegExp] => [
      ["reprice", "--batch", wrong],
      /Expected a whole number from 1 to 2000/,
    ]),
    [["usage", "--days", "0"], /Expected a/],
    [["usage", "--days", "x"], /Expected a/],
    [["usage", "--interval", "1.5"], /Expected a/],
  ] satisfies [string[], RegExp][])("%j", async (words, message) => {
    const api = await startScriptedApi([]);
    const ran = await api.run(words);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(api.calls).toEqual([]);
    expect(ran.stderr).toMatch(message);
  });
});

it("every command has --help", async () => {
  for (const words of [["--help"], ["status", "--help"], ["help", "status"]]) {
    const ran = await nexus(words);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/--url <address>[^]*--json/);
  }
});

it("the key of a local stack is read from its data directory", async () => {
  const api = await startScriptedApi(() => ({ body: healthy }));
  const DATA_DIR = await mkdtemp(join(tmpdir(), "nexus-test-"));
  const secrets = join(DATA_DIR, "secrets.json");
  const run = () => nexus(["status"], { NEXUS_URL: api.url, DATA_DIR });
  expect(await run()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("No key") as string,
  });
  await writeFile(secrets, "{");
  expect(await run()).toMatchObject({ code: 1, stderr: expect.stringContaining("not JSON") as string });
  await writeFile(secrets, JSON.stringify({ DASHBOARD_API_KEY: "generated" }));
  expect((await run()).code).toBe(0);
  expect(api.calls.map((call) => call.key)).toEqual(["generated"]);
  await rm(DATA_DIR, { recursive: true });
});

it("the key of a local stack is not sent to another machine", async () => {
  const DATA_DIR = await mkdtemp(join(tmpdir(), "nexus-test-"));
  await writeFile(join(DATA_DIR, "secrets.json"), JSON.stringify({ DASHBOARD_API_KEY: "generated" }));
  const ran = await nexus(["status", "--url", "https://nexus.invalid"], { DATA_DIR });
  expect(ran).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^nexus: DASHBOARD_API_KEY is not set[^\n]*\n$/) as string,
  });
  await rm(DATA_DIR, { recursive: true });
});
