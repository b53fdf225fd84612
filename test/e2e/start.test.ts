import { once } from "node:events";
import { rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFakeClaude, type FakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { claimPort, loopbackHosts } from "../../scripts/local/network/ports.ts";
import { callApi, sendMessage } from "../support/api-calls.ts";
import { temporaryDirectory } from "../support/local-stack.ts";
import { treeMB } from "../support/process-memory.ts";
import { startProgram, type StartedProgram } from "../support/started-program.ts";
import { waitUntil } from "../support/wait.ts";

let variables: Record<string, string>;
let proxy: string;
let dashboard: string;
let fake: FakeClaude;
let program: StartedProgram;

beforeAll(async () => {
  fake = await startFakeClaude();
  const [proxyPort, dashboardPort] = [await claimPort(0, "PROXY_PORT"), await claimPort(0, "DASHBOARD_PORT")];
  variables = {
    DATA_DIR: await temporaryDirectory(),
    PROXY_PORT: String(proxyPort),
    DASHBOARD_PORT: String(dashboardPort),
    CLAUDE_API_BASE_URL: fake.url,
  };
  proxy = `http://127.0.0.1:${proxyPort}`;
  dashboard = `http://127.0.0.1:${dashboardPort}`;
  program = startProgram(variables);
  await program.ready();
});

afterAll(async () => {
  // SIGTERM: after SIGKILL its workerd would run for two more seconds.
  program.process.kill("SIGTERM");
  await program.ended;
  await fake.stop();
  await rm(variables.DATA_DIR ?? "", { recursive: true, force: true });
});

const keyIn = (output: string) => /^dashboard key +(\S+)$/m.exec(output)?.[1] ?? "";

async function stopProgram(): Promise<number> {
  const asked = Date.now();
  program.process.kill("SIGTERM");
  expect(await program.ended).toBe(0);
  return Date.now() - asked;
}

async function restartProgram(): Promise<void> {
  program = startProgram(variables);
  await program.ready();
}

async function exchange(): Promise<string> {
  const response = await sendMessage({ proxyUrl: proxy }, "Are you there?");
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("assistant")]);
  return response.headers.get("x-nexus-request-id") ?? "";
}

async function isStored(requestId: string): Promise<boolean> {
  const stack = { proxyUrl: proxy, dashboardKey: keyIn(program.output()) };
  const response = await callApi(stack, `/api/requests/${requestId}`);
  return response.status === 200;
}

describe("a start", () => {
  it("prints both addresses and the key, and serves on every loopback address", async () => {
    expect(program.output()).toContain(`ANTHROPIC_BASE_URL=http://localhost:${variables.PROXY_PORT} claude`);
    expect(program.output()).toContain(dashboard);
    expect(program.output()).not.toContain("NOSENTRY");
    expect(keyIn(program.output())).toMatch(/^\S{20,}$/);
    for (const host of loopbackHosts()) {
      const name = host.includes(":") ? `[${host}]` : host;
      const health = await fetch(`http://${name}:${variables.PROXY_PORT}/health/ready`);
      expect(health.status).toBe(200);
      const page = await fetch(`http://${name}:${variables.DASHBOARD_PORT}/`, { redirect: "manual" });
      expect([page.status, page.headers.get("location")]).toEqual([302, "/sign-in"]);
    }
  });

  it("serves the dashboard's pages and the static files that they name", async () => {
    const page = await (await fetch(`${dashboard}/sign-in`)).text();
    expect(page).toContain("Sign in");
    const style = await fetch(dashboard + (/href="(\/assets\/main-\w+\.css)"/.exec(page)?.[1] ?? "/none"));
    expect([style.status, style.headers.get("content-type"), style.headers.get("cache-control")]).toEqual([
      200,
      "text/css; charset=utf-8",
      "public, max-age=31536000, immutable",
    ]);
  });

  it("makes its secrets readable only by the owner", async () => {
    const { mode } = await stat(join(variables.DATA_DIR ?? "", "secrets.json"));
    expect(mode & 0o777).toBe(0o600);
  });

  it("stores an exchange within ten seconds", async () => {
    const requestId = await exchange();
    await waitUntil(() => isStored(requestId), 100);
  });
});

