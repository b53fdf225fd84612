/** Why the local stack cannot run, in one line that says what to do. Everything else that is thrown is a bug. */
export class LocalStackError extends Error {
  override readonly name = "LocalStackError";
}

/** The message of whatever was thrown; errors of sockets sometimes have only a code. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reasonOf(thrown.errors[0]);
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.message || (thrown as NodeJS.ErrnoException).code || thrown.name;
}
