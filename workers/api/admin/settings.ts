/** `/api/environment` and `/api/alerts`: the configuration of the deployment, and alerts not delivered to Slack yet. */
import { createRoute } from "@hono/zod-openapi";
import { outboxName } from "../../runtime/raise-alert.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { AlertTarget } from "../../schemas/alert.ts";
import { PendingAlerts, Environment } from "../../schemas/api/settings.ts";
import { listAlertTargets } from "../../store/tenants/slack-targets.ts";
import { newRoutes } from "../http/context.ts";
import { json, errorResponses } from "../http/openapi.ts";
import { environmentView } from "./environment-view.ts";

/** Outboxes queried per request. */
const MAX_OUTBOXES = 200;

const tags = ["Status"];
const environment = createRoute({
  method: "get",
  path: "/api/environment",
  tags,
  summary: "Every variable, its meaning, and its value unless it may be secret; for administrators",
  responses: { 200: json("The variables, by name.", Environment), ...errorResponses },
});
const alerts = createRoute({
  method: "get",
  path: "/api/alerts",
  tags,
  summary: "Alerts not delivered to Slack yet",
  responses: { 200: json("Pending alerts by outbox.", PendingAlerts), ...errorResponses },
});

export const settingsRoutes = newRoutes()
  .openapi(environment, (c) => c.json({ variables: environmentView(c.get("config")) }, 200))
  .openapi(alerts, async (c) => {
    const targets = await listAlertTargets(c.get("config"), MAX_OUTBOXES);
    const queried = targets.slice(0, MAX_OUTBOXES);
    const states = await Promise.all(queried.map((target) => outboxState(c.env, target)));
    const known = states.filter((state) => state !== null);
    const earliest = (name: "oldestAt" | "nextAt") => {
      const found = known.map((state) => state[name]).filter((at) => at !== null);
      return found.length === 0 ? null : new Date(Math.min(...found)).toISOString();
    };
    const pending: PendingAlerts = {
      waiting: known.reduce((sum, { waiting }) => sum + waiting, 0),
      oldestAt: earliest("oldestAt"),
      nextAt: earliest("nextAt"),
      outboxes: known
        .filter(({ waiting, lastProblem }) => waiting > 0 || lastProblem !== null)
        .sort((a, b) => b.waiting - a.waiting)
        .map(({ target, waiting, attempts, lastProblem }) => ({
          kind: target.kind,
          name: target.kind === "domain" ? target.domain : target.kind === "account" ? target.accountId : "",
          waiting,
          attempts,
          lastProblem,
        })),
      unanswered: states.length - known.length,
      isMore: targets.length > queried.length,
    };
    return c.json(pending, 200);
  });

/** Null when the object fails, which does not affect the others. */
async function outboxState(env: Env, target: AlertTarget) {
  try {
    return { target, ...(await env.ALERT_OUTBOX.getByName(outboxName(target)).status()) };
  } catch (thrown) {
    log.warn("alerts: AlertOutbox failed", { kind: target.kind, error: errorText(thrown) });
    return null;
  }
}
