/**
 * Cursors of lists sorted by (start, id), newest first: opaque to clients, stable while rows are added before them. Pure; every
 * paged list of the API uses them.
 */
/** The last row of a page. */
export interface Cursor {
  /** Epoch milliseconds. */
  at: number;
  /** A UUID, or the decimal id of a table that counts. */
  id: string;
}

const LATEST_MS = Date.UTC(9999, 11, 31);
const ID = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{1,18})$/;

export function encodeCursor({ at, id }: Cursor): string {
  return btoa(`1.${at}.${id}`).replaceAll("=", "");
}

/** Null for anything that `encodeCursor` cannot have made. */
export function decodeCursor(text: string): Cursor | null {
  if (!/^[A-Za-z0-9]{1,100}$/.test(text) || text.length % 4 === 1) return null;
  const parts = atob(text).split(".");
  const [version, at, id] = parts;
  if (parts.length !== 3 || version !== "1" || !at || !id) return null;
  if (!/^\d{1,15}$/.test(at) || Number(at) > LATEST_MS || !ID.test(id)) return null;
  const cursor = { at: Number(at), id };
  return encodeCursor(cursor) === text ? cursor : null;
}
