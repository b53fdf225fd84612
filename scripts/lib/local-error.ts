/** An expected failure of the local stack: one line with the reason and what to do. Any other thrown value is a bug. */
export class LocalStackError extends Error {
  override readonly name = "LocalStackError";
}

/** The message of a thrown value; socket errors sometimes have only a code. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return reasonOf(thrown.errors[0]);
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.message || (thrown as NodeJS.ErrnoException).code || thrown.name;
}
