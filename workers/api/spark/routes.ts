/** `/api/spark`: feedback on recommendations. Viewers read it, administrators send it; Spark stores it. */
import { createRoute } from "@hono/zod-openapi";
import {
  SparkBatch,
  SparkBatchInput,
  SparkFeedbackInput,
  SparkResponse,
  SparkSessionParameter,
} from "../../schemas/api/spark.ts";
import { isObject } from "../../domain/json/json.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { auditActor } from "../admin/audit-context.ts";
import { newRoutes } from "../http/context.ts";
import {
  conflictResponse,
  errorResponses,
  goneResponse,
  json,
  jsonBody,
  notFoundResponse,
  rateLimitedResponse,
} from "../http/openapi.ts";
import { callSpark, sparkKey } from "./call.ts";

const tags = ["Spark"];
const errors = {
  ...errorResponses,
  ...notFoundResponse,
  ...conflictResponse,
  ...goneResponse,
  ...rateLimitedResponse,
};
const send = createRoute({
  method: "post",
  path: "/api/spark/feedback",
  tags,
  summary: "Send feedback on a recommendation to Spark",
  request: { body: jsonBody(SparkFeedbackInput) },
  responses: { 200: json("What Spark returned.", SparkResponse), ...errors },
});
const read = createRoute({
  method: "get",
  path: "/api/spark/sessions/{sessionId}/feedback",
  tags,
  summary: "The feedback on a recommendation",
  request: { params: SparkSessionParameter },
  responses: { 200: json("What Spark returned.", SparkResponse), ...errors },
});
const readMany = createRoute({
  method: "post",
  path: "/api/spark/feedback/batch",
  tags,
  summary: "The feedback on up to 100 recommendations",
  request: { body: jsonBody(SparkBatchInput) },
  responses: { 200: json("The feedback.", SparkBatch), ...errors },
});

export const sparkRoutes = newRoutes()
  .openapi(send, async (c) => {
    const config = c.get("config");
    const body = c.req.valid("json");
    // Nothing is audited where nothing can be sent.
    sparkKey(config);
    const { rating } = body.feedback.recommendation_feedback.overall_feedback;
    // Before the call, so that nothing is sent without a trace.
    const entry = { ...auditActor(c), action: "spark.feedback", target: body.session_id };
    await writeAudit(config, { ...entry, details: { rating } });
    return c.json(await callSpark(config, { method: "POST", path: "/send_feedback", body }), 200);
  })
  .openapi(read, async (c) => {
    const path = `/sessions/${encodeURIComponent(c.req.valid("param").sessionId)}/feedback`;
    return c.json(await callSpark(c.get("config"), { method: "GET", path }), 200);
  })
  .openapi(readMany, async (c) => {
    const body = c.req.valid("json");
    const { results } = await callSpark(c.get("config"), { method: "POST", path: "/feedback/batch", body });
    const wanted = new Set(body.session_ids);
    const known = Object.entries(isObject(results) ? results : {}).filter(([id]) => wanted.has(id));
    return c.json({ results: Object.fromEntries(known) }, 200);
  });
