/** `POST /api/admin/reprice`: what is stored, priced again by today's table, batch by batch. For `npx nexus reprice`. */
import { createRoute } from "@hono/zod-openapi";
import { RepriceBatch, RepriceInput } from "../../schemas/api/reprice.ts";
import { repriceBatch } from "../../store/requests/reprice.ts";
import { newRoutes } from "../http/context.ts";
import { json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";

const reprice = createRoute({
  method: "post",
  path: "/api/admin/reprice",
  tags: ["Administration"],
  summary: "Price stored exchanges again, after the price table has changed",
  description:
    "One batch per call, oldest first, domain by domain; call again with `nextCursor` until it is null. Rollups follow in the same transaction. Running it twice changes nothing the second time, and it may run while exchanges are stored.",
  request: { body: jsonBody(RepriceInput) },
  responses: { 200: json("What the batch did.", RepriceBatch), ...errorResponses, ...notFoundResponse },
});

export const repriceRoutes = newRoutes().openapi(reprice, async (c) => {
  const { actor, role } = c.get("caller");
  const input = c.req.valid("json");
  const done = await repriceBatch(c.get("config"), input, { actor, role, now: new Date() });
  if (!done) throw new ApiError("not_found", `No exchange of the domain ${input.domain} was ever stored.`);
  return c.json(done, 200);
});
