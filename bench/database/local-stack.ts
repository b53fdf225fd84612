/** A local stack in front of the upstream of the bench, in a temporary data directory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalStack, type LocalStack } from "../../scripts/local/local-stack.ts";
import { startUpstream } from "../harness/driver.ts";

/** Runs `measure` in it, with its data directory. Default database: the embedded PostgreSQL. */
export async function withLocalStack<T>(
  { variables: more, ...options }: { databaseUrl?: string; variables?: Record<string, string> },
  measure: (stack: LocalStack, dataDir: string) => Promise<T>,
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const upstream = await startUpstream();
  let stack: LocalStack | undefined;
  try {
    const variables = { CLAUDE_API_BASE_URL: `http://127.0.0.1:${upstream.port}`, ...more };
    stack = await startLocalStack({ dataDir, variables, ...options });
    return await measure(stack, dataDir);
  } finally {
    await stack?.stop({ finish: false });
    upstream.child.disconnect();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
