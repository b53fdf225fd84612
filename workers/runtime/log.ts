/**
 * Structured log lines: one JSON object each, so that Workers Logs indexes the fields.
 * Callers pass ids, names, numbers and error names; never headers, bodies, keys or connection strings.
 */
import { redact } from "../domain/masking/redact.ts";

/** Characters of an error in a log line, and how many of a longer one are redacted first. */
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

/** A thrown value as a short line that is safe to log: connection strings and keys are removed. */
export function errorText(thrown: unknown): string {
  // drizzle puts the statement's parameters into the message of its wrapper.
  if (thrown instanceof Error && thrown.message.startsWith("Failed query:") && thrown.cause) {
    return errorText(thrown.cause);
  }
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  // Redacted before truncating, because a truncated key would not be recognised.
  return redact(text.slice(0, MAX_REDACTED)).slice(0, MAX_TEXT);
}
