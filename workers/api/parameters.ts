/** Checks of parameters that schemas cannot make. */
import { type Cursor, decodeCursor } from "../domain/cursor.ts";
import { invalid } from "./errors.ts";

/** The place a cursor names, null without one. A cursor of another list is refused like one that nobody made. */
export function cursorParameter(text: string | undefined, idKind: "uuid" | "number"): Cursor | null {
  if (text === undefined) return null;
  const cursor = decodeCursor(text);
  if (cursor && cursor.id.includes("-") === (idKind === "uuid")) return cursor;
  throw invalid("query", "cursor", "is not one this list gave out", "the `nextCursor` of the page before");
}
