/** Processes: children that end with this one, and whether the process of an earlier start still runs. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Runs a program that ends with this process, even when this process is killed. */
export const OWNED = fileURLToPath(new URL("owned.sh", import.meta.url));

/**
 * The start time of the process `pid` in the system's notation; null if there is none. Process ids are reused: two calls return
 * the same text if and only if they are about the same process.
 */
export function processStart(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name, in parentheses, may contain anything; field 3 is the state, field 22 the start in ticks since boot.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? null : (fields[19] ?? null);
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}

/** Makes Miniflare start workerd through owned.sh; returns the variables that the script reads. */
export function ownedWorkerd(pidFile = "", output = ""): Record<string, string> {
  const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  const workerd = (require("workerd") as { default: string }).default;
  try {
    accessSync(OWNED, constants.X_OK);
    process.env.MINIFLARE_WORKERD_PATH ??= OWNED;
  } catch {
    // A checkout without the executable bit: Ctrl-C then ends workerd at once, and the journal is swept at the next start.
  }
  return { NEXUS_OWNED_PROGRAM: workerd, NEXUS_OWNED_PID_FILE: pidFile, NEXUS_OWNED_OUTPUT: output };
}
