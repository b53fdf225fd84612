/**
 * Long work in steps, so that a caller whose thread serves requests as well lets them run in between. A step takes about as long as
 * STEP_BYTES do.
 */

/** Yields between steps and returns the result. */
export type Steps<T> = Generator<void, T>;

/** Runs all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
