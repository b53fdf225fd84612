/** A Vitest reporter whose last word is `N passed, N failed, N skipped`: a line for programs that read what CI printed. */
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export class CountReporter implements Reporter {
  /** Whatever fails without being a test counts as one failure: a file that does not load, a hook, an error that nobody caught. */
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      count.failed += module.errors().length;
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
      // A test that never came to an end, because its run broke off, has not passed.
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === "pending" ? "failed" : state] += 1;
      }
    }
    // At the very end, below the summary and whatever is said while everything closes.
    process.once("exit", () => {
      process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
    });
  }
}
