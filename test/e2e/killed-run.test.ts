/** A test run that is killed leaves no process behind. */
import { spawn } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { findPostgres } from "../../scripts/local/database/debian-postgres.ts";
import { temporaryDirectory } from "../support/local-stack.ts";
import { waitFor } from "../support/wait.ts";

const VITEST = [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--config",
  "test/support/killed-run/vitest.config.ts",
];
const PROGRAMS = ["workerd", "chrom", ...(findPostgres() ? ["postgres"] : [])];

const directory = await temporaryDirectory();
chmodSync(directory, 0o755); // PostgreSQL may run as another user
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Command lines of the processes that have the directory of this test in their environment or arguments. */
function processes(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const isOurs = `${command}${readFileSync(`/proc/${pid}/environ`, "utf8")}`.includes(directory);
      return isOurs && command !== "" ? [command.replaceAll("\0", " ")] : [];
    } catch {
      return []; // not a process, or it has just ended
    }
  });
}

/** Ctrl-C goes to every process of the terminal. */
const ENDINGS: [string, (pid: number) => void][] = [
  ["is killed", (pid) => process.kill(pid, "SIGKILL")],
  ["gets Ctrl-C", (pid) => process.kill(-pid, "SIGINT")],
  ["gets SIGTERM", (pid) => process.kill(pid, "SIGTERM")],
];

it.runIf(process.platform === "linux").each(ENDINGS)(
  "ends workerd, browser and PostgreSQL when Vitest %s",
  async (_, end) => {
    const run = spawn(process.execPath, VITEST, {
      env: { ...process.env, TMPDIR: directory },
      stdio: "ignore",
      detached: true,
    });
    await waitFor(() => {
      const found = processes().join("\n");
      for (const program of PROGRAMS) expect(found).toContain(program);
    }, 250);
    end(run.pid!);
    await waitFor(() => expect(processes()).toEqual([]), 250);
  },
);
