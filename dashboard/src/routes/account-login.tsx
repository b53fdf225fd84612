/** /accounts/:id/login: logging in at Claude. Within the setup of a domain it returns there afterwards. */
import { Hono } from "hono";
import type { Context } from "hono";
import { type Problem, queryString } from "../api/client.ts";
import { ProblemCard } from "../components/ui/problem.tsx";
import { BackLink } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { field } from "../http/require-csrf.tsx";
import { problemStatus } from "../http/form-problem.ts";
import { failurePage, renderPage } from "../layout/render.tsx";
import { AccountLoginPage } from "../pages/admin/account-login.tsx";
import { canAdminister, viewOf } from "../context/view.ts";

const LOGIN = "/api/accounts/{accountId}/oauth/login";
const accountPath = (accountId: string) => `/accounts/${encodeURIComponent(accountId)}`;

export const accountLoginRoutes = new Hono<AppEnv>();

accountLoginRoutes.get("/accounts/:id/login", (c) =>
  canAdminister(viewOf(c))
    ? loginPage(c, c.req.query("domain") || null, null)
    : failurePage(c, 403, "Access denied", "Only administrators can log in accounts."),
);

accountLoginRoutes.post("/accounts/:id/login", async (c) => {
  const accountId = c.req.param("id");
  const domain = field(await c.req.parseBody(), "domain") || null;
  const started = await c.get("api").send("POST", LOGIN, { accountId }, {});
  return started.ok
    ? c.redirect(`${accountPath(accountId)}/login${queryString({ domain })}`, 303)
    : loginPage(c, domain, started.problem);
});

accountLoginRoutes.post("/accounts/:id/login/code", async (c) => {
  const accountId = c.req.param("id");
  const form = await c.req.parseBody();
  const domain = field(form, "domain") || null;
  const code = field(form, "code").trim();
  const api = c.get("api");
  const completed = await api.send("POST", `${LOGIN}/code`, { accountId }, { code });
  if (!completed.ok) return loginPage(c, domain, completed.problem);
  if (domain === null) return c.redirect(`${accountPath(accountId)}?done=login`, 303);
  const saved = await api.send("PUT", "/api/domains/{domain}", { domain }, { accountId });
  return saved.ok
    ? c.redirect(`/domains/new${queryString({ step: "slack", domain })}`, 303)
    : loginPage(c, domain, saved.problem);
});

async function loginPage(
  c: Context<AppEnv, `/accounts/:id/login${string}`>,
  domain: string | null,
  problem: Problem | null,
) {
  const view = viewOf(c);
  const accountId = c.req.param("id");
  const login = await c.get("api").get(LOGIN, { accountId });
  const backUrl = domain === null ? accountPath(accountId) : `/domains/new${queryString({ domain })}`;
  const breadcrumb = <BackLink href={backUrl}>{domain ?? accountId}</BackLink>;
  const frame = {
    status: problemStatus(problem),
    title: `Log in: ${accountId.slice(0, 80)}`,
    breadcrumb,
  };
  const content = login.ok ? (
    <AccountLoginPage
      view={view}
      accountId={accountId}
      domain={domain}
      login={login.data}
      problem={problem}
    />
  ) : (
    <ProblemCard problem={problem ?? login.problem} what="this login" view={view} />
  );
  return renderPage(c, frame, content);
}
