/** `/api/audit`: the audit log. For administrators. */
import { createRoute } from "@hono/zod-openapi";
import { AuditList, AuditQuery } from "../../schemas/api/audit.ts";
import { listAudit } from "../../store/admin/audit.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { cursorParameter } from "../http/parameters.ts";

const list = createRoute({
  method: "get",
  path: "/api/audit",
  tags: ["Audit"],
  summary: "Administrative changes, sign-ins and opened transcripts",
  request: { query: AuditQuery },
  responses: { 200: json("Newest first.", AuditList), ...errorResponses },
});

export const auditRoutes = newRoutes().openapi(list, async (c) => {
  const { cursor, ...filter } = c.req.valid("query");
  const before = cursorParameter(cursor, "number");
  return c.json(await listAudit(c.get("config"), { ...filter, before }), 200);
});
