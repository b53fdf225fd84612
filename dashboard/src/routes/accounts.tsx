/** /accounts: looking, and what administrators do to an account. Each is a form that works without a script. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { AccountList, AccountView } from "../../../workers/schemas/api/accounts.ts";
import type { WindowDetail } from "../../../workers/schemas/api/windows.ts";
import { parseWindowSettings } from "../api/accounts.ts";
import { Icon } from "../components/ui/icon.tsx";
import { ProblemCard } from "../components/ui/problem.tsx";
import { UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { field } from "../http/require-csrf.tsx";
import { confirmationProblem, problemStatus } from "../http/form-problem.ts";
import { loadHealth, renderPage } from "../layout/render.tsx";
import { type AccountNotice, DONE_TEXTS } from "../components/admin/account-forms.tsx";
import { AccountPage } from "../pages/admin/account.tsx";
import { AccountsPage } from "../pages/admin/accounts.tsx";
import { viewOf } from "../context/view.ts";
import { loadWindows } from "./overview.tsx";

const apiPath = (accountId: string) => `/api/accounts/${encodeURIComponent(accountId)}`;
const accountPath = (accountId: string) => `/accounts/${encodeURIComponent(accountId)}`;

export function accountRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/accounts", async (c) => {
    const view = viewOf(c);
    const [accounts, windows, health] = await Promise.all([
      c.get("api").get<AccountList>("/api/accounts"),
      loadWindows(c),
      loadHealth(c),
    ]);
    const content = <AccountsPage view={view} accounts={accounts} windows={windows} />;
    return renderPage(c, 200, health, { title: "Accounts" }, content);
  });

  routes.get("/accounts/:id", (c) => {
    const done = c.req.query("done");
    const isKnown = (name: string | undefined): name is keyof typeof DONE_TEXTS =>
      name !== undefined && Object.hasOwn(DONE_TEXTS, name);
    return accountPage(c, 200, isKnown(done) ? { done } : {});
  });

  routes.post("/accounts/:id/key", async (c) => {
    const apiKey = field(await c.req.parseBody(), "api_key").trim();
    return putCredential(c, "key", { type: "api_key", api_key: apiKey });
  });

  routes.post("/accounts/:id/passthrough", async (c) => {
    const accountId = c.req.param("id");
    if (field(await c.req.parseBody(), "confirm").trim() !== accountId)
      return accountPage(c, 400, { form: "passthrough", problem: confirmationProblem(c, accountId) });
    return putCredential(c, "passthrough", { type: "passthrough" });
  });

  routes.post("/accounts/:id/refresh", async (c) => {
    const accountId = c.req.param("id");
    const refreshed = await c.get("api").send("POST", `${apiPath(accountId)}/oauth/refresh`, {});
    return refreshed.ok
      ? c.redirect(`${accountPath(accountId)}?done=refresh`, 303)
      : accountPage(c, problemStatus(refreshed.problem), { form: "refresh", problem: refreshed.problem });
  });

  routes.post("/accounts/:id/limits", async (c) => {
    const accountId = c.req.param("id");
    const form = await c.req.parseBody();
    const draft = {
      tokenLimit: field(form, "tokenLimit"),
      alerts: field(form, "alerts"),
      thresholds: field(form, "thresholds"),
    };
    const saved = await c
      .get("api")
      .send(
        "PUT",
        `/api/windows/${encodeURIComponent(accountId)}`,
        parseWindowSettings(draft.tokenLimit, draft.alerts, draft.thresholds),
      );
    return saved.ok
      ? c.redirect(`${accountPath(accountId)}?done=limits`, 303)
      : accountPage(c, problemStatus(saved.problem), { form: "limits", problem: saved.problem, draft });
  });

  routes.post("/accounts/:id/delete", async (c) => {
    const accountId = c.req.param("id");
    if (field(await c.req.parseBody(), "confirm").trim() !== accountId)
      return accountPage(c, 400, { form: "delete", problem: confirmationProblem(c, accountId) });
    const deleted = await c.get("api").send("DELETE", apiPath(accountId));
    return deleted.ok
      ? c.redirect("/accounts", 303)
      : accountPage(c, problemStatus(deleted.problem), { form: "delete", problem: deleted.problem });
  });

  return routes;
}

type AccountContext = Context<AppEnv, `/accounts/:id${string}`>;

async function putCredential(c: AccountContext, form: "key" | "passthrough", credential: object) {
  const accountId = c.req.param("id");
  const saved = await c.get("api").send("PUT", apiPath(accountId), { credential });
  return saved.ok
    ? c.redirect(`${accountPath(accountId)}?done=${form}`, 303)
    : accountPage(c, problemStatus(saved.problem), { form, problem: saved.problem });
}

async function accountPage(c: AccountContext, status: 200 | 400 | 403 | 503, notice: AccountNotice) {
  const view = viewOf(c);
  const accountId = c.req.param("id");
  const api = c.get("api");
  const [account, window, health] = await Promise.all([
    api.get<AccountView>(apiPath(accountId)),
    api.get<WindowDetail>(`/api/windows/${encodeURIComponent(accountId)}`, { historyHours: 0 }),
    loadHealth(c),
  ]);
  const breadcrumb = (
    <a class="back" href={linkTo("/accounts", view.filters)}>
      <Icon name="left" /> Accounts
    </a>
  );
  const frame = {
    title: accountId.slice(0, 100),
    breadcrumb,
    heading: <UntrustedText text={accountId} length={80} />,
  };
  // An account of a passthrough domain is seen, and was never set up: its id may not even be one we would make.
  const isUnknown = !account.ok && (account.problem.status === 404 || account.problem.status === 400);
  if (!account.ok && !(isUnknown && window.ok)) {
    const card = <ProblemCard problem={account.problem} what="this account" view={view} />;
    return renderPage(c, isUnknown ? 404 : 200, health, frame, card);
  }
  return renderPage(
    c,
    status,
    health,
    frame,
    <AccountPage
      view={view}
      accountId={accountId}
      account={account.ok ? account.data : null}
      window={window}
      notice={notice}
    />,
  );
}
