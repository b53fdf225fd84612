/** A PGlite that has failed is not called again, and opened again when its disk has space. */
import type { PGlite } from "@electric-sql/pglite";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { makeFull, makeReadOnly, patchFileSystem } from "../../../test/support/read-only-disk.ts";
import { RestartablePglite } from "./restartable-pglite.ts";

const instance = (execProtocolRaw: () => Promise<Uint8Array>) => ({ execProtocolRaw }) as unknown as PGlite;
const working = () => instance(() => Promise.resolve(new Uint8Array()));
const trapping = () => instance(() => Promise.reject(new WebAssembly.RuntimeError("unreachable")));
const QUERY = new Uint8Array([1]);

afterEach(() => void vi.useRealTimers());

/** A session whose instance has failed. */
async function failed(options: { open: () => Promise<PGlite>; dataDir?: string }) {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const session = new RestartablePglite(trapping(), { dataDir: undefined, log, ...options });
  await expect(session.execProtocolRaw(QUERY)).rejects.toThrow("unreachable");
  return { session, lines };
}

test("after a trap the database is opened again for the next query", async () => {
  const { session, lines } = await failed({ open: () => Promise.resolve(working()) });
  expect(await session.execProtocolRaw(QUERY)).toHaveLength(0);
  expect(lines).toEqual([
    expect.stringContaining("failed: unreachable"),
    expect.stringContaining("open again"),
  ]);
});

test.each([
  ["a PANIC", "SPANIC\0VPANIC\0C58030\0Mcould not write to log\0\0"],
  [
    "a file that could not be created",
    'SERROR\0VERROR\0C42501\0Mcould not create file "base/5/1_fsm": Read-only file system\0\0',
  ],
])("after %s the database is opened again for the next query", async (_what, fields) => {
  const error = Buffer.from(`E\0\0\0\0${fields}`);
  error.writeInt32BE(error.length - 1, 1);
  const open = vi.fn(() => Promise.resolve(working()));
  const session = new RestartablePglite(
    instance(() => Promise.resolve(error)),
    { dataDir: undefined, log: () => undefined, open },
  );
  expect(await session.execProtocolRaw(QUERY)).toBe(error);
  expect(open).not.toHaveBeenCalled();
  expect(await session.execProtocolRaw(QUERY)).toHaveLength(0);
  expect(open).toHaveBeenCalledOnce();
});

test("while the disk is full it is not opened, and with the first query after there is space it is", async () => {
  patchFileSystem();
  const dataDir = mkdtempSync(join(tmpdir(), "nexus-test-"));
  const open = vi.fn(() => Promise.resolve(working()));
  const { session } = await failed({ open, dataDir });
  makeFull(dataDir);
  for (let n = 0; n < 3; n++)
    await expect(session.execProtocolRaw(QUERY)).rejects.toThrow("cannot be opened again yet: ENOSPC");
  expect([open.mock.calls.length, readdirSync(dataDir)]).toEqual([0, []]);
  makeReadOnly(dataDir, false);
  expect(await session.execProtocolRaw(QUERY)).toHaveLength(0);
  expect([open.mock.calls.length, readdirSync(dataDir)]).toEqual([1, []]);
  rmSync(dataDir, { recursive: true });
});

test("while it cannot be opened, attempts are 1, 2, 4 … and at most 60 seconds apart", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 0 });
  const attempts: number[] = [];
  const { session } = await failed({
    open: () => {
      attempts.push(Date.now() / 1_000);
      return Promise.reject(new Error("broken"));
    },
  });
  for (let second = 0; second <= 250; second++) {
    vi.setSystemTime(second * 1_000);
    await expect(session.execProtocolRaw(QUERY)).rejects.toThrow("cannot be opened again yet: broken");
  }
  expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
});
