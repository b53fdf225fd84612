/**
 * Starts the fakes that all workerd tests share (databases: test/support/database-per-worker.ts). Runs in Node, once per run;
 * vitest.config.ts turns the provided values into bindings of the Worker.
 */
import type { TestProject } from "vitest/node";
import { bundlePrompts } from "../../scripts/bundle-prompts.ts";
import { startFakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { startFakeSpark } from "../../scripts/local/fake-spark.ts";
import { startFakeGitHub } from "../../scripts/local/fake-github.ts";
import { startFakeSlack } from "./fake-slack.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** host:port of the fake of hooks.slack.com. */
    fakeSlack: string;
    /** `http://127.0.0.1:port` of a fake Claude with OAuth logins. */
    fakeClaude: string;
    /** For SPARK_API_URL. */
    fakeSpark: string;
    /** `http://127.0.0.1:port` of a fake GitHub. */
    fakeGitHub: string;
    /** Generated exchanges of an account's window; `npm run soak` sets SOAK. */
    windowExchanges: number;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await bundlePrompts();
  const slack = await startFakeSlack();
  project.provide("fakeSlack", slack.address);
  const claude = await startFakeClaude();
  project.provide("fakeClaude", claude.url);
  const spark = await startFakeSpark();
  project.provide("fakeSpark", spark.url);
  const github = await startFakeGitHub();
  project.provide("fakeGitHub", github.url);
  project.provide("windowExchanges", process.env.SOAK ? 50_000 : 10_000);
  return async () => {
    await github.stop();
    await spark.stop();
    await claude.stop();
    await slack.close();
  };
}
