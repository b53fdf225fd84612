/** `/api/accounts`: credentials and their state, and OAuth logins at Claude. Used by the CLI and the dashboard. */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { OAUTH_TERMS } from "../../domain/oauth/terms.ts";
import {
  AccountList,
  AccountLogin,
  AccountParameter,
  LoginStarted,
  PendingLogin,
  LoginCode,
} from "../../schemas/api/accounts.ts";
import type { OAuthStatus } from "../../schemas/oauth.ts";
import { accountType, listAccounts, readLogin, recordLogin } from "../../store/tenants/account-read.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { callOAuthAccount } from "../../store/tenants/oauth-stub.ts";
import type { LoginResult } from "../../schemas/oauth.ts";
import { type ApiEnv, newRoutes } from "../http/context.ts";
import { conflictResponse, json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { auditActor, withProjectionErrors } from "./audit-context.ts";
import { ApiError, invalidParameter } from "../http/errors.ts";

const tags = ["Accounts"];
const list = createRoute({
  method: "get",
  path: "/api/accounts",
  tags,
  summary: "Accounts, their credentials and their domains",
  responses: { 200: json("The accounts, by id.", AccountList), ...errorResponses },
});
const read = createRoute({
  method: "get",
  path: "/api/accounts/{accountId}/oauth",
  tags,
  summary: "The login of an account",
  request: { params: AccountParameter },
  responses: {
    200: json("The login, without its tokens.", AccountLogin),
    ...errorResponses,
    ...notFoundResponse,
  },
});
const refresh = createRoute({
  method: "post",
  path: "/api/accounts/{accountId}/oauth/refresh",
  tags,
  summary: "Refresh the tokens of a login now",
  request: { params: AccountParameter },
  responses: {
    200: json("The login after the refresh.", AccountLogin),
    ...errorResponses,
    ...notFoundResponse,
  },
});
const startLogin = createRoute({
  method: "post",
  path: "/api/accounts/{accountId}/oauth/login",
  tags,
  summary: "Start a login; the current credential stays until it is completed",
  request: { params: AccountParameter },
  responses: { 201: json("The authorization URL.", LoginStarted), ...errorResponses },
});
const pendingLogin = createRoute({
  method: "get",
  path: "/api/accounts/{accountId}/oauth/login",
  tags,
  summary: "The login waiting for its code, and the terms of logins; for administrators",
  request: { params: AccountParameter },
  responses: { 200: json("The authorization URL, if a login is pending.", PendingLogin), ...errorResponses },
});
const completeLogin = createRoute({
  method: "post",
  path: "/api/accounts/{accountId}/oauth/login/code",
  tags,
  summary: "Complete a login with the code from its page; it replaces the credential of the account",
  request: { params: AccountParameter, body: jsonBody(LoginCode) },
  responses: { 200: json("The new login.", AccountLogin), ...errorResponses, ...conflictResponse },
});

export const accountRoutes = newRoutes()
  .openapi(list, async (c) => c.json(await listAccounts(c.get("config"), c.env), 200))
  .openapi(read, async (c) => {
    const { accountId } = c.req.valid("param");
    await requireLogin(c, accountId);
    return c.json({ accountId, ...(await readLogin(c.env, accountId)) }, 200);
  })
  .openapi(refresh, async (c) => {
    const { accountId } = c.req.valid("param");
    await requireLogin(c, accountId);
    await writeAudit(c.get("config"), { ...auditActor(c), action: "account.refresh", target: accountId });
    const status = await callOAuthAccount(
      c.env,
      accountId,
      async (one): Promise<OAuthStatus> => await one.refresh(),
    );
    return c.json({ accountId, ...status }, 200);
  })
  .openapi(startLogin, async (c) => {
    const { accountId } = c.req.valid("param");
    await writeAudit(c.get("config"), {
      ...auditActor(c),
      action: "account.login_start",
      target: accountId,
    });
    const begun = await callOAuthAccount(c.env, accountId, async (one) => await one.beginLogin());
    return c.json(loginStarted(accountId, begun), 201);
  })
  .openapi(pendingLogin, async (c) => {
    const { accountId } = c.req.valid("param");
    const begun = await callOAuthAccount(c.env, accountId, async (one) => await one.pendingLogin());
    const none = { accountId, terms: OAUTH_TERMS, url: null, expiresAt: null };
    return c.json(begun ? loginStarted(accountId, begun) : none, 200);
  })
  .openapi(completeLogin, async (c) => {
    const { accountId } = c.req.valid("param");
    const { code } = c.req.valid("json");
    const result = await callOAuthAccount(
      c.env,
      accountId,
      async (one): Promise<LoginResult> => await one.completeLogin(code),
    );
    if (result.result !== "done") throw loginError(result);
    await withProjectionErrors(() => recordLogin(c.get("config"), c.env, accountId, auditActor(c)));
    return c.json({ accountId, ...(await readLogin(c.env, accountId)) }, 200);
  });

function loginStarted(accountId: string, { url, expiresAt }: { url: string; expiresAt: number }) {
  return { accountId, url, expiresAt: new Date(expiresAt).toISOString(), terms: OAUTH_TERMS };
}

async function requireLogin(c: Context<ApiEnv>, accountId: string): Promise<void> {
  const type = await accountType(c.get("config"), accountId);
  if (type === "oauth") return;
  throw new ApiError(
    "not_found",
    type === null
      ? `There is no account ${accountId}. POST /api/accounts/${accountId}/oauth/login starts a login for it.`
      : `The account ${accountId} has no login: its credential has the type ${type}.`,
  );
}

function loginError(result: Exclude<LoginResult, { result: "done" }>): ApiError {
  switch (result.result) {
    case "not_begun":
      return new ApiError(
        "conflict",
        "No login is pending: none was started in the last 15 minutes. Start a new one.",
      );
    case "not_ours":
      return invalidParameter(
        "body",
        "code",
        "does not belong to the login that was started last",
        "the whole text of the login page, code#state",
      );
    case "refused":
      return invalidParameter(
        "body",
        "code",
        `was rejected (${result.reason}); a code works once and for a few minutes`,
        "a new code from the same page",
      );
    case "unavailable":
      return new ApiError(
        "unavailable",
        `The login could not be completed: ${result.reason}. Try the same code again, or start a new login.`,
        { headers: { "retry-after": "5" } },
      );
  }
}
