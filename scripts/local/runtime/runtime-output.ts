/**
 * What workerd prints, read by a thread. workerd writes its output itself, with the thread that serves requests: while this process is busy
 * (the embedded Postgres runs in it) a full pipe would stop every stream.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";

export interface RuntimeOutput {
  /** A named pipe, for the output of workerd and of those that replace it. */
  path: string;
  stop(): Promise<void>;
}

/** Null where there are no named pipes: then workerd's output comes through Miniflare. */
export function readRuntimeOutput(
  path: string,
  log: (level: string, line: string) => void,
): RuntimeOutput | null {
  rmSync(path, { force: true });
  try {
    execFileSync("mkfifo", ["-m", "600", path]);
  } catch {
    return null;
  }
  const thread = new Worker(new URL("./runtime-output-thread.ts", import.meta.url), { workerData: path });
  thread.on("message", ({ level, message }: { level: string; message: string }) => log(level, message));
  thread.on("error", (error) => log("error", `The output of workerd cannot be read: ${String(error)}`));
  // The stack keeps the process alive.
  thread.unref();
  return {
    path,
    async stop() {
      await thread.terminate();
      rmSync(path, { force: true });
    },
  };
}
