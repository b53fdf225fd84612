/** Long work in batches: progress, and how to resume after an interruption. Used by `relink` and `reprice`. */
import { CommandError } from "./command-error.ts";

/** Interval of progress lines. */
const PROGRESS_MS = 1_000;

/**
 * Calls `batch` with `cursor` and then with each `nextCursor`, until there is none. Prints the line that `progress` returns once
 * a second and after the last batch; null: nothing.
 */
export async function runBatches<R extends { nextCursor: string | null }>(
  cursor: string | null,
  batch: (cursor: string | null) => Promise<R>,
  progress: (result: R) => string | null,
): Promise<void> {
  let next = cursor;
  let lastProgressAt = Date.now();
  do {
    const result = await batch(next);
    next = result.nextCursor;
    if (next !== null && Date.now() - lastProgressAt < PROGRESS_MS) continue;
    lastProgressAt = Date.now();
    const line = progress(result);
    if (line !== null) console.error(line);
  } while (next !== null);
}

/** "changed", or under a dry run "would change". */
export const changedWord = (isDryRun: boolean) => (isDryRun ? "would change" : "changed");

/**
 * Runs `work`. On a signal it prints `resumeCommand()` (null: nothing is finished yet) and exits with 1; a CommandError of the work
 * is thrown with the command appended, any other error as it is.
 */
export async function resumable<T>(resumeCommand: () => string | null, work: () => Promise<T>): Promise<T> {
  const interrupt = () => {
    console.error(
      `nexus: ${withHint(resumeCommand()) ?? "Nothing was finished yet. Run the command again."}`,
    );
    process.exit(1);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    return await work();
  } catch (thrown) {
    const words = withHint(resumeCommand());
    if (!(thrown instanceof CommandError) || words === null) throw thrown;
    throw new CommandError(`${thrown.message} ${words}`);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function withHint(words: string | null): string | null {
  return words === null ? null : `Finished batches are kept. Continue with${words}`;
}
