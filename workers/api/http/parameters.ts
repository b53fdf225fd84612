/** Parameter checks that schemas cannot express. */
import { DAY_MS } from "../../runtime/constants.ts";
import { type Cursor, decodeCursor } from "../../domain/cursor.ts";
import { type ApiError, invalidParameter } from "./errors.ts";

/** The decoded cursor; null where absent. A cursor of another list is rejected like an invalid one. */
export function cursorParameter(text: string | undefined, idKind: "uuid" | "number"): Cursor | null {
  if (text === undefined) return null;
  const cursor = decodeCursor(text);
  if (cursor && cursor.id.includes("-") === (idKind === "uuid")) return cursor;
  throw invalidParameter(
    "query",
    "cursor",
    "was not returned by this list",
    "the `nextCursor` of the previous page",
  );
}

/** The decoded cursor of a list, which also takes an offset or a period. */
export function listParameters(
  query: {
    cursor?: string | undefined;
    offset?: number | undefined;
    from?: Date | undefined;
    to?: Date | undefined;
  },
  idKind: "uuid" | "number" = "uuid",
): Cursor | null {
  const { cursor, offset, from, to } = query;
  const before = cursorParameter(cursor, idKind);
  if (before && offset !== undefined) throw notWithCursor("offset");
  if (from && to && from >= to)
    throw invalidParameter("query", "to", "is not after `from`", "a time after `from`");
  return before;
}

/** The error for a parameter beside a cursor. */
export function notWithCursor(parameter: string): ApiError {
  const allowed = `either \`cursor\` or \`${parameter}\``;
  return invalidParameter("query", parameter, "cannot be combined with a cursor", allowed);
}

/** Maximum length of a time series. */
const MAX_DAYS = 400;

/** A period in epoch milliseconds. The end defaults to `now`, the start to a day before the end. */
export function periodParameters(
  start: Date | undefined,
  end: Date | undefined,
  now: number,
): { from: number; to: number } {
  const to = end?.getTime() ?? now;
  const from = start?.getTime() ?? to - DAY_MS;
  if (from >= to) throw invalidParameter("query", "from", "is not before `to`", "a time before `to`");
  if (to - from > MAX_DAYS * DAY_MS)
    throw invalidParameter(
      "query",
      "from",
      "is too long before `to`",
      `at most ${MAX_DAYS} days before \`to\``,
    );
  return { from, to };
}
