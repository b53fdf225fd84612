/**
 * A PostgreSQL of the machine (Debian: `apt-get install postgresql`) with a cluster of its own. Kept below out/ from run to run,
 * because a million rows take minutes to make.
 */
import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { claimPort } from "../../scripts/local/ports.ts";

export interface Cluster {
  url: string;
  version: string;
  stop(): void;
}

/** Starts the cluster in `directory`, made if missing. Throws with words when the machine has no PostgreSQL. */
export async function startCluster(directory: string): Promise<Cluster> {
  const bin = binaries();
  const data = join(directory, "data");
  const log = join(directory, "log");
  const run = (program: string, ...args: string[]) => {
    // PostgreSQL refuses to run as root.
    const command = [join(bin, program), ...args];
    const [file = "", ...rest] =
      process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--", ...command] : command;
    return execFileSync(file, rest, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] })
      .toString()
      .trim();
  };
  mkdirSync(directory, { recursive: true });
  if (process.getuid?.() === 0) {
    const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "postgres"])));
    chownSync(directory, uid ?? 0, gid ?? 0);
  }
  if (!existsSync(data)) run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync");
  const port = await claimPort(0, "PORT");
  // Memory as a small server has it; everything else as Debian ships it.
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=512MB -c max_wal_size=4GB`;
  run("pg_ctl", "-D", data, "-l", log, "-w", "-o", settings, "start");
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    version: run("postgres", "--version"),
    stop: () => void run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop"),
  };
}

function binaries(): string {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  if (!versions[0]) throw new Error("This row needs PostgreSQL on the machine: apt-get install postgresql");
  return join(root, versions[0], "bin");
}
