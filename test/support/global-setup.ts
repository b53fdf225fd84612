/**
 * Before the workerd tests: an empty, migrated Postgres in memory and the bridge through which Workers reach it.
 * Runs in Node, once per `vitest run`; vitest.config.ts turns what is provided here into the Worker's bindings.
 */
import type { TestProject } from "vitest/node";
import { startFakeClaude } from "../../scripts/local/fake-claude.ts";
import { migrate } from "../../scripts/local/migrate.ts";
import { startNeonBridge } from "../../scripts/local/neon-bridge.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";
import { startFakeSlack } from "./fake-slack.ts";

declare module "vitest" {
  interface ProvidedContext {
    databaseUrl: string;
    neonBridge: string;
    /** host:port that stands for hooks.slack.com. */
    fakeSlack: string;
    /** `http://127.0.0.1:port` of a fake Claude that logs people in. */
    fakeClaude: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  await migrate(postgres.url);
  const bridge = await startNeonBridge({ databaseUrls: [postgres.url] });
  project.provide("databaseUrl", postgres.url);
  project.provide("neonBridge", bridge.address);
  const slack = await startFakeSlack();
  project.provide("fakeSlack", slack.address);
  const claude = await startFakeClaude();
  project.provide("fakeClaude", claude.url);
  return async () => {
    await claude.stop();
    await slack.close();
    await bridge.close();
    await postgres.stop();
  };
}
