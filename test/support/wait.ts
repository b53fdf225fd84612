/** Waiting for conditions: the one way in which tests wait. */
import { vi } from "vitest";
import { WAIT_TIMEOUT_MS } from "./timeouts.ts";

const INTERVAL_MS = 50;

/** Repeats `check` until it does not throw; returns its result. Rejects with its last error. */
export function waitFor<T>(check: () => T | Promise<T>, interval = INTERVAL_MS): Promise<T> {
  return vi.waitFor(check, { timeout: WAIT_TIMEOUT_MS, interval });
}

/** Repeats `check` until it returns something truthy; returns that. */
export function waitUntil<T>(check: () => T | Promise<T>, interval = INTERVAL_MS, timeout = WAIT_TIMEOUT_MS) {
  return vi.waitUntil(check, { timeout, interval });
}
