/** The searchable text of a message: every text except ids, signatures and encoded bytes. Pure. */
import { isObject, parseJsonBytes } from "../json/json.ts";

/** Of a longer text only the beginning is searchable. */
const MAX_TEXT = 2_000_000;
const UNSEARCHED_MEMBERS = new Set([
  "type",
  "id",
  "tool_use_id",
  "signature",
  "data",
  "media_type",
  "cache_control",
  "encrypted_content",
  "encrypted_index",
  "file_id",
]);

/** Role and texts of a stored message; null where the bytes are no message. */
export function searchText(bytes: Uint8Array): { role: string; text: string } | null {
  const message = parseJsonBytes(bytes);
  if (!isObject(message) || typeof message["role"] !== "string") return null;
  const pieces: string[] = [];
  collect(message["content"], pieces, { charactersLeft: MAX_TEXT });
  return { role: message["role"].slice(0, 20), text: pieces.join("\n").slice(0, MAX_TEXT) };
}

function collect(value: unknown, pieces: string[], budget: { charactersLeft: number }): void {
  if (budget.charactersLeft <= 0) return;
  if (typeof value === "string") {
    pieces.push(value);
    budget.charactersLeft -= value.length;
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, pieces, budget);
  } else if (isObject(value)) {
    for (const name in value) if (!UNSEARCHED_MEMBERS.has(name)) collect(value[name], pieces, budget);
  }
}
