/** `nexus domains`, `keys` and `oauth` as an operator and a script see them, over a scripted API. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type ScriptedResponse, startScriptedApi } from "../support/nexus-command.ts";

// Each call is a process of its own.
vi.setConfig({ testTimeout: 20_000 });

const login = {
  state: "ready",
  expiresAt: "2026-11-23T20:00:00.000Z",
  scopes: ["user:inference"],
  obtainedAt: "2026-11-23T12:00:00.000Z",
  rotations: 2,
  nextRefreshAt: "2026-11-23T19:55:00.000Z",
  failures: 0,
  lastError: null,
  needsLogin: null,
  loginPendingUntil: null,
};
const detail = {
  domain: "a.example",
  accountId: "acc_1",
  credential: { type: "oauth", state: "ready" },
  clientKeys: [
    { id: "k-1", name: "laptop", createdAt: "2026-11-01T00:00:00.000Z", revokedAt: null },
    { id: "k-2", name: "old", createdAt: "2026-10-01T00:00:00.000Z", revokedAt: "2026-11-01T00:00:00.000Z" },
  ],
  slack: null,
  endpoints: null,
  analysisEnabled: false,
  analysisAutomatic: null,
};
const listed = {
  domain: "a.example",
  accountId: "acc_1",
  configured: true,
  credentialType: "oauth",
  requestCount: 12,
  analysisEnabled: false,
};
const account = {
  accountId: "acc_1",
  credentialType: "oauth",
  state: "ready",
  domains: ["a.example"],
  updatedAt: "2026-11-20T10:00:00.000Z",
  login,
};
const usual: Record<string, ScriptedResponse> = {
  "GET /api/domains": { body: { domains: [listed] } },
  "GET /api/domains/a.example": { body: detail },
  "PUT /api/domains/a.example": { body: detail },
  "GET /api/domains/a.example/other-fields": { body: { otherFields: { note: "n" } } },
  "POST /api/domains/a.example/client-keys": {
    status: 201,
    body: { id: "k-3", name: "x", key: "cnp_live_new" },
  },
  "DELETE /api/domains/a.example": { status: 204 },
  "DELETE /api/domains/a.example/client-keys/k-1": { status: 204 },
  "GET /api/accounts": { body: { accounts: [account] } },
  "POST /api/accounts/acc_1/oauth/refresh": { body: { accountId: "acc_1", ...login } },
  "POST /api/accounts/acc_1/oauth/login": {
    status: 201,
    body: {
      accountId: "acc_1",
      url: "https://claude.example/authorize?x",
      expiresAt: login.expiresAt,
      terms: "Only your own.",
    },
  },
  "POST /api/accounts/acc_1/oauth/login/code": { body: { accountId: "acc_1", ...login } },
};
const missing: ScriptedResponse = {
  status: 404,
  body: { error: { code: "not_found", message: "There is no such thing." } },
};

async function run(words: string[], responses: Record<string, ScriptedResponse> = {}, input = "") {
  const api = await startScriptedApi((line) => ({ ...usual, ...responses })[line] ?? missing);
  const ran = await api.run(words, input);
  return { ...ran, calls: api.calls.map(({ line }) => line), bodies: api.calls.map(({ body }) => body) };
}
async function directory(files: Record<string, unknown> = {}): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "nexus-files-"));
  onTestFinished(() => rm(made, { recursive: true }));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(made, name), JSON.stringify(content));
  return made;
}

describe("nexus domains", () => {
  it("lists", async () => {
    const { code, stdout } = await run(["domains", "list"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^a\.example +acc_1 +oauth +12$/m);
  });

  it("adds a domain with an API key from standard input", async () => {
    const words = ["domains", "add", "a.example", "--credential", "api_key", "--endpoints", "/v1/messages"];
    const { code, bodies, stdout } = await run(words, {}, "sk-ant-api03-x\n");
    expect(code).toBe(0);
    expect(bodies.at(-1)).toEqual({
      accountId: "acc_1",
      credential: { type: "api_key", api_key: "sk-ant-api03-x" },
      endpoints: ["/v1/messages"],
    });
    expect(stdout).not.toContain("sk-ant");
    expect((await run(words)).stderr).toContain("Nothing was entered");
  });

  it("names the account of a new domain after the domain", async () => {
    const { bodies } = await run(["domains", "add", "new.example", "--credential", "passthrough"], {
      "PUT /api/domains/new.example": { status: 201, body: { ...detail, domain: "new.example" } },
    });
    expect(bodies.at(-1)).toEqual({ accountId: "new.example", credential: { type: "passthrough" } });
  });

  it("removes", async () => {
    expect(await run(["domains", "remove", "a.example"])).toMatchObject({
      code: 0,
      calls: ["DELETE /api/domains/a.example"],
    });
    expect(await run(["domains", "remove", "b.example"])).toMatchObject({
      code: 1,
      stderr: "nexus: There is no such thing.\n",
    });
  });
});

describe("nexus domains import", () => {
  const file = {
    type: "api_key",
    accountId: "acc_2",
    api_key: "sk-ant-api03-x",
    client_api_key: "cnp_live_old-0123456789",
  };

  it("stores each file and its client key, continues after a bad file and exits with 1", async () => {
    const from = await directory({
      "a.example.credentials.json": file,
      "b.example.credentials.json": { type: "nonsense" },
      "readme.txt": {},
    });
    const { code, stdout, calls, bodies } = await run(["domains", "import", from]);
    expect(code).toBe(1);
    expect(calls).toEqual([
      "GET /api/accounts",
      "PUT /api/domains/a.example",
      "POST /api/domains/a.example/client-keys",
    ]);
    expect(bodies[1]).toEqual({
      accountId: "acc_2",
      credential: { type: "api_key", api_key: "sk-ant-api03-x" },
    });
    expect(bodies[2]).toEqual({ name: "imported", key: "cnp_live_old-0123456789" });
    expect(stdout).toMatch(/^a\.example\.credentials\.json +imported$/m);
    expect(stdout).toMatch(/^b\.example\.credentials\.json +failed +type is invalid$/m);
    expect(stdout).not.toMatch(/sk-ant|cnp_live/);
  });

  it("keeps tokens renewed here and reports it, unless forced", async () => {
    const oauth = { accessToken: "at", refreshToken: "rt", expiresAt: 5, scopes: [] };
    const from = await directory({
      "a.example.credentials.json": { type: "oauth", accountId: "acc_1", oauth },
    });
    let puts = 0;
    const api = await startScriptedApi((line) =>
      line.startsWith("PUT") && ++puts === 1
        ? { status: 409, body: { error: { code: "conflict", message: "older" } } }
        : (usual[line.replace("?force=true", "")] ?? missing),
    );
    const ran = await api.run(["domains", "import", from]);
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("the newer ones are kept") as string,
    });
    expect(api.calls.at(-1)?.body).toEqual({ accountId: "acc_1" });
    await api.run(["domains", "import", from, "--force"]);
    expect(api.calls.at(-1)).toMatchObject({
      line: "PUT /api/domains/a.example?force=true",
      body: { credential: { refreshToken: "rt" } },
    });
  });

  it("does not replace a login by an API key, unless forced", async () => {
    const from = await directory({
      "a.example.credentials.json": { ...file, accountId: "acc_1", client_api_key: null },
    });
    const kept = await run(["domains", "import", from]);
    expect(kept.bodies.at(-1)).toEqual({ accountId: "acc_1" });
    expect(kept.stdout).toContain("has a login, which is kept");
  });

  it("changes nothing with --dry-run and reports an unusable directory", async () => {
    const from = await directory({ "a.example.credentials.json": file });
    const lines = [
      "PUT /api/domains/a.example?dryRun=true",
      "POST /api/domains/a.example/client-keys?dryRun=true",
    ];
    // The key's 404: the domain does not exist yet.
    const dry = await run(["domains", "import", from, "--dry-run"], { [lines[0]!]: { status: 204 } });
    expect(dry).toMatchObject({ code: 0, calls: ["GET /api/accounts", ...lines] });
    expect((await run(["domains", "import", await directory()])).stderr).toContain("has no files named");
    expect((await run(["domains", "import", join(from, "nowhere")])).stderr).toContain("ENOENT");
  });

  it("is reversed by export, except for secrets", async () => {
    const to = join(await directory(), "made", "here");
    expect(await run(["domains", "export", to])).toMatchObject({ code: 0 });
    expect(await readdir(to)).toEqual(["a.example.credentials.json"]);
    expect(JSON.parse(await readFile(join(to, "a.example.credentials.json"), "utf8"))).toEqual({
      type: "oauth",
      accountId: "acc_1",
      oauth: {
        accessToken: null,
        refreshToken: null,
        expiresAt: Date.parse(login.expiresAt),
        scopes: ["user:inference"],
      },
      client_api_key: null,
      note: "n",
    });
  });
});

it("nexus keys creates a key and prints only the key", async () => {
  const { stdout, bodies } = await run(["keys", "create", "a.example", "for CI"]);
  expect([stdout, bodies]).toEqual(["cnp_live_new\n", [{ name: "for CI" }]]);
});

it("nexus keys lists and revokes", async () => {
  expect((await run(["keys", "list", "a.example"])).stdout).toMatch(
    /^k-1 +2026-11-01T00:00:00.000Z +- +laptop$/m,
  );
  expect(JSON.parse((await run(["keys", "list", "a.example", "--json"])).stdout)).toEqual({
    clientKeys: detail.clientKeys,
  });
  expect((await run(["keys", "revoke", "a.example", "k-1"])).code).toBe(0);
});

describe("nexus oauth", () => {
  it("login shows the terms before the address, reads the code and prints the state", async () => {
    const { code, stdout, stderr, bodies } = await run(["oauth", "login", "a.example"], {}, "code#state\n");
    expect(code).toBe(0);
    expect(stderr).toMatch(/Only your own\.[^]*https:\/\/claude\.example\/authorize\?x[^]*Paste it here/);
    expect(bodies.at(-1)).toEqual({ code: "code#state" });
    expect(stdout).toMatch(/^state +ready$/m);
  });

  it("login configures a new domain", async () => {
    const responses = Object.fromEntries(
      ["POST /api/accounts/acc_1/oauth/login", "POST /api/accounts/acc_1/oauth/login/code"].map((line) => [
        line.replace("acc_1", "new.example"),
        usual[line]!,
      ]),
    );
    const { code, calls, bodies } = await run(
      ["oauth", "login", "new.example"],
      { ...responses, "PUT /api/domains/new.example": { status: 201, body: detail } },
      "code#state\n",
    );
    expect([code, calls.at(-1), bodies.at(-1)]).toEqual([
      0,
      "PUT /api/domains/new.example",
      { accountId: "new.example" },
    ]);
  });

  it("login replaces another credential only with --replace", async () => {
    const other = {
      "GET /api/accounts": { body: { accounts: [{ ...account, credentialType: "api_key", login: null }] } },
    };
    expect(await run(["oauth", "login", "a.example"], other, "x#y\n")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--replace replaces it") as string,
    });
    expect((await run(["oauth", "login", "a.example", "--replace", "--code", "x#y"], other)).code).toBe(0);
  });

  it("status shows all logins and exits with 1 when one needs attention", async () => {
    expect(await run(["oauth", "status"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^acc_1 +ready/m) as string,
    });
    const ended = {
      ...login,
      state: "needs_login",
      needsLogin: { since: login.obtainedAt, reason: "the vendor said so" },
    };
    const needy = { "GET /api/accounts": { body: { accounts: [{ ...account, login: ended }] } } };
    expect(await run(["oauth", "status", "a.example"], needy)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("the vendor said so") as string,
    });
  });

  it("refresh exits with 1 when it failed", async () => {
    expect((await run(["oauth", "refresh", "a.example"])).code).toBe(0);
    const body = {
      accountId: "acc_1",
      ...login,
      failures: 1,
      lastError: { at: login.obtainedAt, message: "no answer" },
    };
    expect(
      await run(["oauth", "refresh", "a.example"], { "POST /api/accounts/acc_1/oauth/refresh": { body } }),
    ).toMatchObject({ code: 1, stdout: expect.stringContaining("no answer") as string });
  });
});
