/**
 * Structured log lines: one JSON object each, so that Workers Logs indexes the fields.
 * Callers pass ids, names, numbers and error names; never headers, bodies, keys or connection strings.
 */
import { redact } from "../domain/redact.ts";

/** Characters of an error that a line may have; of a longer one so many are looked at. */
const MAX_TEXT = 500;
const MAX_REDACTED = 5_000;

type Fields = Record<string, string | number | boolean | null | undefined>;

function write(level: "debug" | "info" | "warn" | "error", message: string, fields: Fields): void {
  console[level](JSON.stringify({ level, message, ...fields }));
}

export const log = {
  debug: (message: string, fields: Fields = {}) => write("debug", message, fields),
  info: (message: string, fields: Fields = {}) => write("info", message, fields),
  warn: (message: string, fields: Fields = {}) => write("warn", message, fields),
  error: (message: string, fields: Fields = {}) => write("error", message, fields),
};

/** An unknown thrown value as a short line that is safe to log: connection strings and keys are cut out. */
export function errorText(thrown: unknown): string {
  // drizzle's wrapping puts the parameters of the statement into the message.
  if (thrown instanceof Error && thrown.message.startsWith("Failed query:") && thrown.cause) {
    return errorText(thrown.cause);
  }
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  // Masked before the cut: half a key would no longer look like one.
  return redact(text.slice(0, MAX_REDACTED)).slice(0, MAX_TEXT);
}
