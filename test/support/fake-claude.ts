/** The fake Claude inside a test: no pauses, one seed, stopped when the test is over. */
import { onTestFinished } from "vitest";
import {
  startFakeClaude,
  type FakeClaude,
  type FakeClaudeOptions,
} from "../../scripts/local/fake-claude/server.ts";

export type { FakeClaude } from "../../scripts/local/fake-claude/server.ts";

export async function fakeClaudeForTest(options: FakeClaudeOptions = {}): Promise<FakeClaude> {
  const fake = await startFakeClaude({ seed: "test", speed: 0, ...options });
  onTestFinished(() => fake.stop());
  return fake;
}
