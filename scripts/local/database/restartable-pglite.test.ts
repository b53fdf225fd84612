/** A PGlite whose call throws is not called again. */
import type { PGlite } from "@electric-sql/pglite";
import { expect, test } from "vitest";
import { RestartablePglite } from "./restartable-pglite.ts";

const instance = (execProtocolRaw: () => Promise<Uint8Array>) => ({ execProtocolRaw }) as unknown as PGlite;
const QUERY = new Uint8Array([1]);

test("after a trap the database is opened again for the next query", async () => {
  let calls = 0;
  const broken = instance(() => {
    calls++;
    return Promise.reject(new WebAssembly.RuntimeError("unreachable"));
  });
  const lines: string[] = [];
  const session = new RestartablePglite(broken, {
    open: () => Promise.resolve(instance(() => Promise.resolve(new Uint8Array()))),
    dataDir: undefined,
    log: (line) => void lines.push(line),
  });
  await expect(session.execProtocolRaw(QUERY)).rejects.toThrow("unreachable");
  expect(await session.execProtocolRaw(QUERY)).toHaveLength(0);
  expect([calls, lines.length]).toEqual([1, 2]);
  expect(lines[0]).toContain("failed: unreachable");
});
