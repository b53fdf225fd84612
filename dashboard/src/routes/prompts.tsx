/** /prompts: the prompts that /mcp serves, each with its arguments and its text. */
import { type Context, Hono } from "hono";
import type { PromptSyncResult } from "../../../workers/schemas/api/prompts.ts";
import type { Problem } from "../api/client.ts";
import { BackLink, UntrustedText } from "../components/ui/values.tsx";
import type { AppEnv } from "../context/environment.ts";
import { linkTo } from "../context/filters.ts";
import { viewOf } from "../context/view.ts";
import { problemStatus } from "../http/form-problem.ts";
import { field } from "../http/require-csrf.tsx";
import { loadFailurePage, renderPage } from "../layout/render.tsx";
import { PromptsPage } from "../pages/prompts/list.tsx";
import { argumentField, PromptPage } from "../pages/prompts/prompt.tsx";

export const promptRoutes = new Hono<AppEnv>();

promptRoutes.get("/prompts", (c) => listPage(c));

/** Syncs now. What fails is shown at once; the page shows the state in any case. */
promptRoutes.post("/prompts", async (c) => {
  const synced = await c.get("api").send("POST", "/api/mcp/sync", {}, {});
  if (!synced.ok) return listPage(c, synced.problem);
  return c.redirect(`/prompts?synced=${synced.data.result}`, 303);
});

promptRoutes.get("/prompts/:name{.+}", (c) => promptPage(c, c.req.param("name"), {}));

/** Renders with the arguments of the form, for browsers without a script. */
promptRoutes.post("/prompts/:name{.+}", async (c) => {
  const form = await c.req.parseBody();
  const names = Object.keys(form).filter((name) => name.startsWith(argumentField("")));
  const values = names.map((name) => [name.slice(argumentField("").length), field(form, name)]);
  return promptPage(c, c.req.param("name"), Object.fromEntries(values) as Record<string, string>);
});

async function listPage(c: Context<AppEnv>, problem: Problem | null = null) {
  const view = viewOf(c);
  const search = view.query.search ?? "";
  const api = c.get("api");
  const [list, sync, domain] = await Promise.all([
    api.get("/api/mcp/prompts", { search }),
    api.get("/api/mcp/sync/status"),
    mainDomain(c),
  ]);
  const synced = view.query.synced as PromptSyncResult["result"] | undefined;
  const page = <PromptsPage {...{ view, search, list, sync, synced, problem, domain }} />;
  return renderPage(c, { title: "Prompts", status: problemStatus(problem) }, page);
}

async function promptPage(c: Context<AppEnv>, name: string, values: Record<string, string>) {
  const view = viewOf(c);
  const api = c.get("api");
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  const [prompt, rendered, domain] = await Promise.all([
    api.get("/api/mcp/prompts/{name}", { name }),
    api.send("POST", "/api/mcp/prompts/render", {}, { name, arguments: given }),
    mainDomain(c),
  ]);
  const frame = {
    title: name.slice(0, 100),
    breadcrumb: <BackLink href={linkTo("/prompts", view.filters)}>Prompts</BackLink>,
    heading: <UntrustedText text={name} length={80} />,
  };
  if (!prompt.ok) return loadFailurePage(c, frame, { problem: prompt.problem, what: "this prompt" });
  const page = <PromptPage {...{ view, prompt: prompt.data, rendered, values, domain }} />;
  return renderPage(c, frame, page);
}

/** The domain to install for, of those that are configured: the filtered one, or the one with the most requests. */
async function mainDomain(c: Context<AppEnv>): Promise<string | undefined> {
  const { domain } = viewOf(c).filters;
  const list = await c.get("api").get("/api/domains");
  if (!list.ok) return undefined;
  const configured = list.data.domains.filter((one) => one.configured);
  if (configured.some((one) => one.domain === domain)) return domain ?? undefined;
  return configured.toSorted((one, other) => other.requestCount - one.requestCount)[0]?.domain;
}
