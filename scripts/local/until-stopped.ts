/**
 * Runs something as a foreground program: starts it, waits for Ctrl-C, SIGTERM, a closed terminal or the end of the npm
 * that started it, stops it, exits. A second signal, or a stop that takes too long, ends the process at once.
 */

/** Stopping may take 3 s in all. */
const STOP_DEADLINE_MS = 2_800;
/** npm passes on a Ctrl-C that the terminal has sent us already: this soon it is the same one. */
const SAME_SIGNAL_MS = 400;
const PARENT_CHECK_MS = 250;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Resolves never: the process exits, with 0 when what `start` made was stopped as asked. An error of the class `expected`
 * is printed as one line, any other with its stack; the exit code is 1 in both cases.
 */
export async function untilStopped(
  start: () => Promise<Stoppable>,
  expected: new (message: string) => Error,
): Promise<never> {
  const stopRequested = stopSignal();
  try {
    const running = await start();
    await stopRequested;
    await running.stop();
    process.exit(0);
  } catch (error) {
    console.error(error instanceof expected ? error.message : error);
    process.exit(1);
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first = 0;
    const stop = (signal: string) => {
      if (first !== 0) {
        if (Date.now() - first > SAME_SIGNAL_MS) process.exit(130);
        return;
      }
      first = Date.now();
      console.log(`${signal === "SIGINT" ? "\n" : ""}stopping…`);
      setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
    if (process.env.npm_lifecycle_event !== undefined) whenParentEnds(() => stop("the end of npm"));
  });
}

/** A killed npm passes nothing on, and would leave a world behind that holds the ports. */
function whenParentEnds(then: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    then();
  }, PARENT_CHECK_MS);
  timer.unref();
}
