/**
 * Classifies database errors as transient (no connection, timeout, server shutdown) or permanent (a constraint, an invalid
 * statement). drizzle wraps both in an error whose message contains the parameters; the wrapper is removed here.
 */

/** Postgres is unreachable or too slow; a retry later makes sense. The message names host and reason. */
export class DatabaseUnavailableError extends Error {
  override readonly name = "DatabaseUnavailableError";
}

/**
 * Connection failures, operator intervention (shutdown, statement timeout), too many connections, idle timeouts; a full or
 * failing disk, a read-only server. Not out of memory and protocol violations: the statement itself may cause them.
 */
const PASSING_SQLSTATES = /^(08(?!P01)|57|53100$|53300$|58030$|25006$|25P03$)/;
/** Postgres has no SQLSTATE for a read-only disk. */
const READ_ONLY_DISK = /read-only file system/i;
/** Driver messages without SQLSTATE for a connection that fails or breaks. */
const PASSING_MESSAGES =
  /connection terminated|timeout|timed out|not queryable|error connecting to database|HTTP status 5\d\d|websocket|network connection lost|socket/i;

/** The SQLSTATE of a database error, also inside drizzle's wrapper; undefined for other errors. */
export function sqlState(thrown: unknown): string | undefined {
  const code = (unwrapped(thrown) as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * The error that the store throws for `thrown`: a DatabaseUnavailableError if it is transient, the driver's own error if
 * not; other errors are returned unchanged. Only the host of `databaseUrl` is used.
 */
export function databaseError(thrown: unknown, databaseUrl: string): unknown {
  const error = unwrapped(thrown);
  if (error instanceof DatabaseUnavailableError) return error;
  const state = sqlState(error);
  const message = messageOf(error);
  if (state !== undefined && !PASSING_SQLSTATES.test(state) && !READ_ONLY_DISK.test(message)) return error;
  if (state === undefined && !(isOfDriver(thrown, error) && PASSING_MESSAGES.test(message))) return error;
  return new DatabaseUnavailableError(`Postgres at ${hostOf(databaseUrl)} is not available: ${message}`, {
    cause: error,
  });
}

function unwrapped(thrown: unknown): unknown {
  return isDrizzleWrapping(thrown) && thrown.cause !== undefined ? thrown.cause : thrown;
}

function isDrizzleWrapping(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.message.startsWith("Failed query:");
}

/** Whether the error came through drizzle, from Neon's HTTP driver, from `pg`, or as a WebSocket event. */
function isOfDriver(thrown: unknown, error: unknown): boolean {
  if (isDrizzleWrapping(thrown)) return true;
  if (typeof Event !== "undefined" && error instanceof Event) return true;
  return error instanceof Error && /^(Error|NeonDbError)$/.test(error.name);
}

function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  if (typeof message === "string" && message !== "") return message;
  return typeof Event !== "undefined" && error instanceof Event ? "the WebSocket failed" : "no reason given";
}

function hostOf(databaseUrl: string): string {
  try {
    return new URL(databaseUrl).host;
  } catch {
    return "the configured address";
  }
}
