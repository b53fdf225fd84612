/** `POST /api/admin/reprice`: prices stored exchanges with the current table, one batch per call. For `npx nexus reprice`. */
import { createRoute } from "@hono/zod-openapi";
import { RepriceBatch, RepriceInput } from "../../schemas/api/reprice.ts";
import { repriceBatch } from "../../store/requests/reprice.ts";
import { newRoutes } from "../http/context.ts";
import { json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";
import { auditActor } from "./audit-context.ts";

const reprice = createRoute({
  method: "post",
  path: "/api/admin/reprice",
  tags: ["Administration"],
  summary: "Price stored exchanges again after the price table has changed",
  description:
    "One batch per call, oldest first, domain by domain; repeat with `nextCursor` until it is null. Rollups are updated in the same transaction. Idempotent; may run while exchanges are stored.",
  request: { body: jsonBody(RepriceInput) },
  responses: { 200: json("The result of the batch.", RepriceBatch), ...errorResponses, ...notFoundResponse },
});

export const repriceRoutes = newRoutes().openapi(reprice, async (c) => {
  const input = c.req.valid("json");
  const done = await repriceBatch(c.get("config"), input, auditActor(c));
  if (!done) throw new ApiError("not_found", `The domain ${input.domain} has no exchanges.`);
  return c.json(done, 200);
});
