/** Long work in batches that may end in the middle, and then says how to go on. */
import { CommandError } from "./command-error.ts";

/**
 * Does the work; when it fails, or is ended by hand, `goOn` says with which words it goes on. Null: nothing was finished yet.
 * Throws what the work throws, of a CommandError with those words behind it.
 */
export async function resumable<T>(resumeCommand: () => string | null, work: () => Promise<T>): Promise<T> {
  const interrupt = () => {
    console.error(`nexus: ${withHint(resumeCommand()) ?? "Nothing was finished yet; start again."}`);
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
  return words === null ? null : `What was done stays done; go on with${words}`;
}
