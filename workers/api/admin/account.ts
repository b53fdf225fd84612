/** `/api/accounts/{accountId}`: read, set the credential, delete. Logins are in accounts.ts. */
import { createRoute } from "@hono/zod-openapi";
import { AccountInput, AccountParameter, AccountView } from "../../schemas/api/accounts.ts";
import { deleteAccount, putAccountCredential } from "../../store/tenants/account-write.ts";
import { readAccount } from "../../store/tenants/account-read.ts";
import { callOAuthAccount } from "../../store/tenants/oauth-stub.ts";
import { auditActor, withProjectionErrors } from "./audit-context.ts";
import { newRoutes } from "../http/context.ts";
import { conflictResponse, json, jsonBody, notFoundResponse, errorResponses } from "../http/openapi.ts";
import { ApiError } from "../http/errors.ts";

const tags = ["Accounts"];
const read = createRoute({
  method: "get",
  path: "/api/accounts/{accountId}",
  tags,
  summary: "One account, its credential and its domains",
  request: { params: AccountParameter },
  responses: { 200: json("Without its secrets.", AccountView), ...errorResponses, ...notFoundResponse },
});
const put = createRoute({
  method: "put",
  path: "/api/accounts/{accountId}",
  tags,
  summary: "Replace the credential of an account",
  request: { params: AccountParameter, body: jsonBody(AccountInput) },
  responses: { 200: json("The resulting account.", AccountView), ...errorResponses, ...notFoundResponse },
});
const remove = createRoute({
  method: "delete",
  path: "/api/accounts/{accountId}",
  tags,
  summary: "Delete an account that no domain uses; its recorded exchanges stay",
  request: { params: AccountParameter },
  responses: {
    204: { description: "Deleted." },
    ...errorResponses,
    ...notFoundResponse,
    ...conflictResponse,
  },
});

export const accountChangeRoutes = newRoutes()
  .openapi(read, async (c) => {
    const { accountId } = c.req.valid("param");
    const account = await readAccount(c.get("config"), c.env, accountId);
    if (!account) throw accountNotFound(accountId);
    return c.json(account, 200);
  })
  .openapi(put, async (c) => {
    const { accountId } = c.req.valid("param");
    const { credential } = c.req.valid("json");
    const config = c.get("config");
    const isKnown = await withProjectionErrors(() =>
      putAccountCredential(config, c.env, accountId, credential, auditActor(c)),
    );
    if (!isKnown) throw accountNotFound(accountId);
    await forgetLogin(c.env, accountId);
    const account = await readAccount(config, c.env, accountId);
    if (!account) throw accountNotFound(accountId);
    return c.json(account, 200);
  })
  .openapi(remove, async (c) => {
    const { accountId } = c.req.valid("param");
    const deleted = await deleteAccount(c.get("config"), accountId, auditActor(c));
    if (deleted.result === "used")
      throw new ApiError(
        "conflict",
        `The account ${accountId} is used by ${deleted.domains.join(", ")}. Give these domains another account or delete them first.`,
      );
    // Also for unknown accounts: a repeated call completes one that failed halfway.
    await forgetLogin(c.env, accountId);
    if (deleted.result === "unknown") throw accountNotFound(accountId);
    return c.body(null, 204);
  });

/** Deletes the tokens of a login, if there was one. */
function forgetLogin(env: Env, accountId: string): Promise<void> {
  return callOAuthAccount(env, accountId, async (account) => await account.forget());
}

function accountNotFound(accountId: string): ApiError {
  return new ApiError(
    "not_found",
    `There is no account ${accountId}. It is created with the first domain that uses it, or by logging in.`,
  );
}
