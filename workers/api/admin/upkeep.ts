/** Upkeep of copies and seals, one batch per call; for `npx nexus project` and `npx nexus reseal`. */
import { createRoute } from "@hono/zod-openapi";
import { ProjectInput, ProjectResult, ResealInput, ResealResult } from "../../schemas/api/upkeep.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { projectBatch } from "../../store/tenants/projection.ts";
import { resealBatch } from "../../store/tenants/sealing.ts";
import { newRoutes } from "../http/context.ts";
import { errorResponses, json, jsonBody } from "../http/openapi.ts";
import { invalidParameter } from "../http/errors.ts";
import { auditActor, withProjectionErrors } from "./audit-context.ts";

const tags = ["Administration"];
const project = createRoute({
  method: "post",
  path: "/api/admin/project",
  tags,
  summary: "Write domains and client keys from Postgres to KV where they differ",
  description:
    "One batch per call; repeat with `nextCursor` until it is null. Idempotent: entries that are up to date are compared, not written.",
  request: { body: jsonBody(ProjectInput) },
  responses: { 200: json("The result of the batch.", ProjectResult), ...errorResponses },
});
const reseal = createRoute({
  method: "post",
  path: "/api/admin/reseal",
  tags,
  summary: "Seal secrets again with the first key of CREDENTIAL_KEYS",
  description:
    "One batch per call; repeat with `nextCursor` until it is null, then repeat `/api/admin/project` likewise, which seals the copies in KV. Idempotent.",
  request: { body: jsonBody(ResealInput) },
  responses: { 200: json("The result of the batch.", ResealResult), ...errorResponses },
});

export const upkeepRoutes = newRoutes()
  .openapi(project, async (c) => {
    const { cursor = null, limit, dryRun } = c.req.valid("json");
    const { sealedWith: _, ...result } = await withProjectionErrors(
      () => projectBatch(c.get("config"), c.env, { cursor, limit, dryRun }),
      "Writing to KV failed. Repeat the call to continue.",
    );
    const { missing, stale, extra } = result;
    if (!dryRun && missing + stale + extra > 0)
      await writeAudit(c.get("config"), {
        ...auditActor(c),
        action: "project",
        target: "KV",
        details: { missing, stale, extra },
      });
    return c.json(result, 200);
  })
  .openapi(reseal, async (c) => {
    const { cursor = null, limit } = c.req.valid("json");
    const result = await resealBatch(c.get("config"), c.env, { cursor, limit });
    if (!result) throw invalidParameter("body", "cursor", "is not a cursor of this call", "its `nextCursor`");
    const { field, resealed } = result;
    if (resealed > 0)
      await writeAudit(c.get("config"), {
        ...auditActor(c),
        action: "reseal",
        target: field,
        details: { resealed },
      });
    return c.json(result, 200);
  });
