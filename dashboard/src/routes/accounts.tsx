/** /accounts: the pages of accounts and their forms, which work without a script. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { ApiBody } from "../../../workers/schemas/api/routes.ts";
import type { Result } from "../api/client.ts";
import { parseWindowSettings } from "../api/accounts.ts";
import { ProblemCard } from "../components/ui/problem.tsx";
import { BackLink, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { field } from "../http/require-csrf.tsx";
import { confirmationProblem, problemStatus } from "../http/form-problem.ts";
import { renderPage } from "../layout/render.tsx";
import { type AccountNotice, DONE_TEXTS } from "../components/admin/account-forms.tsx";
import { AccountPage } from "../pages/admin/account.tsx";
import { AccountsPage } from "../pages/admin/accounts.tsx";
import { viewOf } from "../context/view.ts";
import { loadWindows } from "./overview.tsx";

const ACCOUNT = "/api/accounts/{accountId}";
const accountPath = (accountId: string) => `/accounts/${encodeURIComponent(accountId)}`;

export const accountRoutes = new Hono<AppEnv>();

accountRoutes.get("/accounts", async (c) => {
  const view = viewOf(c);
  const [accounts, windows] = await Promise.all([c.get("api").get("/api/accounts"), loadWindows(c)]);
  const content = <AccountsPage view={view} accounts={accounts} windows={windows} />;
  return renderPage(c, { title: "Accounts" }, content);
});

accountRoutes.get("/accounts/:id", (c) => {
  const done = viewOf(c).query.done;
  const isKnown = (name: string | undefined): name is keyof typeof DONE_TEXTS =>
    name !== undefined && Object.hasOwn(DONE_TEXTS, name);
  return accountPage(c, isKnown(done) ? { done } : {});
});

accountRoutes.post("/accounts/:id/key", async (c) => {
  const apiKey = field(await c.req.parseBody(), "api_key").trim();
  return putCredential(c, "key", { type: "api_key", api_key: apiKey });
});

accountRoutes.post("/accounts/:id/passthrough", async (c) =>
  (await isConfirmed(c))
    ? putCredential(c, "passthrough", { type: "passthrough" })
    : accountPage(c, { form: "passthrough", problem: confirmationProblem(c, c.req.param("id")) }),
);

accountRoutes.post("/accounts/:id/refresh", async (c) => {
  const accountId = c.req.param("id");
  const refreshed = await c.get("api").send("POST", `${ACCOUNT}/oauth/refresh`, { accountId }, {});
  return afterForm(c, refreshed, `${accountPath(accountId)}?done=refresh`, { form: "refresh" });
});

accountRoutes.post("/accounts/:id/limits", async (c) => {
  const accountId = c.req.param("id");
  const form = await c.req.parseBody();
  const draft = {
    tokenLimit: field(form, "tokenLimit"),
    alerts: field(form, "alerts"),
    thresholds: field(form, "thresholds"),
  };
  const settings = parseWindowSettings(draft.tokenLimit, draft.alerts, draft.thresholds);
  const saved = await c.get("api").send("PUT", "/api/windows/{accountId}", { accountId }, settings);
  return afterForm(c, saved, `${accountPath(accountId)}?done=limits`, { form: "limits", draft });
});

accountRoutes.post("/accounts/:id/delete", async (c) => {
  const accountId = c.req.param("id");
  if (!(await isConfirmed(c)))
    return accountPage(c, { form: "delete", problem: confirmationProblem(c, accountId) });
  const deleted = await c.get("api").send("DELETE", ACCOUNT, { accountId });
  return afterForm(c, deleted, "/accounts", { form: "delete" });
});

type AccountContext = Context<AppEnv, `/accounts/:id${string}`>;

/** Whether the form repeats the id of the account. */
const isConfirmed = async (c: AccountContext) =>
  field(await c.req.parseBody(), "confirm").trim() === c.req.param("id");

type NewCredential = ApiBody<"PUT", typeof ACCOUNT>["credential"];

async function putCredential(c: AccountContext, form: "key" | "passthrough", credential: NewCredential) {
  const accountId = c.req.param("id");
  const saved = await c.get("api").send("PUT", ACCOUNT, { accountId }, { credential });
  return afterForm(c, saved, `${accountPath(accountId)}?done=${form}`, { form });
}

/** Redirects after success, else shows the page with the problem beside its form. */
function afterForm(c: AccountContext, result: Result<unknown>, url: string, notice: AccountNotice) {
  return result.ok ? c.redirect(url, 303) : accountPage(c, { ...notice, problem: result.problem });
}

async function accountPage(c: AccountContext, notice: AccountNotice) {
  const view = viewOf(c);
  const accountId = c.req.param("id");
  const api = c.get("api");
  const [account, window] = await Promise.all([
    api.get(ACCOUNT, { accountId }),
    api.get("/api/windows/{accountId}", { accountId, historyHours: 0 }),
  ]);
  const frame = {
    title: accountId.slice(0, 100),
    breadcrumb: <BackLink href={linkTo("/accounts", view.filters)}>Accounts</BackLink>,
    heading: <UntrustedText text={accountId} length={80} />,
  };
  // An account that is only seen in traffic of a passthrough domain is not configured; its id may not even be valid (400).
  const isUnknown = !account.ok && (account.problem.status === 404 || account.problem.status === 400);
  if (!account.ok && !(isUnknown && window.ok)) {
    const card = <ProblemCard problem={account.problem} what="this account" view={view} />;
    return renderPage(c, { ...frame, status: isUnknown ? 404 : 200 }, card);
  }
  const configured = account.ok ? account.data : null;
  const content = (
    <AccountPage view={view} accountId={accountId} account={configured} window={window} notice={notice} />
  );
  return renderPage(c, { ...frame, status: problemStatus(notice.problem) }, content);
}
