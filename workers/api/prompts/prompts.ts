/** `/api/mcp/prompts` and `/api/mcp/sync`: the prompts that `/mcp` serves, as it renders them, and the sync of the repository. */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Config } from "../../runtime/config.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import {
  PromptList,
  PromptListQuery,
  PromptParameter,
  PromptSyncResult,
  PromptSyncStatus,
  PromptView,
  RenderInput,
  RenderResult,
} from "../../schemas/api/prompts.ts";
import type { Prompt } from "../../schemas/prompt.ts";
import { writeAudit } from "../../store/admin/audit.ts";
import { forgetServedPrompts, type ServedPrompts, servedPrompts } from "../../store/prompts/registry.ts";
import { promptSource } from "../../store/prompts/source.ts";
import { syncNow } from "../../store/prompts/sync.ts";
import { readSyncStatus, repositoryFile } from "../../store/prompts/status.ts";
import { readPromptUses, type Uses } from "../../store/prompts/uses.ts";
import { auditActor } from "../admin/audit-context.ts";
import { type ApiEnv, newRoutes } from "../http/context.ts";
import { ApiError } from "../http/errors.ts";
import { errorResponses, json, jsonBody, notFoundResponse } from "../http/openapi.ts";

const tags = ["Prompts"];
const RECENT_DAYS = 30;

const list = createRoute({
  method: "get",
  path: "/api/mcp/prompts",
  tags,
  summary: "Prompts that are served",
  request: { query: PromptListQuery },
  responses: { 200: json("The prompts.", PromptList), ...errorResponses },
});
const read = createRoute({
  method: "get",
  path: "/api/mcp/prompts/{name}",
  tags,
  summary: "One prompt with its template",
  request: { params: PromptParameter },
  responses: { 200: json("The prompt.", PromptView), ...errorResponses, ...notFoundResponse },
});
const render = createRoute({
  method: "post",
  path: "/api/mcp/prompts/render",
  tags,
  summary: "Render a prompt as for a client, without counting it as a use",
  request: { body: jsonBody(RenderInput) },
  responses: {
    200: json("The text, or why there is none.", RenderResult),
    ...errorResponses,
    ...notFoundResponse,
  },
});
const sync = createRoute({
  method: "post",
  path: "/api/mcp/sync",
  tags,
  summary: "Sync the prompts of the repository now",
  responses: { 200: json("How it went.", PromptSyncResult), ...errorResponses },
});
const status = createRoute({
  method: "get",
  path: "/api/mcp/sync/status",
  tags,
  summary: "State of the sync",
  responses: { 200: json("The state.", PromptSyncStatus), ...errorResponses },
});

export const promptRoutes = newRoutes()
  .openapi(list, async (c) => {
    const config = c.get("config");
    const { search } = c.req.valid("query");
    const [served, uses] = await Promise.all([newestPrompts(c.env, config), recentUses(config)]);
    const prompts = served.prompts
      .filter((prompt) => matches(prompt, search))
      .map((prompt) => summary(served, uses, prompt));
    return c.json({ prompts, total: prompts.length }, 200);
  })
  .openapi(render, async (c) => {
    const { name, arguments: values } = c.req.valid("json");
    const served = await newestPrompts(c.env, c.get("config"));
    if (!served.find(name)) throw noPrompt(name);
    const rendered = served.render(name, values);
    const result: RenderResult = rendered.ok
      ? { text: rendered.value, error: null }
      : { text: null, error: rendered.error };
    return c.json(result, 200);
  })
  .openapi(read, async (c) => c.json(await promptView(c, c.req.valid("param").name), 200))
  .openapi(sync, async (c) => {
    const config = c.get("config");
    const source = promptSource(config);
    if (!source)
      throw new ApiError(
        "unavailable",
        "No repository is configured. Set MCP_GITHUB_OWNER and MCP_GITHUB_REPO.",
      );
    // Before: a sync that is interrupted is in the log, too. Its result is in the status.
    await writeAudit(config, {
      ...auditActor(c),
      action: "prompts.sync",
      target: `${source.owner}/${source.repository}`,
    });
    const outcome = await syncNow(c.env, config);
    const { result } = outcome;
    const state = await readSyncStatus(config);
    const errors = state.problems.filter(({ severity }) => severity === "error").length;
    const message =
      outcome.result === "failed"
        ? outcome.failure.message
        : [
            result === "changed"
              ? `${state.prompts} prompts are served from the repository.`
              : "Nothing has changed.",
            ...(errors > 0 ? [`Errors of files: ${errors}, in sync.problems.`] : []),
          ].join(" ");
    return c.json({ result: result === "skipped" ? "unchanged" : result, message, sync: state }, 200);
  })
  .openapi(status, async (c) => c.json(await readSyncStatus(c.get("config")), 200));
// OpenAPI has no parameter with slashes; clients that do not encode them reach the same prompt.
promptRoutes.get("/api/mcp/prompts/:name{.+/.+}", async (c) => {
  const name = PromptParameter.safeParse(c.req.param());
  if (!name.success) throw noPrompt(c.req.param("name"));
  return c.json(await promptView(c, name.data.name), 200);
});

async function promptView(c: Context<ApiEnv>, name: string): Promise<PromptView> {
  const config = c.get("config");
  const [served, uses] = await Promise.all([newestPrompts(c.env, config), recentUses(config)]);
  const prompt = served.find(name);
  if (!prompt) throw noPrompt(name);
  const { file, problems } = served.isSynced(name)
    ? await repositoryFile(config, name)
    : { file: null, problems: [] };
  return { ...summary(served, uses, prompt), template: prompt.template, file, problems };
}

/** Whoever edits prompts sees a sync of another isolate at once. */
function newestPrompts(env: Env, config: Config): Promise<ServedPrompts> {
  forgetServedPrompts();
  return servedPrompts(env, config);
}

const noPrompt = (name: string) =>
  new ApiError("not_found", `There is no prompt ${JSON.stringify(name)}. GET /api/mcp/prompts lists them.`);

const recentUses = (config: Config) => readPromptUses(config, new Date(Date.now() - RECENT_DAYS * DAY_MS));

function summary(served: ServedPrompts, uses: Uses, prompt: Prompt): PromptList["prompts"][number] {
  const { name, title = null, description } = prompt;
  const { total = 0, recent = 0, lastDay = null } = uses.get(name) ?? {};
  return {
    name,
    title,
    description,
    arguments: prompt.arguments,
    source: served.isSynced(name) ? "repository" : "bundled",
    uses: total,
    usesLast30Days: recent,
    lastUsedOn: lastDay,
  };
}

function matches({ name, title = "", description }: Prompt, search = ""): boolean {
  const text = `${name} ${title} ${description}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
