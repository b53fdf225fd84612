/** /audit, for administrators. */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";
import { failurePage, loadHealth, renderPage } from "../layout/render.tsx";
import { AuditPage } from "../pages/admin/audit.tsx";
import { canAdminister, viewOf } from "../context/view.ts";

const ROWS = 50;

export function auditRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>().get("/audit", async (c) => {
    const view = viewOf(c);
    if (!canAdminister(view))
      return failurePage(c, 403, "Access denied", "Only administrators can view the audit log.");
    const { actor = "", action = "", target = "", cursor = null } = view.query;
    const filter = { actor: actor.trim(), action: action.trim(), target: target.trim() };
    const [list, health] = await Promise.all([
      c.get("api").get("/api/audit", { ...filter, limit: ROWS, cursor }),
      loadHealth(c),
    ]);
    const content = <AuditPage view={view} filter={filter} isOlder={cursor !== null} list={list} />;
    return renderPage(c, { health, title: "Audit log" }, content);
  });
}
