/** The machine of a run and how busy it was. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, release, totalmem } from "node:os";

export function describeMachine(): string {
  const require = createRequire(import.meta.url);
  const version = (name: string) =>
    (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), "utf8")) as { version: string })
      .version;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    `${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, ${memory}, Linux ${release()}`,
    `Node ${process.version}, workerd ${version("workerd")}`,
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, commit ${commit()}`,
  ].join("; ");
}

/** Starts measuring; the returned function describes the load of the machine since then. */
export function watchNoise(): () => string {
  const before = machineTimes();
  return () => {
    const after = machineTimes();
    const share = (index: number) =>
      (100 * ((after[index] ?? 0) - (before[index] ?? 0))) / (sum(after) - sum(before));
    const steal = share(7);
    const busy = 100 - share(3) - share(4);
    return `Machine during the run: ${busy.toFixed(0)} % busy in all, ${steal.toFixed(1)} % stolen by the hypervisor, load ${loadavg()[0]?.toFixed(1)}.`;
  };
}

/** user, nice, system, idle, iowait, irq, softirq, steal; in ticks since boot. */
function machineTimes(): number[] {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  return line.split(/\s+/).slice(1, 9).map(Number);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: import.meta.dirname })
      .toString()
      .trim();
  } catch {
    return "unknown";
  }
}
