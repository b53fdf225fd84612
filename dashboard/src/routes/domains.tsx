/** /domains: looking, and what administrators change. Each change is a form that works without a script. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { DomainInput } from "../../../workers/schemas/api/domains.ts";
import type { DomainDetail, MadeKey, SlackTestOutcome } from "../api/types.ts";
import type { DomainDraft } from "../components/admin/domain-form.tsx";
import { Icon } from "../components/ui/icon.tsx";
import { ProblemCard } from "../components/ui/problem.tsx";
import { UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { field } from "../http/require-csrf.tsx";
import { confirmationProblem, problemStatus } from "../http/form-problem.ts";
import { loadHealth, renderPage } from "../layout/render.tsx";
import { parseSlackForm } from "../http/slack-input.ts";
import { DomainPage, type DomainNotice } from "../pages/admin/domain.tsx";
import { DomainsPage } from "../pages/admin/domains.tsx";
import { viewOf } from "../context/view.ts";
import { loadDomains } from "./overview.tsx";

const savedUrl = (domain: string) => `/domains/${encodeURIComponent(domain)}?saved=1`;
const apiPath = (domain: string) => `/api/domains/${encodeURIComponent(domain)}`;

export function domainRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/domains", async (c) => {
    const [list, health] = await Promise.all([loadDomains(c), loadHealth(c)]);
    return renderPage(c, 200, health, { title: "Domains" }, <DomainsPage view={viewOf(c)} list={list} />);
  });

  routes.get("/domains/:domain", (c) =>
    domainPage(c, 200, c.req.param("domain"), c.req.query("saved") === "1" ? { saved: true } : {}),
  );

  routes.post("/domains/:domain", async (c) => {
    const form = await c.req.parseBody();
    const domain = c.req.param("domain");
    const draft = toDraft(form, domain);
    const input = toInput(draft, field(form, "api_key"));
    const saved = await c.get("api").send<DomainDetail>("PUT", apiPath(domain), input);
    return saved.ok
      ? c.redirect(savedUrl(saved.data.domain), 303)
      : domainPage(c, problemStatus(saved.problem), domain, {
          form: "settings",
          problem: saved.problem,
          draft,
        });
  });

  routes.post("/domains/:domain/slack", async (c) => {
    const domain = c.req.param("domain");
    const { input, draft } = parseSlackForm(await c.req.parseBody());
    const found = await c.get("api").get<DomainDetail>(apiPath(domain));
    if (!found.ok) return domainPage(c, problemStatus(found.problem), domain, {});
    const body = { accountId: found.data.accountId, slack: input };
    const saved = await c.get("api").send("PUT", apiPath(domain), body);
    return saved.ok
      ? c.redirect(savedUrl(domain), 303)
      : domainPage(c, problemStatus(saved.problem), domain, {
          form: "slack",
          problem: saved.problem,
          slackDraft: draft,
        });
  });

  // Its outcome is said once, in words of the API: no address brings them back, so there is no redirect.
  routes.post("/domains/:domain/slack-test", async (c) => {
    const domain = c.req.param("domain");
    const tested = await c.get("api").send<SlackTestOutcome>("POST", `${apiPath(domain)}/slack-test`, {});
    return tested.ok
      ? domainPage(c, 200, domain, { slackTest: tested.data })
      : domainPage(c, problemStatus(tested.problem), domain, { form: "slack-test", problem: tested.problem });
  });

  routes.post("/domains/:domain/keys", async (c) => {
    const domain = c.req.param("domain");
    const name = field(await c.req.parseBody(), "name").trim();
    const created = await c.get("api").send<MadeKey>("POST", `${apiPath(domain)}/client-keys`, { name });
    return created.ok
      ? domainPage(c, 200, domain, { newKey: created.data })
      : domainPage(c, problemStatus(created.problem), domain, { form: "key", problem: created.problem });
  });

  routes.post("/domains/:domain/keys/:id/revoke", async (c) => {
    const domain = c.req.param("domain");
    const detail = await c.get("api").get<DomainDetail>(apiPath(domain));
    const key = detail.ok
      ? detail.data.clientKeys.find((entry) => entry.id === c.req.param("id"))
      : undefined;
    const typed = field(await c.req.parseBody(), "confirm");
    if (key && typed.trim() !== key.name.trim()) {
      return domainPage(c, 400, domain, { form: "revoke", problem: confirmationProblem(c, key.name) });
    }
    const deleted = await c
      .get("api")
      .send<undefined>("DELETE", `${apiPath(domain)}/client-keys/${encodeURIComponent(c.req.param("id"))}`);
    return deleted.ok
      ? c.redirect(savedUrl(domain), 303)
      : domainPage(c, problemStatus(deleted.problem), domain, { form: "revoke", problem: deleted.problem });
  });

  routes.post("/domains/:domain/delete", async (c) => {
    const domain = c.req.param("domain");
    if (
      field(await c.req.parseBody(), "confirm")
        .trim()
        .toLowerCase() !== domain.toLowerCase()
    ) {
      return domainPage(c, 400, domain, { form: "delete", problem: confirmationProblem(c, domain) });
    }
    const deleted = await c.get("api").send<undefined>("DELETE", apiPath(domain));
    return deleted.ok
      ? c.redirect("/domains", 303)
      : domainPage(c, problemStatus(deleted.problem), domain, { form: "delete", problem: deleted.problem });
  });

  return routes;
}

async function domainPage(
  c: Context<AppEnv>,
  status: 200 | 400 | 403 | 503,
  domain: string,
  notice: DomainNotice,
) {
  const view = viewOf(c);
  const [detail, health] = await Promise.all([
    c.get("api").get<DomainDetail>(apiPath(domain)),
    loadHealth(c),
  ]);
  const breadcrumb = (
    <a class="back" href={linkTo("/domains", view.filters)}>
      <Icon name="left" /> Domains
    </a>
  );
  const frame = {
    title: domain.slice(0, 100),
    breadcrumb,
    heading: <UntrustedText text={domain} length={80} />,
  };
  if (!detail.ok) {
    return renderPage(
      c,
      detail.problem.status === 404 ? 404 : 200,
      health,
      frame,
      <ProblemCard problem={detail.problem} what="this domain" view={view} />,
    );
  }
  return renderPage(
    c,
    status,
    health,
    frame,
    <DomainPage view={view} detail={detail.data} notice={notice} />,
  );
}

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
  const endpoints = draft.endpoints
    .split(/\s+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
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
