/**
 * Session and agent ids of clients. Claude Code sends them in headers since 2.1.86 (session) and 2.1.139 (agents), and the
 * session also in the body's `metadata.user_id`. Called by read-request.ts.
 */
import { isObject, parseJson, type JsonObject } from "../json/json.ts";

/** Ids are 17 to 36 characters in practice; teams may choose their own. */
const ID = /^[\x21-\x7e]{1,128}$/;

/** `user_<64 hex>_account_<uuid or empty>_session_<uuid>`, Claude Code before 2.1.78. */
const COMPOUND_USER_ID = /^user_[0-9A-Za-z]+_account_[0-9A-Za-z-]*_session_(.+)$/;

/** The id without surrounding blanks, if it is 1 to 128 printable ASCII characters; else null. */
export function validId(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const id = value.trim();
  return ID.test(id) ? id : null;
}

/**
 * The session id in `metadata.user_id`: of the compound form, or of a JSON text
 * `{"device_id","account_uuid","session_id"}` (since 2.1.78). Other user ids have none.
 */
export function readSession(body: JsonObject | null): string | null {
  const metadata = body?.["metadata"];
  const userId = isObject(metadata) ? metadata["user_id"] : undefined;
  if (typeof userId !== "string") return null;
  if (!userId.trimStart().startsWith("{")) return validId(COMPOUND_USER_ID.exec(userId)?.[1]);
  const parts = parseJson(userId);
  return isObject(parts) ? validId(parts["session_id"]) : null;
}
