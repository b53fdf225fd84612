/** Waiting no longer than one is willing to, for bindings that take no AbortSignal. */

/**
 * What `promise` gives, or a rejection after so many milliseconds. The work behind it goes on: only the waiting ends, and
 * nobody hears what comes later.
 */
export async function withTimeout<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const answer = await timeoutOrNull(
    milliseconds,
    promise.then((value) => ({ value })),
  );
  if (answer === null) throw new Error(`no answer within ${milliseconds} ms`);
  return answer.value;
}

/** The same for whoever goes on without: null when the time is over. */
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
