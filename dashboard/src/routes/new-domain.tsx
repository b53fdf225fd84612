/** /domains/new: a domain step by step, without a script. The state between steps is the address and what is stored. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { DomainInput } from "../../../workers/schemas/api/domains.ts";
import { type Problem, queryString } from "../api/client.ts";
import { BackLink } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { field } from "../http/require-csrf.tsx";
import { problemStatus } from "../http/form-problem.ts";
import { failurePage, renderPage } from "../layout/render.tsx";
import { parseSlackForm } from "../http/slack-input.ts";
import { type AccountDraft, NewDomainPage, type NewDomainStep } from "../pages/admin/new-domain.tsx";
import { canAdminister, viewOf } from "../context/view.ts";

const DOMAIN = "/api/domains/{domain}";
const stepUrl = (step: "slack" | "key", domain: string) => `/domains/new${queryString({ step, domain })}`;

export const newDomainRoutes = new Hono<AppEnv>();

newDomainRoutes.get("/domains/new", async (c) => {
  if (!canAdminister(viewOf(c)))
    return failurePage(c, 403, "Access denied", "Only administrators can add domains.");
  const typed = c.req.query("domain") ?? "";
  const step = c.req.query("step");
  const domain = parseHost(typed);
  if (domain === "") return stepPage(c, { step: "host", host: "" });
  const found = await c.get("api").get(DOMAIN, { domain });
  if (found.ok)
    return step === "slack"
      ? stepPage(c, { step, detail: found.data, draft: null })
      : step === "key"
        ? stepPage(c, { step, detail: found.data })
        : stepPage(c, { step: "host", host: typed }, takenProblem(c, found.data.domain));
  return found.problem.status === 404
    ? accountStep(c, domain, null)
    : stepPage(c, { step: "host", host: typed }, found.problem);
});

newDomainRoutes.post("/domains/new/account", async (c) => {
  const form = await c.req.parseBody();
  const domain = parseHost(field(form, "domain"));
  const credential = field(form, "credential");
  const draft: AccountDraft = {
    accountId: field(form, "accountId").trim(),
    existing: field(form, "existing"),
    credential:
      credential === "existing" || credential === "oauth" || credential === "passthrough"
        ? credential
        : "api_key",
  };
  if (draft.credential === "oauth") {
    const accountId = draft.accountId || "-/-";
    const started = await c.get("api").get("/api/accounts/{accountId}/oauth/login", { accountId });
    return started.ok
      ? c.redirect(`/accounts/${encodeURIComponent(draft.accountId)}/login${queryString({ domain })}`, 303)
      : accountStep(c, domain, draft, started.problem);
  }
  const input = toInput(draft, field(form, "api_key").trim());
  const saved = await c.get("api").send("PUT", DOMAIN, { domain }, input);
  return saved.ok
    ? c.redirect(stepUrl("slack", saved.data.domain), 303)
    : accountStep(c, domain, draft, saved.problem);
});

newDomainRoutes.post("/domains/new/slack", async (c) => {
  const form = await c.req.parseBody();
  const domain = field(form, "domain");
  const { input, draft } = parseSlackForm(form);
  const api = c.get("api");
  const found = await api.get(DOMAIN, { domain });
  if (!found.ok) return stepPage(c, { step: "host", host: domain }, found.problem);
  const body = { accountId: found.data.accountId, slack: input };
  const saved = await api.send("PUT", DOMAIN, { domain }, body);
  return saved.ok
    ? c.redirect(stepUrl("key", domain), 303)
    : stepPage(c, { step: "slack", detail: found.data, draft }, saved.problem);
});

newDomainRoutes.post("/domains/new/key", async (c) => {
  const form = await c.req.parseBody();
  const domain = field(form, "domain");
  const api = c.get("api");
  const found = await api.get(DOMAIN, { domain });
  if (!found.ok) return stepPage(c, { step: "host", host: domain }, found.problem);
  const detail = found.data;
  const name = field(form, "name").trim();
  const created = await api.send("POST", `${DOMAIN}/client-keys`, { domain }, { name });
  return created.ok
    ? stepPage(c, { step: "done", detail, created: created.data })
    : stepPage(c, { step: "key", detail }, created.problem);
});

function toInput(draft: AccountDraft, apiKey: string): DomainInput {
  switch (draft.credential) {
    case "existing":
      return { accountId: draft.existing };
    case "passthrough":
      return { accountId: draft.accountId, credential: { type: "passthrough" } };
    case "oauth":
    case "api_key":
      return { accountId: draft.accountId, credential: { type: "api_key", api_key: apiKey } };
  }
}

/** Takes the host of a pasted URL. A port stays, so that the API rejects it. */
function parseHost(typed: string): string {
  return typed
    .trim()
    .replace(/^https?:\/\//i, "")
    .replace(/\/.*$/s, "")
    .toLowerCase();
}

async function accountStep(
  c: Context<AppEnv>,
  domain: string,
  draft: AccountDraft | null,
  problem: Problem | null = null,
) {
  const accounts = await c.get("api").get("/api/accounts");
  return stepPage(c, { step: "account", domain, accounts, draft }, problem);
}

async function stepPage(c: Context<AppEnv>, state: NewDomainStep, problem: Problem | null = null) {
  const breadcrumb = <BackLink href="/domains">Domains</BackLink>;
  const frame = { status: problemStatus(problem), title: "Add domain", breadcrumb };
  const content = <NewDomainPage view={viewOf(c)} state={state} problem={problem} />;
  return renderPage(c, frame, content);
}

function takenProblem(c: Context<AppEnv>, domain: string): Problem {
  const problem = "is already configured";
  const allowed = "another host name; this one is listed under Domains";
  return {
    status: 400,
    code: "invalid_request",
    message: `${domain} is already configured.`,
    requestId: c.get("requestId"),
    details: [{ in: "path", parameter: "domain", problem, allowed }],
  };
}
