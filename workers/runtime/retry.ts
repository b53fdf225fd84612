/** Retries with fixed delays, for calls to bindings that may be repeated. */

/**
 * Resolves with what `work` returns, or rejects with the error of the last attempt. `failed` is called after each failed attempt
 * (counted from 0); when it returns false, no further attempt is made.
 */
export async function withRetry<T>(
  delaysMs: readonly number[],
  work: () => Promise<T>,
  failed: (error: unknown, attempt: number) => unknown,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      const delay = delaysMs[attempt];
      if (failed(thrown, attempt) === false || delay === undefined) throw thrown;
      await scheduler.wait(delay);
    }
  }
}
