/** The upstream and the load generator as processes. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { claimPort } from "../../scripts/local/network/ports.ts";

/** Core of the drivers, if there is a second one. */
const DRIVER_CORE = availableParallelism() > 1 ? "1" : null;
/** Resolves when it listens. It exits when its IPC channel disconnects. */
export async function startUpstream(): Promise<{ child: ChildProcess; port: number }> {
  const child = driver("upstream.ts", String(await claimPort(0, "PORT")));
  const { port } = (await message(child)) as { port: number };
  return { child, port };
}

/** Starts a script of this directory on the drivers' core. */
export function driver(file: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, args);
  if (DRIVER_CORE !== null && child.pid)
    spawn("taskset", ["-a", "-p", "-c", DRIVER_CORE, String(child.pid)], { stdio: "ignore" });
  return child;
}

/** The next message of a driver. */
export async function message(child: ChildProcess): Promise<unknown> {
  const [value] = (await once(child, "message")) as [unknown];
  return value;
}
