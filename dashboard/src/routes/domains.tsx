/** /domains: the pages of domains and their forms, which work without a script. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { AnalysisSettingsInput, DomainInput } from "../../../workers/schemas/api/domains.ts";
import type { Result } from "../api/client.ts";
import type { DomainDraft } from "../components/admin/domain-form.tsx";
import { ProblemCard } from "../components/ui/problem.tsx";
import { BackLink, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { viewOf } from "../context/view.ts";
import { confirmationProblem, problemStatus } from "../http/form-problem.ts";
import { field } from "../http/require-csrf.tsx";
import { safeNext } from "../http/safe-next.ts";
import { parseSlackForm } from "../http/slack-input.ts";
import { renderPage } from "../layout/render.tsx";
import { DomainPage, type DomainNotice } from "../pages/admin/domain.tsx";
import { DomainsPage } from "../pages/admin/domains.tsx";
import { loadDomains } from "./overview.tsx";

const savedUrl = (domain: string) => `/domains/${encodeURIComponent(domain)}?saved=1`;

export const domainRoutes = new Hono<AppEnv>();

domainRoutes.get("/domains", async (c) => {
  const list = await loadDomains(c);
  return renderPage(c, { title: "Domains" }, <DomainsPage view={viewOf(c)} list={list} />);
});

domainRoutes.get("/domains/:domain", (c) =>
  domainPage(c, viewOf(c).query.saved === "1" ? { saved: true } : {}),
);

domainRoutes.post("/domains/:domain", async (c) => {
  const form = await c.req.parseBody();
  const domain = c.req.param("domain");
  const draft = toDraft(form, domain);
  const saved = await c
    .get("api")
    .send("PUT", "/api/domains/{domain}", { domain }, toInput(draft, field(form, "api_key")));
  return afterForm(c, saved, savedUrl(saved.ok ? saved.data.domain : domain), { form: "settings", draft });
});

domainRoutes.post("/domains/:domain/slack", async (c) => {
  const domain = c.req.param("domain");
  const api = c.get("api");
  const { input, draft } = parseSlackForm(await c.req.parseBody());
  const found = await api.get("/api/domains/{domain}", { domain });
  if (!found.ok) return domainPage(c, { form: "slack", problem: found.problem });
  const body = { accountId: found.data.accountId, slack: input };
  const saved = await api.send("PUT", "/api/domains/{domain}", { domain }, body);
  return afterForm(c, saved, savedUrl(domain), { form: "slack", slackDraft: draft });
});

domainRoutes.post("/domains/:domain/analysis", async (c) => {
  const domain = c.req.param("domain");
  const api = c.get("api");
  const form = await c.req.parseBody();
  const settings = parseAnalysisForm(form);
  const saved = await api.send("PUT", "/api/domains/{domain}/analysis", { domain }, settings);
  const next = safeNext(field(form, "next"));
  return afterForm(c, saved, next === "/" ? savedUrl(domain) : next, { form: "analysis" });
});

// No redirect: the outcome is part of the API's response and has no address.
domainRoutes.post("/domains/:domain/slack-test", async (c) => {
  const domain = c.req.param("domain");
  const tested = await c.get("api").send("POST", "/api/domains/{domain}/slack-test", { domain }, {});
  return tested.ok
    ? domainPage(c, { slackTest: tested.data })
    : domainPage(c, { form: "slack-test", problem: tested.problem });
});

domainRoutes.post("/domains/:domain/keys", async (c) => {
  const domain = c.req.param("domain");
  const name = field(await c.req.parseBody(), "name").trim();
  const created = await c.get("api").send("POST", "/api/domains/{domain}/client-keys", { domain }, { name });
  return created.ok
    ? domainPage(c, { newKey: created.data })
    : domainPage(c, { form: "key", problem: created.problem });
});

domainRoutes.post("/domains/:domain/keys/:id/revoke", async (c) => {
  const { domain, id } = c.req.param();
  const api = c.get("api");
  const detail = await api.get("/api/domains/{domain}", { domain });
  const key = detail.ok ? detail.data.clientKeys.find((entry) => entry.id === id) : undefined;
  const confirmed = field(await c.req.parseBody(), "confirm").trim();
  if (key && confirmed !== key.name.trim())
    return domainPage(c, { form: "revoke", problem: confirmationProblem(c, key.name) });
  const revoked = await api.send("DELETE", "/api/domains/{domain}/client-keys/{id}", { domain, id });
  return afterForm(c, revoked, savedUrl(domain), { form: "revoke" });
});

domainRoutes.post("/domains/:domain/delete", async (c) => {
  const domain = c.req.param("domain");
  const confirmed = field(await c.req.parseBody(), "confirm")
    .trim()
    .toLowerCase();
  if (confirmed !== domain.toLowerCase())
    return domainPage(c, { form: "delete", problem: confirmationProblem(c, domain) });
  const deleted = await c.get("api").send("DELETE", "/api/domains/{domain}", { domain });
  return afterForm(c, deleted, "/domains", { form: "delete" });
});

type DomainContext = Context<AppEnv, `/domains/:domain${string}`>;

/** Redirects after success, else shows the page with the problem beside its form. */
function afterForm(c: DomainContext, result: Result<unknown>, url: string, notice: DomainNotice) {
  return result.ok ? c.redirect(url, 303) : domainPage(c, { ...notice, problem: result.problem });
}

