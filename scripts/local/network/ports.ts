/** Loopback addresses and their ports: which are free, on IPv4 and, where the machine has it, on IPv6 alike. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { LocalStackError } from "../../lib/local-error.ts";

/** Below the ephemeral range, so that outgoing connections do not take a port between our look and our use. */
const FREE_PORT_RANGE = [10_000, 32_000] as const;
const FREE_PORT_TRIES = 200;
/** A killed process is seen as gone shortly before its last thread lets go of its sockets. */
const BUSY_TIMEOUT_MS = 1_000;
const BUSY_RETRY_MS = 50;

/** The loopback hosts of this machine: 127.0.0.1, and ::1 where there is one. */
export function loopbackHosts(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === "::1") ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

/** Resolves to `wanted`, or to a free port if it is 0. Rejects with a LocalWorldError that names `variable`. */
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
  throw new LocalStackError("No free port was found on the loopback addresses.");
}

/** As `tryListen`, with a moment's patience for a predecessor that is just ending. */
async function tryListenWithRetry(host: string, port: number): Promise<string | null> {
  const deadline = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    const problem = await tryListen(host, port);
    if (problem !== "EADDRINUSE" || Date.now() > deadline) return problem;
    await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS));
  }
}

/** Null when one can listen there, else the system's error code. */
function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
