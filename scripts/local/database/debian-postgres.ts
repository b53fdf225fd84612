/**
 * The machine's own PostgreSQL (Debian: `apt-get install postgresql`) with a cluster of its own in a directory: for tests with
 * several sessions, which the embedded Postgres does not have, and for measurements.
 */
import { execFile, spawn } from "node:child_process";
import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { claimPort } from "../network/ports.ts";
import { OWNED } from "../../lib/processes.ts";

const execute = promisify(execFile);

export interface Cluster {
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts the cluster in `directory`, created if missing. It ends with this process. `settings` are those of postgresql.conf; all
 * others are Debian's. Rejects when the machine has no PostgreSQL, and with the server's output when it does not start.
 */
export async function startCluster(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const bin = findPostgres();
  if (!bin) throw new Error("This machine has no PostgreSQL: apt-get install postgresql");
  const data = join(directory, "data");
  mkdirSync(directory, { recursive: true });
  const user = await unprivilegedUser();
  if (user) chownSync(directory, user.uid, user.gid);
  const options = { cwd: directory, ...user };
  if (!existsSync(data))
    await execute(join(bin, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync"], options);
  const port = await claimPort(0, "PORT");
  const all = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    lc_messages: "C",
    ...settings,
    port: String(port),
  };
  const parameters = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // A copy, because the user that PostgreSQL runs as may not be allowed to read the checkout.
  const owned = join(directory, "owned.sh");
  copyFileSync(OWNED, owned);
  const server = spawn(owned, [join(bin, "postgres"), "-D", data, ...parameters], {
    ...options,
    // Unset what owned.sh reads where it stands in for workerd.
    env: { ...process.env, NEXUS_OWNED_PROGRAM: "", NEXUS_OWNED_PID_FILE: "" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  let output = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
      if (output.includes("ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`PostgreSQL did not start:\n${output}`)));
  });
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      // A fast shutdown: open sessions are ended.
      server.kill("SIGINT");
      await ended;
    },
  };
}

/** The directory of the newest PostgreSQL's programs; null when there is none. */
export function findPostgres(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return (
    versions.map((version) => join(root, version, "bin")).find((bin) => existsSync(join(bin, "initdb"))) ??
    null
  );
}

/** PostgreSQL refuses to run as root: then Debian's user `postgres`. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await execute("id", [flag, "postgres"])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}
