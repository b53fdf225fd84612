/** The fake Claude inside a test: no pauses, one seed, stopped when the test is over. */
import { onTestFinished, test } from "vitest";
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

/** A test with a fake Claude with the default options. */
export const testWithFake = test.extend<{ fake: FakeClaude }>({
  // Vitest reads the used fixtures from the parameter's pattern.
  // eslint-disable-next-line no-empty-pattern
  fake: async ({}, use) => use(await fakeClaudeForTest()),
});
