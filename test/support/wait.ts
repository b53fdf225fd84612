/** Waiting for conditions: the one way in which tests wait. */
import { vi } from "vitest";
import { WAIT_TIMEOUT_MS } from "./timeouts.ts";

const INTERVAL_MS = 50;

/** Repeats `check` until it does not throw; returns its result. Rejects with its last error. */
export function waitFor<T>(check: () => T | Promise<T>, interval = INTERVAL_MS): Promise<T> {
  return vi.waitFor(check, { timeout: WAIT_TIMEOUT_MS, interval });
}

const ATTEMPTS = 12;

/** The shortest of the times that `attempt` measures, which is repeated until one is within `limitMs`: a busy machine delays some. */
export async function quickestOf(limitMs: number, attempt: () => Promise<number>): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  for (let n = 0; n < ATTEMPTS && quickest > limitMs; n++) quickest = Math.min(quickest, await attempt());
  return quickest;
}

/** Repeats `check` until it returns something truthy; returns that. */
export function waitUntil<T>(check: () => T | Promise<T>, interval = INTERVAL_MS, timeout = WAIT_TIMEOUT_MS) {
  return vi.waitUntil(check, { timeout, interval });
}
