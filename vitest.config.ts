import { cloudflareTest } from "@cloudflare/vitest-plugin";
import type { ProvidedContext } from "vitest";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./test/support/count-reporter.ts";
import { databasePerWorker, type WorkerDatabase } from "./test/support/database-per-worker.ts";
import { ownedWorkerd } from "./scripts/lib/processes.ts";
import { LargestFirstSequencer } from "./test/support/largest-first-sequencer.ts";
import { TEST_TIMEOUT_MS, WAIT_TIMEOUT_MS } from "./test/support/timeouts.ts";

/** Bindings of the Worker under test. The keys are invented. */
const testBindings = {
  CREDENTIAL_KEYS: `test:${Buffer.alloc(32, "test").toString("base64")}`,
  DASHBOARD_API_KEY: "test-administrator-key-0123456789",
  DASHBOARD_VIEWER_KEY: "test-viewer-key-0123456789",
};

/** The Worker's outbound service: loopback is reachable, Slack is a fake, the internet is not reachable. */
const loopbackOnly = (fakeSlack: string) => ({
  name: "loopback-only",
  modules: true as const,
  bindings: { FAKE_SLACK: fakeSlack },
  script: `export default {
    fetch(request, env) {
      const { hostname, protocol, pathname } = new URL(request.url);
      if (["127.0.0.1", "localhost", "[::1]"].includes(hostname)) return fetch(request);
      if (protocol === "https:" && hostname === "hooks.slack.com")
        return fetch(new Request("http://" + env.FAKE_SLACK + pathname, request));
      return new Response("The tests do not reach " + hostname, { status: 599 });
    },
  }`,
});

/** Options of the Worker under test with the given database. */
function workerOptions({ databaseUrl, neonBridge }: WorkerDatabase, inject: <T>(key: string) => T) {
  return {
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: {
      bindings: {
        ...testBindings,
        DATABASE_URL: databaseUrl,
        NEON_BRIDGE: neonBridge,
        CLAUDE_OAUTH_TOKEN_URL: `${inject<string>("fakeClaude")}/v1/oauth/token`,
        CLAUDE_OAUTH_AUTHORIZE_URL: `${inject<string>("fakeClaude")}/oauth/authorize`,
      },
      // Miniflare's stripping also adds a header `cf-worker` of its own to what goes upstream.
      stripCfConnectingIp: false,
      outboundService: "loopback-only",
      workers: [loopbackOnly(inject<string>("fakeSlack"))],
      queueConsumers: {
        "nexus-exchanges": { maxBatchTimeout: 0.05 },
        "nexus-exchanges-dead": { maxBatchTimeout: 0.05 },
      },
    },
  };
}

const NO_DATABASE: WorkerDatabase = {
  databaseUrl: "postgresql://nobody@127.0.0.1:1/none",
  neonBridge: "127.0.0.1:1",
};
/** Tests with several database sessions, which the embedded Postgres does not have. */
const ON_POSTGRES = "test/workers/postgres/**/*.test.ts";

// Otherwise wrangler reports missing secrets of files that the tests do not use.
process.env.WRANGLER_LOG ??= "error";
Object.assign(process.env, ownedWorkerd());

/** Makes a disk read-only for its process, in which no other file's database may be open. */
const FAULTY_DISK = "test/e2e/outages.test.ts";

/** Tests that start processes, servers and browsers. */
const withProcesses = {
  environment: "node" as const,
  setupFiles: ["./test/support/end-with-vitest.ts"],
  testTimeout: TEST_TIMEOUT_MS,
  hookTimeout: TEST_TIMEOUT_MS,
  expect: { poll: { timeout: WAIT_TIMEOUT_MS, interval: 50 } },
};

/**
 * Groups run one after the other. With `isolate: false` a process keeps its modules for the next file if that file is of the same
 * project: so a group's files stand project by project.
 */
const inGroup = (groupOrder: number, maxWorkers: number) => ({ sequence: { groupOrder }, maxWorkers });

export default defineConfig({
  test: {
    reporters: process.env.CI ? ["default", new CountReporter()] : ["default"],
    sequence: { sequencer: LargestFirstSequencer },
    projects: [
      {
        test: {
          name: "unit",
          ...inGroup(0, 2),
          testTimeout: TEST_TIMEOUT_MS,
          environment: "node",
          isolate: false, // pure code: reading the same modules again for each file takes a third of the time
          include: ["{workers,dashboard,scripts,durable-objects}/**/*.test.ts", "test/node/**/*.test.ts"],
        },
      },
      {
        plugins: [
          cloudflareTest({}),
          databasePerWorker((database, { inject }) => workerOptions(database, inject)),
        ],
        test: {
          name: "workers",
          ...inGroup(1, 2),
          isolate: false,
          include: ["test/workers/**/*.test.ts"],
          exclude: [ON_POSTGRES],
          globalSetup: ["./test/support/global-setup.ts"],
          setupFiles: ["./test/support/worker-reset.ts"],
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: TEST_TIMEOUT_MS,
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => {
            const { databaseUrls, neonBridge } = inject<ProvidedContext["postgres"]>("postgres") ?? {};
            return workerOptions(
              databaseUrls && neonBridge ? { databaseUrl: databaseUrls[0], neonBridge } : NO_DATABASE,
              inject,
            );
          }),
        ],
        test: {
          name: "postgres",
          ...inGroup(2, 3),
          include: [ON_POSTGRES],
          globalSetup: ["./test/support/global-setup.ts", "./test/support/postgres-setup.ts"],
          testTimeout: TEST_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: "integration",
          ...inGroup(2, 3),
          ...withProcesses,
          isolate: false,
          include: ["test/integration/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "e2e",
          ...inGroup(2, 3),
          ...withProcesses,
          isolate: false,
          include: ["test/e2e/**/*.test.ts"],
          exclude: [FAULTY_DISK],
          globalSetup: ["./test/support/built.ts"],
        },
      },
      {
        test: {
          name: "outages",
          ...inGroup(2, 3),
          ...withProcesses,
          include: [FAULTY_DISK],
          globalSetup: ["./test/support/built.ts"],
        },
      },
    ],
  },
});
