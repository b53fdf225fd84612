/**
 * Runs a foreground program: starts it, waits for Ctrl-C, SIGTERM, SIGHUP or the end of the npm that started it, stops it and exits. A
 * second signal, or a stop that takes too long, ends the process at once.
 */

/** Time for stopping; the contract is 3 s. */
const STOP_DEADLINE_MS = 2_800;
/** npm forwards a Ctrl-C that the terminal has sent to this process already: within this time it is the same one. */
const SAME_SIGNAL_MS = 400;
const PARENT_CHECK_MS = 250;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface Stoppable {
  stop(): Promise<void>;
}

/** Exits with 0 after a regular stop. An error of class `expected` is printed as one line, any other with its stack; both exit with 1. */
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
    if (process.env.npm_lifecycle_event !== undefined) whenParentEnds(() => stop("npm ended"));
  });
}

/** A killed npm forwards no signal: without this the stack would keep its ports. */
function whenParentEnds(then: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    then();
  }, PARENT_CHECK_MS);
  timer.unref();
}
