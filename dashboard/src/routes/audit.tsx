/** /audit, for administrators. */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";
import { failurePage, renderPage } from "../layout/render.tsx";
import { AuditPage } from "../pages/admin/audit.tsx";
import { canAdminister, viewOf } from "../context/view.ts";

const ROWS = 50;

export const auditRoutes = new Hono<AppEnv>().get("/audit", async (c) => {
  const view = viewOf(c);
  if (!canAdminister(view))
    return failurePage(c, 403, "Access denied", "Only administrators can view the audit log.");
  const { actor = "", action = "", target = "", cursor = null } = view.query;
  const filter = { actor: actor.trim(), action: action.trim(), target: target.trim() };
  const list = await c.get("api").get("/api/audit", { ...filter, limit: ROWS, cursor });
  const content = <AuditPage view={view} filter={filter} isOlder={cursor !== null} list={list} />;
  return renderPage(c, { title: "Audit log" }, content);
});
