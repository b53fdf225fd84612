/** Time limits of tests. All hold at a third of the speed of an idle two-core machine; a test that passes waits for conditions. */

/** Longest wait for one condition. */
export const WAIT_TIMEOUT_MS = 60_000;
/** Longest start of a program: install check, builds, Postgres; several start at once. */
export const START_TIMEOUT_MS = 180_000;
/** Longest test or hook: several waits, and in the browser a pass over every page. */
export const TEST_TIMEOUT_MS = 360_000;
