/** The role that a call needs. Pure; workers/api/auth/authenticate.ts checks it for all routes. */
import type { Role } from "../../schemas/api/session.ts";

/** GET routes with administrators' names and actions, unknown settings that they entered, or a pending login. */
const ADMINISTRATORS_ONLY =
  /^\/api\/(?:audit|environment|domains\/[^/]*\/other-fields|accounts\/[^/]*\/oauth\/login)(?:\/|$)/;

/** POSTs that only read: what they name does not fit into a URL. */
const READING_POSTS = new Set(["/api/mcp/prompts/render", "/api/spark/feedback/batch"]);

/** The role required: administrator for writes and ADMINISTRATORS_ONLY, viewer for other reads. */
export function requiredRole(method: string, path: string): Role {
  const isGet = method === "GET" || method === "HEAD" || method === "OPTIONS";
  const isRead = isGet ? !ADMINISTRATORS_ONLY.test(path) : method === "POST" && READING_POSTS.has(path);
  return isRead ? "viewer" : "administrator";
}

export function hasRole(role: Role, required: Role): boolean {
  return role === "administrator" || required === "viewer";
}
