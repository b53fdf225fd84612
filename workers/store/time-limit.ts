/** Waiting no longer than one is willing to, for bindings that take no AbortSignal. */

/**
 * What `promise` gives, or a rejection after so many milliseconds. The work behind it goes on: only the waiting ends, and
 * nobody hears what comes later.
 */
export async function withinTime<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
