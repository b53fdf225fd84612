/** Loopback addresses and free ports, on IPv4 and, if the machine has it, IPv6. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { LocalStackError } from "../../lib/local-error.ts";

/** Below the ephemeral range: outgoing connections cannot take the port before it is used. */
const FREE_PORT_RANGE = [10_000, 32_000] as const;
const FREE_PORT_TRIES = 200;
/** Wait for a port of a killed process: its sockets close shortly after the process has ended. */
const BUSY_TIMEOUT_MS = 1_000;
const BUSY_RETRY_MS = 50;

/** 127.0.0.1, and ::1 if the machine has it. */
export function loopbackHosts(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === "::1") ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

/** Returns `wanted`, or a free port if it is 0. Rejects with a LocalStackError that names `variable`. */
export async function claimPort(wanted: number, variable: string): Promise<number> {
  if (wanted !== 0) {
    for (const host of loopbackHosts()) {
      const problem = await tryListenWithRetry(host, wanted);
      if (problem === "EACCES") {
        throw new LocalStackError(
          `This user may not listen on port ${wanted}. Set ${variable} to one above 1023.`,
        );
      }
      if (problem !== null) {
        throw new LocalStackError(
          `Port ${wanted} is busy (${host}, ${problem}). Stop what listens there or set ${variable} to another port.`,
        );
      }
    }
    return wanted;
  }
  for (let tries = 0; tries < FREE_PORT_TRIES; tries++) {
    const port = randomInt(...FREE_PORT_RANGE);
    const problems = await Promise.all(loopbackHosts().map((host) => tryListen(host, port)));
    if (problems.every((problem) => problem === null)) return port;
  }
  throw new LocalStackError("No free port on the loopback addresses.");
}

/** As `tryListen`, but waits for a process that is just ending. */
async function tryListenWithRetry(host: string, port: number): Promise<string | null> {
  const deadline = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    const problem = await tryListen(host, port);
    if (problem !== "EADDRINUSE" || Date.now() > deadline) return problem;
    await pause(BUSY_RETRY_MS);
  }
}

/** Null if the port is free, else the system's error code. */
function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
