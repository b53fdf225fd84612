/** A run that never ends, for test/e2e/killed-run.test.ts. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/support/killed-run/endless.ts"],
    setupFiles: ["./test/support/end-with-vitest.ts"],
    testTimeout: 3_600_000,
  },
});
