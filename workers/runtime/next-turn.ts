/** Work in steps in an isolate that serves requests as well. */
import type { Steps } from "../domain/steps.ts";

/** Resolves after other work of the isolate has had its turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** The result of the steps, between which others have their turns. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await nextTurn();
  }
}
