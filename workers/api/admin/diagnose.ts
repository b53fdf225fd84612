/** `POST /api/admin/diagnose`: what only the Worker can try, for `npx nexus doctor`. Returns 200 while parts fail. */
import { createRoute } from "@hono/zod-openapi";
import { errorText } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/timeout.ts";
import { Diagnosis, DiagnosisInput } from "../../schemas/api/upkeep.ts";
import {
  diagnoseCron,
  diagnoseDatabase,
  diagnoseJournal,
  diagnoseProjection,
} from "../../store/admin/diagnosis.ts";
import { newRoutes } from "../http/context.ts";
import { errorResponses, json, jsonBody } from "../http/openapi.ts";

const PART_TIMEOUT_MS = 10_000;

const diagnose = createRoute({
  method: "post",
  path: "/api/admin/diagnose",
  tags: ["Administration"],
  summary: "Try database, bucket, KV and cron of the deployment",
  description:
    "Writes an object to R2 and deletes it, and a value to KV that expires after a minute. Repeat the call with the same `nonce` until KV returns it.",
  request: { body: jsonBody(DiagnosisInput) },
  responses: { 200: json("What was found.", Diagnosis), ...errorResponses },
});

export const diagnoseRoutes = newRoutes().openapi(diagnose, async (c) => {
  const { nonce } = c.req.valid("json");
  const now = Date.now();
  const [database, journal, kv, cron] = await Promise.all([
    tried(diagnoseDatabase(c.get("config"), now)),
    tried(diagnoseJournal(c.env, nonce)),
    tried(diagnoseProjection(c.env, nonce)),
    tried(diagnoseCron(c.env)),
  ]);
  return c.json(
    {
      now: new Date(now).toISOString(),
      database: { ...NO_DATABASE, ...database },
      journal: { problem: journal.problem },
      kv: { isRead: false, ...kv },
      cron: { ranAt: null, ...cron },
    },
    200,
  );
});

const NO_DATABASE = {
  roundTripMs: null,
  missingRights: null,
  bytes: null,
  maxConnections: null,
  exchangesOfDay: null,
};

/** The result with `problem` null, or why there is none. */
async function tried<T extends object | void>(
  work: Promise<T>,
): Promise<{ problem: string } | (T & { problem: null })> {
  try {
    return { ...(await withTimeout(PART_TIMEOUT_MS, work)), problem: null };
  } catch (thrown) {
    return { problem: errorText(thrown) };
  }
}
