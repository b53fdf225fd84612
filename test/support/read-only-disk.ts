/** Makes directories read-only or full for this process's `node:fs`, which PGlite writes with. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** O_WRONLY, O_RDWR, O_CREAT. */
const WRITING_FLAGS = 0o103;
const BY_DESCRIPTOR = ["writeSync", "ftruncateSync", "fsyncSync", "fdatasyncSync", "futimesSync"] as const;
const BY_PATH = [
  "mkdirSync",
  "unlinkSync",
  "renameSync",
  "truncateSync",
  "rmdirSync",
  "utimesSync",
  "chmodSync",
] as const;

const descriptors = new Map<number, string>();
/** Calls that need space. On a full disk the others succeed: files are opened and created empty, and removed. */
const NEEDING_SPACE: ReadonlySet<string> = new Set(["write", "ftruncate", "truncate", "mkdir"]);

interface Unwritable {
  code: string;
  errno: number;
  message: string;
  isRefused: (call: string) => boolean;
}
/** Errors of writing, by directory. */
const unwritable = new Map<string, Unwritable>();
let isInstalled = false;

/** Must be called before the directory's files are opened. */
export function patchFileSystem(): void {
  if (isInstalled) return;
  isInstalled = true;
  const real = fs.openSync;
  fs.openSync = (path, flags, mode) => {
    const isWriting = typeof flags === "number" ? (flags & WRITING_FLAGS) !== 0 : /[wa+]/.test(flags);
    if (isWriting) refuse(String(path), "open");
    const descriptor = real(path, flags, mode);
    descriptors.set(descriptor, String(path));
    return descriptor;
  };
  for (const name of BY_DESCRIPTOR) guard(name, (descriptor) => descriptors.get(descriptor as number) ?? "");
  for (const name of BY_PATH) guard(name, String);
  syncBuiltinESMExports();
}

/** In effect until called with false. */
export function makeReadOnly(directory: string, isReadOnly = true): void {
  const error = { code: "EROFS", errno: -30, message: "EROFS: read-only file system" };
  if (isReadOnly) unwritable.set(directory, { ...error, isRefused: () => true });
  else unwritable.delete(directory);
}

/** In effect until makeReadOnly is called with false. */
export function makeFull(directory: string): void {
  const error = { code: "ENOSPC", errno: -28, message: "ENOSPC: no space left on device" };
  unwritable.set(directory, { ...error, isRefused: (call) => NEEDING_SPACE.has(call) });
}

function guard(
  name: (typeof BY_DESCRIPTOR)[number] | (typeof BY_PATH)[number],
  pathOf: (first: unknown) => string,
): void {
  const real = fs[name] as (...given: unknown[]) => unknown;
  Object.assign(fs, {
    [name]: (...given: unknown[]) => {
      refuse(pathOf(given[0]), name.replace("Sync", ""));
      return real(...given);
    },
  });
}

function refuse(path: string, call: string): void {
  for (const [directory, { message, isRefused, ...error }] of unwritable)
    if (path.startsWith(directory) && isRefused(call))
      throw Object.assign(new Error(`${message}, ${call} '${path}'`), error);
}
