/** Long work in batches that can be interrupted and resumed. */
import { CommandError } from "./command-error.ts";

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
