import { cloudflareTest } from "@cloudflare/vitest-plugin";
import type { ProvidedContext } from "vitest";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./test/support/count-reporter.ts";
import { databasePerWorker, type WorkerDatabase } from "./test/support/database-per-worker.ts";
import { MixedSequencer } from "./test/support/mixed-sequencer.ts";

/** Bindings of the Worker under test. The keys are made up and open nothing outside the tests. */
const testBindings = {
  CREDENTIAL_KEYS: `test:${Buffer.alloc(32, "test").toString("base64")}`,
  DASHBOARD_API_KEY: "test-administrator-key",
  DASHBOARD_VIEWER_KEY: "test-viewer-key",
};

/** What the Worker's `fetch` goes through: this machine is reachable, a fake stands for Slack, the internet is not there. */
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

/** What the Worker under test has, over the database of its lane or of its project. */
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
/** Tests that need several sessions at once, which the embedded Postgres does not have. */
const ON_POSTGRES = "test/workers/postgres/**/*.test.ts";

// wrangler would report that the secrets are missing in files that the tests do not use.
process.env.WRANGLER_LOG ??= "error";

export default defineConfig({
  test: {
    reporters: process.env.CI ? ["default", new CountReporter()] : ["default"],
    // End-to-end tests mostly wait, and workerd tests mostly compute: three at a time suit two cores, and no test shares
    // a database, a port or a directory with another.
    maxWorkers: 3,
    sequence: { sequencer: MixedSequencer },
    projects: [
      {
        test: {
          name: "unit",
          testTimeout: 20_000, // some start a process
          environment: "node",
          isolate: false, // what they test is pure: reading the same modules anew for each file takes a third of their time
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
          include: ["test/workers/**/*.test.ts"],
          exclude: [ON_POSTGRES],
          globalSetup: ["./test/support/global-setup.ts"],
          testTimeout: 20_000,
          hookTimeout: 20_000,
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
          include: [ON_POSTGRES],
          globalSetup: ["./test/support/global-setup.ts", "./test/support/postgres-setup.ts"],
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: "e2e",
          environment: "node",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["./test/support/built.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
