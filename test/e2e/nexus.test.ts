import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import { apiJson, callApi, sendMessage } from "../support/api-calls.ts";
import { startClaudeStack, temporaryDirectory, type ClaudeStack } from "../support/local-stack.ts";
import { nexus } from "../support/nexus-command.ts";
import { waitUntil } from "../support/wait.ts";

let stack: ClaudeStack;
let requestIds: string[];
const run = (...words: string[]) =>
  nexus(words, { NEXUS_URL: stack.proxyUrl, DASHBOARD_API_KEY: stack.dashboardKey });

beforeAll(async () => {
  stack = await startClaudeStack();
  requestIds = await Promise.all([true, false].map(send));
  await waitUntil(async () => (await costs()).every((cost) => cost !== undefined));
});

afterAll(() => stack.stop());

async function send(stream: boolean): Promise<string> {
  const response = await sendMessage(stack, "What does this cost?", { model: "claude-opus-5-5", stream });
  expect([response.status, (await response.text()).length > 0]).toEqual([200, true]);
  return response.headers.get("x-nexus-request-id") ?? "";
}

const query = (text: string) =>
  withClient(stack.databaseUrl, async (client) => (await client.query<Record<string, unknown>>(text)).rows);

/** `costUsd` of the exchanges; undefined where one is not stored yet. */
function costs(): Promise<(string | null | undefined)[]> {
  return Promise.all(
    requestIds.map(async (id) => {
      const response = await callApi(stack, `/api/requests/${id}`);
      const body = (await response.json()) as { costUsd?: string | null };
      return response.ok ? body.costUsd : undefined;
    }),
  );
}

describe("an operator", () => {
  it("sees that recording works", async () => {
    const ran = await run("status");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^state +ok$/m);
  });

  it("gets an error when the key is wrong", async () => {
    const ran = await nexus(["status"], { NEXUS_URL: stack.proxyUrl, DASHBOARD_API_KEY: "wrong" });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^nexus: [^\n]+\n$/);
  });

  it("reprices stored requests after a dry run", async () => {
    const before = await costs();
    expect(before).toEqual([expect.stringMatching(/^0\.\d+$/), expect.stringMatching(/^0\.\d+$/)]);
    await query("UPDATE requests SET cost_pico = NULL");
    await query("UPDATE rollups SET cost_pico = 0, unpriced_count = requests");
    expect(await costs()).toEqual([null, null]);

    const words = ["reprice", "--since", "2026-01-01", "--batch", "1", "--json"];
    const dry = await run(...words, "--dry-run");
    expect(JSON.parse(dry.stdout)).toMatchObject({ examined: 2, changed: 2, newlyPriced: 2, dryRun: true });
    expect(await costs()).toEqual([null, null]);

    const ran = await run(...words);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ran.stdout)).toMatchObject({ examined: 2, changed: 2, newlyPriced: 2, unpriced: 0 });
    expect(await costs()).toEqual(before);
    const again = await run("reprice");
    expect(again.stdout).toMatch(/^changed +0 /m);
  });

  it("relinks stored requests after a dry run, interrupted and continued", async () => {
    const links = () =>
      query(
        "SELECT id, conversation_id, branch_id, branch_key, parent_request_id, link_kind FROM requests ORDER BY id",
      );
    const before = await links();
    // As it was before there were links.
    await query("DELETE FROM link_evidence; DELETE FROM link_keys; DELETE FROM conversations");
    await query(
      "UPDATE requests SET conversation_id = NULL, branch_id = NULL, branch_key = NULL, link_kind = NULL",
    );
    const unlinked = await links();

    const words = ["relink", "--domain", "127.0.0.1", "--batch", "1"];
    const dry = await run(...words, "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^127\.0\.0\.1 +2 checked +2 would change$/m);
    expect(dry.stdout).toMatch(/unlinked -> root on main of /);
    expect(dry.stderr).toMatch(/2 checked, 2 would change, 0 to go$/m);
    expect(await links()).toEqual(unlinked);

    // The first request by hand, as an interrupted run leaves it; the command continues after it.
    const after = String(before[0]!.id);
    const first = await callApi(stack, "/api/relink", {
      method: "POST",
      body: { domain: "127.0.0.1", limit: 1 },
    });
    expect(await first.json()).toMatchObject({ checked: 1, changed: 1, nextCursor: after });
    const ran = await run(...words, "--after", after, "--json");
    expect(JSON.parse(ran.stdout)).toMatchObject({ domains: [{ checked: 1, changed: 1 }] });
    expect(await links()).toEqual(before);
    expect((await run("relink")).stdout).toMatch(/^127\.0\.0\.1 +2 checked +0 changed$/m);
  });

  it("sees in a dry run of an import exactly what the import does, and nothing changes", async () => {
    const directory = await temporaryDirectory();
    onTestFinished(() => rm(directory, { recursive: true }));
    const login = { ...stack.claude.oauth.issue(), expiresAt: Date.now() + 3_600_000 };
    await configure("login.example", "acc_login", { type: "oauth", ...login });
    expect(await (await post("/api/accounts/acc_login/oauth/refresh")).json()).toMatchObject({
      rotations: 1,
    });
    await configure("stored.example", "acc_stored", { type: "api_key", api_key: "sk-ant-stored" });
    const keys = "/api/domains/stored.example/client-keys";
    await post(keys, { name: "stored", key: clientKey("stored") });
    const revoked = await post(keys, { name: "revoked", key: clientKey("revoked") });
    const { id } = (await revoked.json()) as { id: string };
    await callApi(stack, `${keys}/${id}`, { method: "DELETE" });
    const files = Object.entries(credentialFiles()).map(([name, file]) =>
      writeFile(
        join(directory, `${name}.credentials.json`),
        typeof file === "string" ? file : JSON.stringify(file),
      ),
    );
    await Promise.all(files);

    for (const more of [[], ["--force"]]) {
      const words = ["domains", "import", directory, "--json", ...more];
      const before = await tenants();
      const dry = await run(...words, "--dry-run");
      expect(await tenants()).toEqual(before);
      const ran = await run(...words);
      const importedFiles = JSON.parse(ran.stdout) as {
        files: { file: string; result: string; notes: string[] }[];
      };
      expect(JSON.parse(dry.stdout.replaceAll('"would import"', '"imported"'))).toEqual(importedFiles);
      expect([dry.code, dry.stderr]).toEqual([ran.code, ran.stderr]);
      expect(await tenants()).not.toEqual(before);
      const results = importedFiles.files.map(({ file, result }) => [file.split(".")[0], result]);
      expect(Object.fromEntries(results)).toEqual({
        ...Object.fromEntries(results.map(([name]) => [name, "imported"])),
        ...Object.fromEntries(FAILING.map((name) => [name, "failed"])),
      });
    }
  });
});

