/** The role that a call needs. Pure; workers/api/auth/authenticate.ts checks it for all routes. */
import type { Role } from "../../schemas/api/session.ts";

/** GET routes with administrators' names and actions, unknown settings that they entered, or a pending login. */
const ADMINISTRATORS_ONLY =
  /^\/api\/(?:audit|environment|domains\/[^/]*\/other-fields|accounts\/[^/]*\/oauth\/login)(?:\/|$)/;

/** The role required: administrator for writes and ADMINISTRATORS_ONLY, viewer for other reads. */
export function requiredRole(method: string, path: string): Role {
  const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS";
  return isRead && !ADMINISTRATORS_ONLY.test(path) ? "viewer" : "administrator";
}

export function hasRole(role: Role, required: Role): boolean {
  return role === "administrator" || required === "viewer";
}
