/**
 * The data directory of a local stack and its lock: one stack per directory. The lock names its process; the lock of a process that has
 * ended is taken over.
 */
import { constants } from "node:fs";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalStackError, reasonOf } from "../lib/local-error.ts";
import { processStart } from "../lib/processes.ts";

export interface DataDir {
  path: string;
  /** Releases the lock. */
  release(): Promise<void>;
}

interface LockHolder {
  pid: number;
  /** See processStart. */
  started: string | null;
}

/** Directories that this process has locked: its process id alone does not identify the lock. */
const held = new Set<string>();

/** Creates the directory if missing and locks it. Rejects with a LocalStackError when that fails. */
export async function lockDataDir(path: string): Promise<DataDir> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LocalStackError(
      `The data directory ${path} cannot be used (${reasonOf(error)}). Make it writable or set DATA_DIR to another.`,
    );
  }
  const lock = join(path, "lock");
  const ownStart: LockHolder = { pid: process.pid, started: processStart(process.pid) };
  if (!(await writeNew(lock, ownStart, path))) {
    const holder = await readHolder(lock);
    if (holder && isAlive(holder, path)) {
      throw new LocalStackError(
        `The data directory ${path} is in use by another start (process ${holder.pid}). Stop that one or set DATA_DIR to another directory.`,
      );
    }
    await rm(lock, { force: true });
    if (!(await writeNew(lock, ownStart, path))) {
      throw new LocalStackError(`The data directory ${path} was just locked by another start.`);
    }
  }
  held.add(path);
  return {
    path,
    async release() {
      held.delete(path);
      await rm(lock, { force: true });
    },
  };
}

async function writeNew(lock: string, holder: LockHolder, path: string): Promise<boolean> {
  try {
    await writeFile(lock, JSON.stringify(holder), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new LocalStackError(
      `The data directory ${path} cannot be written (${reasonOf(error)}). Make it writable or set DATA_DIR to another.`,
    );
  }
}

/** Null: not a complete lock file. */
async function readHolder(lock: string): Promise<LockHolder | null> {
  try {
    const holder = JSON.parse(await readFile(lock, "utf8")) as LockHolder;
    return Number.isInteger(holder.pid) ? holder : null;
  } catch {
    return null;
  }
}

function isAlive(holder: LockHolder, path: string): boolean {
  if (holder.pid === process.pid) return held.has(path);
  const started = processStart(holder.pid);
  return started !== null && started === holder.started;
}
