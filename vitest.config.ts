import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { CountReporter } from "./test/support/count-reporter.ts";

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

// wrangler would report that the secrets are missing in files that the tests do not use.
process.env.WRANGLER_LOG ??= "error";

export default defineConfig({
  test: {
    reporters: process.env.CI ? ["default", new CountReporter()] : ["default"],
    projects: [
      {
        test: {
          name: "unit",
          environment: "node",
          include: ["{workers,dashboard,scripts,durable-objects}/**/*.test.ts", "test/node/**/*.test.ts"],
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                ...testBindings,
                DATABASE_URL: inject<string>("databaseUrl"),
                NEON_BRIDGE: inject<string>("neonBridge"),
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
          })),
        ],
        test: {
          name: "workers",
          include: ["test/workers/**/*.test.ts"],
          globalSetup: ["./test/support/global-setup.ts"],
          // One database for all: files take turns (and empty it, see test/support/worker-database.ts).
          fileParallelism: false,
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: "e2e",
          environment: "node",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