async function domainPage(c: DomainContext, notice: DomainNotice) {
  const view = viewOf(c);
  const domain = c.req.param("domain");
  const api = c.get("api");
  const [detail, reader] = await Promise.all([
    api.get("/api/domains/{domain}", { domain }),
    api.get("/api/analyses/reader"),
  ]);
  const frame = {
    title: domain.slice(0, 100),
    breadcrumb: <BackLink href={linkTo("/domains", view.filters)}>Domains</BackLink>,
    heading: <UntrustedText text={domain} length={80} />,
  };
  if (detail.ok) {
    const page = <DomainPage view={view} detail={detail.data} reader={reader} notice={notice} />;
    return renderPage(c, { ...frame, status: problemStatus(notice.problem) }, page);
  }
  const card = <ProblemCard problem={detail.problem} what="this domain" view={view} />;
  return renderPage(c, { ...frame, status: detail.problem.status === 404 ? 404 : 200 }, card);
}

/** The form that turns analysis on or off has no fields of the automatic mode, and the other way round. */
function parseAnalysisForm(form: Record<string, unknown>): AnalysisSettingsInput {
  const mode = field(form, "mode");
  if (mode === "") return { analysisEnabled: field(form, "analysisEnabled") === "true" };
  if (mode === "request") return { analysisAutomatic: null };
  return {
    analysisAutomatic: {
      idleMinutes: wholeNumber(field(form, "idleMinutes")),
      moreThanTurns: wholeNumber(field(form, "moreThanTurns")),
    },
  };
}

/** NaN, which the API rejects with its rule, where the text is not a whole number. */
const wholeNumber = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : NaN);

function toDraft(form: Record<string, unknown>, domain: string): DomainDraft {
  const credential = field(form, "credential");
  return {
    domain,
    accountId: field(form, "accountId").trim(),
    credential: credential === "api_key" || credential === "passthrough" ? credential : "keep",
    endpoints: field(form, "endpoints"),
  };
}

function toInput(draft: DomainDraft, apiKey: string): DomainInput {
  const endpoints = draft.endpoints.split(/\s+/).filter((line) => line !== "");
  return {
    accountId: draft.accountId,
    endpoints: endpoints.length === 0 ? null : endpoints,
    ...(draft.credential === "api_key"
      ? { credential: { type: "api_key" as const, api_key: apiKey.trim() } }
      : draft.credential === "passthrough"
        ? { credential: { type: "passthrough" as const } }
        : {}),
  };
}
