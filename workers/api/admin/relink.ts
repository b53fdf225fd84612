/** `/api/relink`: links stored requests again, one batch per call. For administrators. */
import { createRoute } from "@hono/zod-openapi";
import { RelinkResult, RelinkInput } from "../../schemas/api/relink.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { relink } from "../../store/conversations/relink.ts";
import { newRoutes } from "../http/context.ts";
import { json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";
import { auditActor } from "./audit-context.ts";

const run = createRoute({
  method: "post",
  path: "/api/relink",
  tags: ["Conversations"],
  summary: "Link a batch of stored requests again, or report what would change",
  request: { body: jsonBody(RelinkInput) },
  responses: { 200: json("The result of the batch.", RelinkResult), ...errorResponses, ...notFoundResponse },
});

export const relinkRoutes = newRoutes().openapi(run, async (c) => {
  const { domain, since, cursor, limit, dryRun } = c.req.valid("json");
  const result = await relink(c.get("config"), { domain, since, cursor, limit, dryRun });
  if (!result)
    throw new ApiError(
      "not_found",
      `The domain ${domain} has no requests. GET /api/domains lists all domains.`,
    );
  if (result.changed > 0 && !dryRun) {
    const { checked, changed } = result;
    await writeAudit(c.get("config"), {
      ...auditActor(c),
      action: "relink",
      target: domain,
      details: { checked, changed },
    });
  }
  return c.json(result, 200);
});
