/** Logs slow statements, and with DEBUG_SQL all statements; never their parameters. */
import type { Config } from "../../runtime/config.ts";
import { log } from "../../runtime/log.ts";

export type StatementLogConfig = Pick<Config, "DEBUG_SQL" | "SLOW_QUERY_THRESHOLD_MS">;

const MAX_STATEMENT_CHARACTERS = 1_000;

/** Logs a statement that took `milliseconds`, if needed; only then calls `text`. */
export function logStatement(
  config: StatementLogConfig,
  milliseconds: number,
  text: () => string,
  isPipelined = false,
): void {
  const isSlow = milliseconds >= config.SLOW_QUERY_THRESHOLD_MS;
  if (!isSlow && !config.DEBUG_SQL) return;
  const fields = {
    milliseconds,
    // Sent behind another one: it took no round trip of its own.
    ...(isPipelined && { pipelined: true }),
    statement: text().replace(/\s+/g, " ").trim().slice(0, MAX_STATEMENT_CHARACTERS),
  };
  if (isSlow) log.warn("slow statement", fields);
  else log.info("statement", fields);
}
