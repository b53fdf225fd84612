/** Limits the wait for bindings that take no AbortSignal. The work behind a promise continues; only the wait ends. */

/** Resolves like `promise`, or rejects after this many milliseconds. */
export async function withTimeout<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const result = await timeoutOrNull(
    milliseconds,
    promise.then((value) => ({ value })),
  );
  if (result === null) throw new Error(`no response within ${milliseconds} ms`);
  return result.value;
}

/** Resolves like `promise`, or with null after this many milliseconds. */
export async function timeoutOrNull<T>(milliseconds: number, promise: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), milliseconds);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
