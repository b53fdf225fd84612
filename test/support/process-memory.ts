/** Memory of processes, read from /proc (Linux). */
import { readdirSync, readFileSync } from "node:fs";

/** Resident memory of a process in MB; 0 when it has ended. */
export const residentMB = (pid: number | string) => kilobytes(`/proc/${pid}/status`, "VmRSS") / 1_024;

/** Memory in MB of a process and its descendants; what several of them map counts once. */
export const treeMB = (pid: number) =>
  tree(pid).reduce((sum, member) => sum + kilobytes(`/proc/${member}/smaps_rollup`, "Pss") / 1_024, 0);

function tree(pid: number): number[] {
  const children = attempt(() => readdirSync(`/proc/${pid}/task`), []).flatMap((thread) =>
    readOrEmpty(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(tree)];
}

const kilobytes = (file: string, field: string) =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readOrEmpty(file))?.[1] ?? 0);

/** Empty when the process has ended. */
const readOrEmpty = (file: string) => attempt(() => readFileSync(file, "utf8"), "");

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
