/** CPU time and memory of a process and its descendants, read from /proc (Linux). */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** CPU time in milliseconds, user and system, of all living threads, in the scheduler's nanosecond resolution. */
export function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const member of tree(pid)) {
    for (const thread of entries(`/proc/${member}/task`))
      nanoseconds += Number(read(`/proc/${member}/task/${thread}/schedstat`).split(" ")[0] ?? 0);
  }
  return nanoseconds / 1e6;
}

/** Resident memory in MiB. */
export const rssMiB = (pid: number) => statusMiB(pid, "VmRSS");

/** Highest resident memory in MiB since `forgetPeak`. */
export const peakMiB = (pid: number) => statusMiB(pid, "VmHWM");

export function forgetPeak(pid: number): void {
  for (const member of tree(pid)) writeFileSync(`/proc/${member}/clear_refs`, "5");
}

function statusMiB(pid: number, field: string): number {
  const kibibytes = tree(pid).map((member) =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(read(`/proc/${member}/status`))?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, one) => sum + one, 0) / 1024;
}

function tree(pid: number): number[] {
  const children = entries(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

/** Empty when the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
