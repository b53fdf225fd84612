/** /domains: looking, and what administrators change. Each change is a form that works without a script. */
import { Hono } from "hono";
import type { Context } from "hono";
import type { DomainInput } from "../../../workers/schemas/api-domains.ts";
import type { DomainDetail, MadeKey } from "../api/types.ts";
import type { Problem } from "../api/client.ts";
import type { DomainDraft } from "../components/domain-form.tsx";
import { Icon } from "../components/icon.tsx";
import { ProblemCard } from "../components/problem.tsx";
import { Wire } from "../components/values.tsx";
import type { AppEnv } from "../environment.ts";
import { linkTo } from "../filters.ts";
import { field } from "../http/csrf-gate.tsx";
import { healthOf, page } from "../http/render.tsx";
import { DomainPage, type DomainNotice } from "../pages/domain.tsx";
import { DomainsPage } from "../pages/domains.tsx";
import { viewOf } from "../view.ts";
import { loadDomains } from "./looks.tsx";

const pathOf = (domain: string) => `/api/domains/${encodeURIComponent(domain)}`;

export function domainRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/domains", (c) => listPage(c, 200, null));
  routes.get("/domains/:domain", (c) =>
    domainPage(c, 200, c.req.param("domain"), c.req.query("saved") === "1" ? { saved: true } : {}),
  );

  routes.post("/domains", async (c) => {
    const form = await c.req.parseBody();
    const draft = draftOf(form);
    const isNew = field(form, "api_key") !== "" || draft.credential !== "keep";
    const saved = await c
      .get("api")
      .send<DomainDetail>("PUT", pathOf(draft.domain), inputOf(draft, field(form, "api_key")));
    if (saved.ok) {
      return c.redirect(
        `${linkTo(`/domains/${encodeURIComponent(saved.data.domain)}`, viewOf(c).filters)}?saved=1`,
        303,
      );
    }
    const status = statusOf(saved.problem);
    const existing = await c.get("api").get<DomainDetail>(pathOf(draft.domain || "-"));
    return existing.ok && !isNew
      ? domainPage(c, status, draft.domain, { form: "settings", problem: saved.problem, draft })
      : listPage(c, status, { draft, problem: saved.problem });
  });

  routes.post("/domains/:domain/keys", async (c) => {
    const domain = c.req.param("domain");
    const name = field(await c.req.parseBody(), "name").trim();
    const made = await c.get("api").send<MadeKey>("POST", `${pathOf(domain)}/client-keys`, { name });
    return made.ok
      ? domainPage(c, 200, domain, { newKey: made.data })
      : domainPage(c, statusOf(made.problem), domain, { form: "key", problem: made.problem });
  });

  routes.post("/domains/:domain/keys/:id/revoke", async (c) => {
    const domain = c.req.param("domain");
    const detail = await c.get("api").get<DomainDetail>(pathOf(domain));
    const key = detail.ok
      ? detail.data.clientKeys.find((entry) => entry.id === c.req.param("id"))
      : undefined;
    const typed = field(await c.req.parseBody(), "confirm");
    if (key && typed.trim() !== key.name.trim()) {
      return domainPage(c, 400, domain, { form: "revoke", problem: notTyped(c, key.name) });
    }
    const gone = await c
      .get("api")
      .send<undefined>("DELETE", `${pathOf(domain)}/client-keys/${encodeURIComponent(c.req.param("id"))}`);
    return gone.ok
      ? c.redirect(`/domains/${encodeURIComponent(domain)}?saved=1`, 303)
      : domainPage(c, statusOf(gone.problem), domain, { form: "revoke", problem: gone.problem });
  });

  routes.post("/domains/:domain/delete", async (c) => {
    const domain = c.req.param("domain");
    if (
      field(await c.req.parseBody(), "confirm")
        .trim()
        .toLowerCase() !== domain.toLowerCase()
    ) {
      return domainPage(c, 400, domain, { form: "delete", problem: notTyped(c, domain) });
    }
    const gone = await c.get("api").send<undefined>("DELETE", pathOf(domain));
    return gone.ok
      ? c.redirect("/domains", 303)
      : domainPage(c, statusOf(gone.problem), domain, { form: "delete", problem: gone.problem });
  });

  return routes;
}

async function listPage(
  c: Context<AppEnv>,
  status: 200 | 400 | 403 | 503,
  failed: { draft: DomainDraft; problem: Problem } | null,
) {
  const view = viewOf(c);
  const [list, health] = await Promise.all([loadDomains(c), healthOf(c)]);
  return page(
    c,
    status,
    health,
    { title: "Domains" },
    <DomainsPage view={view} list={list} failed={failed} />,
  );
}

async function domainPage(
  c: Context<AppEnv>,
  status: 200 | 400 | 403 | 503,
  domain: string,
  notice: DomainNotice,
) {
  const view = viewOf(c);
  const [detail, health] = await Promise.all([c.get("api").get<DomainDetail>(pathOf(domain)), healthOf(c)]);
  const above = (
    <a class="back" href={linkTo("/domains", view.filters)}>
      <Icon name="left" /> Domains
    </a>
  );
  const frame = { title: domain.slice(0, 100), above, heading: <Wire text={domain} length={80} /> };
  if (!detail.ok) {
    return page(
      c,
      detail.problem.status === 404 ? 404 : 200,
      health,
      frame,
      <ProblemCard problem={detail.problem} what="This domain" view={view} />,
    );
  }
  return page(c, status, health, frame, <DomainPage view={view} detail={detail.data} notice={notice} />);
}

function draftOf(form: Record<string, unknown>): DomainDraft {
  const credential = field(form, "credential");
  return {
    domain: field(form, "domain").trim().toLowerCase(),
    accountId: field(form, "accountId").trim(),
    credential: credential === "api_key" || credential === "passthrough" ? credential : "keep",
    endpoints: field(form, "endpoints"),
  };
}

function inputOf(draft: DomainDraft, apiKey: string): DomainInput {
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

const notTyped = (c: Context<AppEnv>, name: string): Problem => ({
  status: 400,
  code: "invalid_request",
  message: `Nothing was done: type “${name}” exactly to confirm.`,
  requestId: c.get("requestId"),
});

/** What the page's own status is when the API refused: the person's mistake, not allowed, or not possible now. */
function statusOf(problem: Problem): 400 | 403 | 503 {
  if (problem.status === 403 || problem.status === 401) return 403;
  return problem.status === 503 || problem.status === 0 || problem.status >= 500 ? 503 : 400;
}
