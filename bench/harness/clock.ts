/** One clock for all processes of a run: milliseconds of the machine's monotonic clock, which is the same in each of them. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
