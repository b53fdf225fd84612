/** Which role a call needs. Pure; called in one place for all routes (workers/api/auth/authenticate.ts). */
import type { Role } from "../../schemas/api/session.ts";

/** Reading that shows what administrators did and who they are, or what they entered beyond what is known here, or a login that somebody is
 * about to complete. */
const ADMINISTRATORS_ONLY =
  /^\/api\/(?:audit|environment|domains\/[^/]*\/other-fields|accounts\/[^/]*\/oauth\/login)(?:\/|$)/;

/** The least role that may make this call: writes need an administrator, reads a viewer, save a few. */
export function requiredRole(method: string, path: string): Role {
  const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS";
  return isRead && !ADMINISTRATORS_ONLY.test(path) ? "viewer" : "administrator";
}

export function hasRole(role: Role, required: Role): boolean {
  return role === "administrator" || required === "viewer";
}
