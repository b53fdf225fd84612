/**
 * Failures of the database, sorted: what passes (no connection, no answer in time, server going down) and what does not
 * (a constraint, a wrong statement). drizzle wraps both in an error whose message contains the parameters; here it is
 * taken off again.
 */

/** Postgres is out of reach or too slow just now. Trying again later is right. The message names host and reason. */
export class DatabaseUnavailableError extends Error {
  override readonly name = "DatabaseUnavailableError";
}

/**
 * Connection failures, operator intervention (shutdown, cancelled for time), too many connections, idle timeouts; a disk that is
 * full or fails, a server that only reads just now. (Out of memory and a breach of the protocol are not: they may be this statement's own fault.)
 */
const PASSING_SQLSTATES = /^(08(?!P01)|57|53100$|53300$|58030$|25006$|25P03$)/;
/** Postgres has no SQLSTATE of its own for this one. */
const READ_ONLY_DISK = /read-only file system/i;
/** What the drivers say, without a SQLSTATE, of a connection that does not come about or breaks. */
const PASSING_MESSAGES =
  /connection terminated|timeout|timed out|not queryable|error connecting to database|HTTP status 5\d\d|websocket|network connection lost|socket/i;

/** The SQLSTATE of a database error, also inside drizzle's wrapping; undefined for anything else. */
export function sqlState(thrown: unknown): string | undefined {
  const code = (unwrapped(thrown) as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * What a caller of the store gets to see of `thrown`: a DatabaseUnavailableError if it passes, the driver's own error if
 * it does not, anything that is not of the database untouched. `databaseUrl` is only asked for its host.
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

/** Errors that came through drizzle, from Neon's HTTP driver, from `pg`, or as an event of the WebSocket. */
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
