/** Reads the named pipe of runtime-output.ts line by line: structured logs of workerd, or what it prints otherwise. */
import { openSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { parentPort, workerData } from "node:worker_threads";

// For writing too, so that there is a reader before workerd writes, and no end when it is started again. A stream of files would wait in a
// read that cannot be ended.
const input = new Socket({ fd: openSync(workerData as string, "r+"), readable: true, writable: false });
createInterface({ input, crlfDelay: Infinity }).on("line", (line) => parentPort?.postMessage(entryOf(line)));

function entryOf(line: string): { level: string; message: string } {
  try {
    const { level, message } = JSON.parse(line) as { level?: unknown; message?: unknown };
    if (typeof level === "string" && typeof message === "string") return { level, message };
  } catch {
    // Printed by workerd before its logs are structured.
  }
  return { level: "error", message: line };
}