// Concurrent: each mostly waits for its own process.
describe.concurrent("a failing start prints one line", () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ["an invalid port", { PROXY_PORT: "http" }, /^PROXY_PORT is "http"[^\n]*\n$/],
    [
      "the same port twice",
      { PROXY_PORT: "20123", DASHBOARD_PORT: "20123" },
      /^PROXY_PORT and DASHBOARD_PORT[^\n]*\n$/,
    ],
    ["an invalid address", { CLAUDE_API_BASE_URL: "nowhere" }, /^[^\n]*CLAUDE_API_BASE_URL[^\n]*\n$/],
    ["half of an Access application", { ACCESS_AUD: "x" }, /^ACCESS_TEAM_DOMAIN must be set too[^\n]*\n$/],
    ["an invalid database URL", { DATABASE_URL: "mysql://x" }, /^DATABASE_URL[^\n]*postgresql:\/\/[^\n]*\n$/],
  ];
  it.each(cases)("%s", async (_name, wrong, message) => {
    const DATA_DIR = await temporaryDirectory();
    const failed = startProgram({ DATA_DIR, PROXY_PORT: "0", DASHBOARD_PORT: "0", ...wrong });
    expect(await failed.ended).toBe(1);
    expect(failed.output()).toMatch(message);
    await rm(DATA_DIR, { recursive: true, force: true });
  });

  it("an unreachable database", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const DATA_DIR = await temporaryDirectory();
    const DATABASE_URL = `postgresql://nexus:hush@127.0.0.1:${port}/nexus`;
    const failed = startProgram({ DATA_DIR, PROXY_PORT: "0", DASHBOARD_PORT: "0", DATABASE_URL });
    expect(await failed.ended).toBe(1);
    expect(failed.output()).toMatch(
      new RegExp(`^DATABASE_URL: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*ECONNREFUSED[^\\n]*\\n$`),
    );
    expect(failed.output()).not.toContain("hush");
    await rm(DATA_DIR, { recursive: true, force: true });
  });

  it("a full disk", async () => {
    const DATA_DIR = await temporaryDirectory();
    // The file that the start writes first; /dev/full has no space.
    await symlink("/dev/full", join(DATA_DIR, "secrets.json.new"));
    const failed = startProgram({ DATA_DIR, PROXY_PORT: "0", DASHBOARD_PORT: "0" });
    expect(await failed.ended).toBe(1);
    expect(failed.output()).toMatch(/^The disk of [^\n]* is full\. Free some space[^\n]*\n$/);
    await rm(DATA_DIR, { recursive: true, force: true });
  });

  it("a data directory that is a file", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "file"), "");
    const failed = startProgram({ DATA_DIR: join(directory, "file"), PROXY_PORT: "0", DASHBOARD_PORT: "0" });
    expect(await failed.ended).toBe(1);
    expect(failed.output()).toMatch(/^The data directory \S+ cannot be used[^\n]*DATA_DIR[^\n]*\n$/);
    await rm(directory, { recursive: true });
  });

  it("a data directory in use", async () => {
    const second = startProgram({ ...variables, PROXY_PORT: "0", DASHBOARD_PORT: "0" });
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(
      /^The data directory \S+ is in use by another start \(process \d+\)[^\n]*\n$/,
    );
  });

  it("a busy port, with its variable", async () => {
    const DATA_DIR = await temporaryDirectory();
    const second = startProgram({ ...variables, DATA_DIR, PROXY_PORT: "0" });
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/^Port \d+ is busy[^\n]*DASHBOARD_PORT[^\n]*\n$/);
    await rm(DATA_DIR, { recursive: true });
  });
});

it("a stop takes at most three seconds; the next start has the key and the last exchange", async () => {
  const key = keyIn(program.output());
  const requestId = await exchange();
  expect(await stopProgram()).toBeLessThanOrEqual(3_000);
  await expect(fetch(`${proxy}/health`)).rejects.toThrow();
  await restartProgram();
  expect(keyIn(program.output())).toBe(key);
  await waitUntil(() => isStored(requestId), 100);
});

it("a stop by SIGKILL leaves ports and recorded exchanges to the next start", async () => {
  const requestId = await exchange();
  program.process.kill("SIGKILL");
  await program.ended;
  await restartProgram();
  await waitUntil(() => isStored(requestId), 100);
});

/** Measured: 380 to 440 MB. */
const MAX_TREE_MB = 500;

describe("npm start", () => {
  it.concurrent.each(["SIGTERM", "SIGKILL"] as const)(
    "takes little memory, and stops the stack when npm gets %s",
    async (signal) => {
      const DATA_DIR = await temporaryDirectory();
      const ports = { PROXY_PORT: String(await claimPort(0, "PROXY_PORT")), DASHBOARD_PORT: "0" };
      const npm = startProgram({ ...variables, ...ports, DATA_DIR }, ["npm", "start"]);
      await npm.ready();
      if (process.platform === "linux") await waitUntil(() => treeMB(npm.process.pid ?? 0) < MAX_TREE_MB);
      const asked = Date.now();
      npm.process.kill(signal);
      const isServing = () =>
        fetch(`http://127.0.0.1:${ports.PROXY_PORT}/health`).then(
          () => true,
          () => false,
        );
      await waitUntil(async () => !(await isServing()));
      expect(Date.now() - asked).toBeLessThanOrEqual(3_000);
      await npm.ended;
      await rm(DATA_DIR, { recursive: true, force: true });
    },
  );
});
