/** `npm start` as a process, for tests of its output and exit. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "./child-environment.ts";
import { START_TIMEOUT_MS } from "./timeouts.ts";
import { waitUntil } from "./wait.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type StartedProgram = ReturnType<typeof startProgram>;

/** Starts scripts/start.ts, or another command, with these variables besides PATH and HOME. */
export function startProgram(
  variables: Record<string, string>,
  [command, ...parameters] = [process.execPath, "scripts/start.ts"],
) {
  const child = spawn(command ?? "", parameters, {
    cwd: ROOT,
    // As from npm: the program then ends with this process.
    env: childEnvironment({ npm_lifecycle_event: "start", ...variables }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // A failed test leaves its program running; it ends with this process.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => {
      process.off("exit", kill);
      resolve(code ?? signal ?? "unknown");
    });
  });
  return {
    process: child,
    /** Standard output and error so far. */
    output: () => output,
    /** Resolves to the exit code or the signal. */
    ended,
    /** Resolves when a line begins with `ready`; rejects when the program exits before. */
    ready: () =>
      waitUntil(
        () => {
          if (child.exitCode !== null) throw new Error(`the program exited:\n${output}`);
          return /^ready/m.test(output);
        },
        undefined,
        START_TIMEOUT_MS,
      ),
  };
}
