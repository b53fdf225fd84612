/** An expected failure of the local stack: one line with the reason and what to do. Any other thrown value is a bug. */
export class LocalStackError extends Error {
  override readonly name = "LocalStackError";
}

/** What Emscripten's file system throws, under PGlite: no Error, and only the number of a WASI error. */
interface ErrnoError {
  name: "ErrnoError";
  errno: number;
}

const NO_SPACE = "no space left on device";
const WASI_NO_SPACE = 51;
const WASI_ERRORS: Readonly<Record<number, string>> = {
  2: "permission denied",
  29: "I/O error",
  33: "too many open files",
  [WASI_NO_SPACE]: NO_SPACE,
  63: "operation not permitted",
  69: "read-only file system",
};

function isErrnoError(thrown: unknown): thrown is ErrnoError {
  return (thrown as ErrnoError | null)?.name === "ErrnoError" && !(thrown instanceof Error);
}

/** Whether the disk or the user's quota is full, as Node, Emscripten and Postgres say it, also as the cause of another error. */
export function isDiskFull(thrown: unknown): boolean {
  if (isErrnoError(thrown)) return thrown.errno === WASI_NO_SPACE;
  if (!(thrown instanceof Error)) return false;
  const { code } = thrown as NodeJS.ErrnoException;
  const isFull = code === "ENOSPC" || code === "EDQUOT" || code === "53100";
  return isFull || thrown.message.toLowerCase().includes(NO_SPACE) || isDiskFull(thrown.cause);
}

/** The message of a thrown value; socket errors sometimes have only a code. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reasonOf(thrown.errors[0]);
  if (isErrnoError(thrown)) return WASI_ERRORS[thrown.errno] ?? `file system error ${thrown.errno}`;
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.message || (thrown as NodeJS.ErrnoException).code || thrown.name;
}
