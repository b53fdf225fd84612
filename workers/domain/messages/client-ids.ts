/**
 * Session, agent and device ids of clients. Claude Code sends ids in headers since 2.1.86 (session) and 2.1.139 (agents), and
 * session and device also in the body's `metadata.user_id`; opencode sends its session in `x-session-id`. Called by
 * read-request.ts and by linking.
 */
import { isObject, parseJson, type JsonObject } from "../json/json.ts";

/** Ids are 17 to 36 characters in practice; teams may choose their own. */
const ID = /^[\x21-\x7e]{1,128}$/;

/** `user_<64 hex>_account_<uuid or empty>_session_<uuid>`, Claude Code before 2.1.78. */
const COMPOUND_USER_ID = /^user_([0-9A-Za-z]+)_account_[0-9A-Za-z-]*_session_(.+)$/;

/** The id without surrounding blanks, if it is 1 to 128 printable ASCII characters; else null. */
export function validId(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const id = value.trim();
  return ID.test(id) ? id : null;
}

/** The session id in a header (names in lower case). */
export function sessionInHeaders(headers: Readonly<Record<string, string>>): string | null {
  return validId(headers["x-claude-code-session-id"]) ?? validId(headers["x-session-id"]);
}

/**
 * The session id in `metadata.user_id`: of the compound form, or of a JSON text
 * `{"device_id","account_uuid","session_id"}` (since 2.1.78). Other user ids have none.
 */
export function readSession(body: JsonObject | null): string | null {
  return readUserId(body).session;
}

/** The device in `metadata.user_id`, of the same forms; another user id stands for the device. */
export function readDevice(body: JsonObject | null): string | null {
  return readUserId(body).device;
}

function readUserId(body: JsonObject | null): { device: string | null; session: string | null } {
  const metadata = body?.["metadata"];
  const userId = isObject(metadata) ? metadata["user_id"] : undefined;
  if (typeof userId !== "string") return { device: null, session: null };
  if (!userId.trimStart().startsWith("{")) {
    const [, device, session] = COMPOUND_USER_ID.exec(userId) ?? [];
    return { device: validId(device ?? userId), session: validId(session) };
  }
  const parts = parseJson(userId);
  if (!isObject(parts)) return { device: null, session: null };
  return { device: validId(parts["device_id"]), session: validId(parts["session_id"]) };
}
