/** A local stack for one end-to-end test file: temporary data directory, free ports. */
import { cpSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeClaude } from "../../scripts/local/fake-claude/server.ts";
import { startLocalStack, type LocalStack, type LocalStackOptions } from "../../scripts/local/local-stack.ts";

/** A new temporary directory. */
export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "nexus-test-"));
}

/** The environment variable with a data directory that test/support/built.ts has prepared. */
export const PREPARED_DATA = "NEXUS_TEST_DATA";

/** A new data directory for a local stack, with an empty migrated database: creating one takes seconds of CPU time. */
export async function preparedDataDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  const prepared = process.env[PREPARED_DATA];
  // The asynchronous copy takes five times as long.
  if (prepared !== undefined) cpSync(prepared, directory, { recursive: true });
  return directory;
}

/**
 * `startLocalStack` in a temporary directory unless one is given. Warnings and errors of the Worker go to the console. `stop()` waits for
 * recordings in progress only with `finish`.
 */
export async function startTestStack(options: Partial<LocalStackOptions> = {}): Promise<LocalStack> {
  const dataDir = options.dataDir ?? (await preparedDataDirectory());
  const log = (level: string, line: string) => {
    if (level === "warn" || level === "error") console.error(line);
  };
  const stack = await startLocalStack({ log, ...options, dataDir });
  return {
    ...stack,
    async stop({ finish = false } = {}) {
      await stack.stop({ finish });
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export type ClaudeStack = Awaited<ReturnType<typeof startClaudeStack>>;

/** A test stack in front of a fake Claude, which is its login server too. `stop()` stops both. */
export async function startClaudeStack({ variables, ...options }: Partial<LocalStackOptions> = {}) {
  const claude = await startFakeClaude();
  const stack = await startTestStack({
    ...options,
    variables: {
      CLAUDE_API_BASE_URL: claude.url,
      CLAUDE_OAUTH_TOKEN_URL: `${claude.url}/v1/oauth/token`,
      CLAUDE_OAUTH_AUTHORIZE_URL: `${claude.url}/oauth/authorize`,
      ...variables,
    },
  });
  return {
    ...stack,
    claude,
    async stop(how?: { finish?: boolean }) {
      await stack.stop(how);
      await claude.stop();
    },
  };
}
