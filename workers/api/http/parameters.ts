/** Checks of parameters that schemas cannot make. */
import { type Cursor, decodeCursor } from "../../domain/cursor.ts";
import { invalidParameter } from "./errors.ts";

/** The place a cursor names, null without one. A cursor of another list is refused like one that nobody made. */
export function cursorParameter(text: string | undefined, idKind: "uuid" | "number"): Cursor | null {
  if (text === undefined) return null;
  const cursor = decodeCursor(text);
  if (cursor && cursor.id.includes("-") === (idKind === "uuid")) return cursor;
  throw invalidParameter(
    "query",
    "cursor",
    "is not one this list gave out",
    "the `nextCursor` of the page before",
  );
}

const DAY_MS = 86_400_000;
/** A series has at most this many days. */
const MAX_DAYS = 400;

/** A period as epoch milliseconds: its end is `now` when left out, its start a day before the end. */
export function periodParameters(
  start: Date | undefined,
  end: Date | undefined,
  now: number,
): { from: number; to: number } {
  const to = end?.getTime() ?? now;
  const from = start?.getTime() ?? to - DAY_MS;
  if (from >= to)
    throw invalidParameter("query", "from", "is not before the end of the period", "a time before `to`");
  if (to - from > MAX_DAYS * DAY_MS)
    throw invalidParameter(
      "query",
      "from",
      "makes the period too long",
      `at most ${MAX_DAYS} days before \`to\``,
    );
  return { from, to };
}
