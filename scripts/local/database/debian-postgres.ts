/**
 * A PostgreSQL of the machine (Debian: `apt-get install postgresql`) with a cluster of its own in a directory: for tests with
 * several sessions, which the embedded one has not, and for measurements.
 */
import { execFile } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { claimPort } from "../network/ports.ts";

const execute = promisify(execFile);

export interface Cluster {
  url: string;
  version: string;
  stop(): Promise<void>;
}

/**
 * Starts the cluster in `directory`, made if missing. `settings` are those of postgresql.conf; all others are Debian's. Rejects
 * with words when the machine has no PostgreSQL.
 */
export async function startCluster(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const data = join(directory, "data");
  mkdirSync(directory, { recursive: true });
  if (process.getuid?.() === 0) {
    const ids = await Promise.all(["-u", "-g"].map((flag) => execute("id", [flag, "postgres"])));
    const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout));
    chownSync(directory, uid, gid);
  }
  if (!existsSync(data))
    await run(directory, "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync");
  const port = await claimPort(0, "PORT");
  const all = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  const start = ["-D", data, "-l", join(directory, "log"), "-w", "-o", `-p ${port} ${options.join(" ")}`];
  await run(directory, "pg_ctl", ...start, "start");
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    version: await run(directory, "postgres", "--version"),
    stop: () => stopCluster(directory),
  };
}

/** Ends the cluster that was started in `directory`, by whichever process. */
export async function stopCluster(directory: string): Promise<void> {
  await run(directory, "pg_ctl", "-D", join(directory, "data"), "-m", "fast", "-w", "stop");
}

/** Where the newest PostgreSQL of the machine has its programs; null when there is none. */
export function findPostgres(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return (
    versions.map((version) => join(root, version, "bin")).find((bin) => existsSync(join(bin, "initdb"))) ??
    null
  );
}

async function run(directory: string, program: string, ...parameters: string[]): Promise<string> {
  const bin = findPostgres();
  if (!bin) throw new Error("There is no PostgreSQL on this machine: apt-get install postgresql");
  // PostgreSQL refuses to run as root.
  const command = [join(bin, program), ...parameters];
  const [file = "", ...rest] =
    process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--", ...command] : command;
  const { stdout } = await execute(file, rest, { cwd: directory });
  return stdout.trim();
}
