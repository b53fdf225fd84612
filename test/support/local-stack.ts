/** A local world of its own for one end-to-end test file: temporary data directory, free ports, gone at the end. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLocalWorld,
  type LocalWorld,
  type LocalWorldOptions,
} from "../../scripts/local/local-stack.ts";

/** A new directory below the system's temporary one. */
export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "nexus-test-"));
}

/**
 * Starts a world as `createLocalWorld` does, in a temporary directory unless one is given. Warnings and errors of the
 * Worker go to the console. `stop()` does not wait for what is being recorded unless asked to.
 */
export async function startLocalWorld(options: Partial<LocalWorldOptions> = {}): Promise<LocalWorld> {
  const dataDir = options.dataDir ?? (await temporaryDirectory());
  const log = (level: string, line: string) => {
    if (level === "warn" || level === "error") console.error(line);
  };
  const world = await createLocalWorld({ log, ...options, dataDir });
  return {
    ...world,
    async stop({ finish = false } = {}) {
      await world.stop({ finish });
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
