/** `/api/windows`: usage of accounts against their limits, and the limits and thresholds that administrators set. */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { WINDOW_MS, WINDOW_RETENTION_MS } from "../../runtime/constants.ts";
import {
  ReconcileInput,
  WindowDetail,
  WindowList,
  WindowListQuery,
  WindowParameter,
  WindowQuery,
  WindowSettingsInput,
  WindowSettingsView,
} from "../../schemas/api/windows.ts";
import { DatabaseUnavailableError } from "../../store/db/errors.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { isKnownAccount, listAccounts, putWindowSettings } from "../../store/usage/accounts.ts";
import { auditActor } from "../admin/audit-context.ts";
import { type ApiEnv, newRoutes } from "../http/context.ts";
import { json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";
import { reconcile, reconciledState, reconciledStates } from "./window-reconcile.ts";
import { windowDetail, windowView } from "./window-view.ts";

const tags = ["Windows"];
const list = createRoute({
  method: "get",
  path: "/api/windows",
  tags,
  summary: "Usage and limits of every account",
  request: { query: WindowListQuery },
  responses: {
    200: json("Accounts used in the last eight days, and configured accounts.", WindowList),
    ...errorResponses,
  },
});
const read = createRoute({
  method: "get",
  path: "/api/windows/{accountId}",
  tags,
  summary: "Usage and limits of one account, by domain, session and model, with history",
  request: { params: WindowParameter, query: WindowQuery },
  responses: { 200: json("The window.", WindowDetail), ...errorResponses, ...notFoundResponse },
});
const put = createRoute({
  method: "put",
  path: "/api/windows/{accountId}",
  tags,
  summary: "Set an account's token limit and alert thresholds",
  request: { params: WindowParameter, body: jsonBody(WindowSettingsInput) },
  responses: {
    200: json("The resulting settings.", WindowSettingsView),
    ...errorResponses,
    ...notFoundResponse,
  },
});
const reconcileNow = createRoute({
  method: "post",
  path: "/api/windows/{accountId}/reconcile",
  tags,
  summary: "Compare an account's window with the recorded exchanges and correct it",
  request: { params: WindowParameter, body: jsonBody(ReconcileInput) },
  responses: { 200: json("The resulting window.", WindowDetail), ...errorResponses, ...notFoundResponse },
});

export const windowRoutes = newRoutes()
  .openapi(list, async (c) => {
    const now = Date.now();
    const config = c.get("config");
    const since = new Date(now - WINDOW_RETENTION_MS);
    const accounts = await listAccounts(config, since, c.req.valid("query").limit);
    const states = await reconciledStates(c.env, config, accounts, now);
    return c.json({ windows: states.map(windowView) }, 200);
  })
  .openapi(read, async (c) => {
    const { accountId } = c.req.valid("param");
    const now = Date.now();
    await requireAccount(c, accountId);
    const historyFrom = now - c.req.valid("query").historyHours * 3_600_000;
    const state = await reconciledState(c.env, c.get("config"), accountId, { now, historyFrom });
    return c.json(windowDetail(state), 200);
  })
  .openapi(put, async (c) => {
    const { accountId } = c.req.valid("param");
    await requireAccount(c, accountId);
    const settings = await putWindowSettings(c.get("config"), accountId, c.req.valid("json"), auditActor(c));
    await c.env.ACCOUNT_WINDOW.getByName(accountId).configure(settings);
    return c.json({ accountId, ...settings }, 200);
  })
  .openapi(reconcileNow, async (c) => {
    const { accountId } = c.req.valid("param");
    await requireAccount(c, accountId);
    const now = Date.now();
    const { hours } = c.req.valid("json");
    const length = Math.max(WINDOW_MS, hours * 3_600_000);
    await writeAudit(c.get("config"), {
      ...auditActor(c),
      action: "account_window.reconcile",
      target: accountId,
      details: { hours },
    });
    await reconcile(c.env, c.get("config"), accountId, { from: now - length + 1, to: now + 1 });
    const state = await c.env.ACCOUNT_WINDOW.getByName(accountId).state(accountId, { now, historyFrom: now });
    return c.json(windowDetail(state), 200);
  });

/** Rejects unknown accounts, so that no Durable Object is created for them. While Postgres is unavailable, GET skips the check. */
async function requireAccount(c: Context<ApiEnv>, accountId: string): Promise<void> {
  const isKnown = await isKnownAccount(c.get("config"), accountId).catch((thrown: unknown) => {
    if (thrown instanceof DatabaseUnavailableError && c.req.method === "GET") return true;
    throw thrown;
  });
  if (!isKnown) throw new ApiError("not_found", `There is no account ${accountId}.`);
}