/** The first words of the files that cannot be imported as a whole. */
const FAILING = [
  "bad name",
  "no-account",
  "not-json",
  "other-key",
  "revoked-key",
  "same-key",
  "short-key",
  "slack",
];

/** By name without the suffix, in the order of the import. */
function credentialFiles(): Record<string, unknown> {
  const apiKey = { type: "api_key", api_key: "sk-ant-imported" };
  const oauth = { accessToken: "at-1", refreshToken: "rt-1", expiresAt: Date.now() + 3_600_000 };
  const used = clientKey("first");
  return {
    "a.example": { ...apiKey, accountId: "acc_1", client_api_key: used },
    "a.example:8080": { type: "api_key", accountId: "acc_1", client_api_key: used },
    "bad name": apiKey,
    "double.example": '{"type":"oauth","type":"api_key","accountId":"acc_none","accountId":"acc_1"}',
    "later-login.example": { type: "oauth", accountId: "acc_1", oauth },
    "login-kept.example": { type: "passthrough", accountId: "acc_1" },
    "login.example": { type: "oauth", accountId: "acc_login", oauth },
    "login-key.example": { ...apiKey, accountId: "acc_login" },
    "no-account.example": { type: "api_key", accountId: "acc_none" },
    "not-json.example": "type: api_key",
    "other-key.example": { ...apiKey, client_api_key: clientKey("stored") },
    "revoked-key.example": { ...apiKey, client_api_key: clientKey("revoked") },
    "same-key.example": { type: "api_key", accountId: "acc_1", client_api_key: used },
    "short-key.example": { ...apiKey, client_api_key: "short" },
    "slack.example": { ...apiKey, slack: { webhook_url: "https://slack.example/hook" } },
    "stored.example": {
      ...apiKey,
      accountId: "acc_stored",
      client_api_key: clientKey("stored"),
      note: "kept",
    },
  };
}

const clientKey = (name: string) => `client-key-${name}-0123456789`;
const post = (path: string, body?: object) => callApi(stack, path, { method: "POST", body });
const configure = (domain: string, accountId: string, credential: object) =>
  apiJson(stack, `/api/domains/${domain}`, { method: "PUT", body: { accountId, credential } });

/** Rows, audit log, the states of logins, and how KV differs from the rows. */
async function tenants(): Promise<unknown> {
  const tables = ["domains", "accounts", "client_keys", "audit_log"];
  const rows = await Promise.all(
    tables.map((table) => query(`SELECT to_jsonb(t) AS row FROM ${table} t ORDER BY 1`)),
  );
  const kv = await run("project", "--dry-run", "--json");
  expect(kv.code).toBe(0);
  return { rows, accounts: await apiJson(stack, "/api/accounts"), kv: kv.stdout };
}
