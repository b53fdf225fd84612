/** `/api/analyses`: AI analyses of conversations. Viewers read them, administrators request them. */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { callRates } from "../domain/auth/call-rate.ts";
import { budgetFor, dailyBudgetOf, estimateCost } from "../domain/analysis/price.ts";
import { promptTokens } from "../domain/analysis/provider.ts";
import { formatUsd } from "../domain/pricing/usd.ts";
import type { Config } from "../runtime/config.ts";
import { AUDIT_READING_MS, MINUTE_MS } from "../runtime/constants.ts";
import { enqueueAnalyses } from "../runtime/enqueue-analyses.ts";
import { publishAnalysis } from "../runtime/publish-analysis.ts";
import {
  AnalysisCreated,
  AnalysisInput,
  AnalysisList,
  AnalysisListQuery,
  AnalysisParameter,
  AnalysisPlan,
  AnalysisReader,
  AnalysisTrends,
  AnalysisTrendsQuery,
  AnalysisVersionQuery,
  AnalysisView,
  FailedStuck,
  FailStuckInput,
  RegenerateInput,
} from "../schemas/api/analyses.ts";
import { writeAuditOnce } from "../store/admin/audit.ts";
import { readSpentToday } from "../store/analyses/attempts.ts";
import { createAnalysis, type CreatedAnalysis, type CreationError } from "../store/analyses/create.ts";
import { type BranchName, listAnalyses, readAnalysis, readAnalysisPlan } from "../store/analyses/read.ts";
import { readProvider, type ReadProvider } from "../store/analyses/provider.ts";
import { readAnalysisTrends } from "../store/analyses/trends.ts";
import type { NoBranch } from "../store/conversations/find.ts";
import { failStuckAnalyses } from "../store/analyses/jobs.ts";
import { bundledAnalysisPrompts, instructionTokens } from "../store/prompts/analysis-prompts.ts";
import { auditActor } from "./admin/audit-context.ts";
import type { ApiEnv } from "./http/context.ts";
import { newRoutes } from "./http/context.ts";
import { ApiError } from "./http/errors.ts";
import {
  conflictResponse,
  errorResponses,
  json,
  jsonBody,
  notFoundResponse,
  optionalJsonBody,
  rateLimitedResponse,
} from "./http/openapi.ts";
import { listParameters, periodParameters } from "./http/parameters.ts";

/** Of analyses that are failed together; live pages show the others when they are loaded again. */
const MAX_PUBLISHED = 20;

const tags = ["Analyses"];
const path = "/api/analyses/{conversationId}/{branchId}";
const creationErrors = {
  ...errorResponses,
  ...notFoundResponse,
  ...conflictResponse,
  ...rateLimitedResponse,
};
const create = createRoute({
  method: "post",
  path: "/api/analyses",
  tags,
  summary: "Request the analysis of a branch",
  request: { body: jsonBody(AnalysisInput) },
  responses: {
    200: json(
      "The analysis exists already. One that waited for a budget or a quota is tried now.",
      AnalysisCreated,
    ),
    201: json("The analysis is queued.", AnalysisCreated),
    ...creationErrors,
  },
});
const failStuck = createRoute({
  method: "post",
  path: "/api/analyses/fail-stuck",
  tags,
  summary: "Fail analyses that neither run nor start, so that they can be requested again",
  request: { body: jsonBody(FailStuckInput) },
  responses: { 200: json("The analyses.", FailedStuck), ...errorResponses },
});
const regenerate = createRoute({
  method: "post",
  path: `${path}/regenerate`,
  tags,
  summary: "Request a new version of the analysis of a branch",
  request: { params: AnalysisParameter, body: optionalJsonBody(RegenerateInput) },
  responses: { 201: json("The new version is queued.", AnalysisCreated), ...creationErrors },
});
const read = createRoute({
  method: "get",
  path,
  tags,
  summary: "The analysis of a branch",
  request: { params: AnalysisParameter, query: AnalysisVersionQuery },
  responses: {
    200: json("The analysis.", AnalysisView),
    ...errorResponses,
    ...notFoundResponse,
    ...rateLimitedResponse,
  },
});
const plan = createRoute({
  method: "get",
  path: `${path}/plan`,
  tags,
  summary: "Whether an analysis of a branch can start, who would read it, and what it would cost",
  request: { params: AnalysisParameter },
  responses: { 200: json("The plan.", AnalysisPlan), ...errorResponses, ...notFoundResponse },
});
const reader = createRoute({
  method: "get",
  path: "/api/analyses/reader",
  tags,
  summary: "Who reads conversations for analyses, and whether analyses can run now",
  responses: { 200: json("The provider.", AnalysisReader), ...errorResponses },
});
const trends = createRoute({
  method: "get",
  path: "/api/analyses/trends",
  tags,
  summary: "Results and costs of analyses over time",
  request: { query: AnalysisTrendsQuery },
  responses: { 200: json("The trends.", AnalysisTrends), ...errorResponses },
});
const list = createRoute({
  method: "get",
  path: "/api/analyses",
  tags,
  summary: "Current analyses, newest first",
  request: { query: AnalysisListQuery },
  responses: { 200: json("One page.", AnalysisList), ...errorResponses },
});

export const analysisRoutes = newRoutes()
  .openapi(create, async (c) => {
    const { conversationId, branchId, customPrompt } = c.req.valid("json");
    const created = await start(c, { conversationId, branchId }, customPrompt, false);
    if (created.kind === "new") return c.json(createdView(created, "Analysis request created"), 201);
    const message = created.kind === "resumed" ? "Analysis is tried now" : "Analysis already completed";
    return c.json(createdView(created, message), 200);
  })
  .openapi(failStuck, async (c) => {
    const by = auditActor(c);
    const before = new Date(by.now.getTime() - c.req.valid("json").minutes * MINUTE_MS);
    const analysisIds = await failStuckAnalyses(c.get("config"), before, by);
    await Promise.all(analysisIds.slice(0, MAX_PUBLISHED).map((id) => publishAnalysis(c.env, id)));
    return c.json({ analysisIds }, 200);
  })
  .openapi(regenerate, async (c) => {
    const { customPrompt } = c.req.valid("json");
    const created = await start(c, c.req.valid("param"), customPrompt, true);
    return c.json(createdView(created, "Analysis regeneration requested"), 201);
  })
  .openapi(read, async (c) => {
    const name = c.req.valid("param");
    limitReads(c);
    const found = await readAnalysis(c.get("config"), name, c.req.valid("query").version);
    if (!found.ok) throw notFound(found.error, name);
    const { conversationId, branchId, domain } = found.value;
    const entry = { ...auditActor(c), action: "analysis.open", target: conversationId };
    await writeAuditOnce(
      c.get("config"),
      { ...entry, details: { domain, branch: branchId } },
      AUDIT_READING_MS,
    );
    return c.json(found.value, 200);
  })
  .openapi(plan, async (c) => {
    const name = c.req.valid("param");
    const config = c.get("config");
    const now = new Date();
    const found = await readAnalysisPlan(config, name, now);
    if (!found.ok) throw notFound(found.error, name);
    const { isEnabled, spentPico, ...branch } = found.value;
    const provider = await readProvider(config);
    const instructions = await instructionTokens(null, provider.provider);
    const inputTokens = promptTokens(branch.inputTokens, instructions, provider);
    const { state, ...reader } = readerView(config, provider, spentPico);
    const costPico = estimateCost(reader.provider, reader.model, inputTokens, now);
    const verdict = budgetFor(dailyBudgetOf(config), spentPico, costPico);
    const view: AnalysisPlan = {
      state: planState(state, isEnabled, verdict),
      ...reader,
      ...branch,
      inputTokens,
      prompt: (await bundledAnalysisPrompts()).instructions,
      costUsd: costPico === null || inputTokens === null ? null : formatUsd(costPico),
    };
    return c.json(view, 200);
  })
  .openapi(reader, async (c) => {
    const config = c.get("config");
    const spentPico = await readSpentToday(config, new Date());
    return c.json(readerView(config, await readProvider(config), spentPico), 200);
  })
  .openapi(trends, async (c) => {
    const { from, to, domain, timeZone } = c.req.valid("query");
    const period = periodParameters(from, to, Date.now());
    return c.json(await readAnalysisTrends(c.get("config"), { ...period, domain, timeZone }), 200);
  })
  .openapi(list, async (c) => {
    const { cursor, ...filter } = c.req.valid("query");
    const before = listParameters({ cursor, ...filter });
    return c.json(await listAnalyses(c.get("config"), { ...filter, before }), 200);
  });

/** The reader's state, or what forbids the analysis of one branch. */
function planState(
  state: AnalysisReader["state"],
  isEnabled: boolean,
  budget: ReturnType<typeof budgetFor>,
): AnalysisPlan["state"] {
  if (state === "not_configured") return state;
  if (!isEnabled) return "domain_off";
  if (budget === "never") return "over_budget";
  return state === "ready" && budget === "waits" ? "budget_spent" : state;
}

/** Who reads conversations, and whether that is possible now. */
function readerView(
  config: Config,
  { provider, model, problem }: ReadProvider,
  spentPico: bigint,
): AnalysisReader {
  const budget = dailyBudgetOf(config);
  return {
    state:
      problem !== null
        ? "not_configured"
        : !config.AI_WORKER_ENABLED
          ? "worker_off"
          : budget !== null && spentPico >= budget
            ? "budget_spent"
            : "ready",
    problem,
    provider,
    model,
    dailyBudgetUsd: budget === null ? null : formatUsd(budget),
    spentTodayUsd: formatUsd(spentPico),
  };
}

function createdView({ analysisId, status }: CreatedAnalysis, message: string): AnalysisCreated {
  return { message, analysisId, status };
}

async function start(
  c: Context<ApiEnv>,
  branch: BranchName,
  customPrompt: string | undefined,
  isRegeneration: boolean,
): Promise<CreatedAnalysis> {
  const config = c.get("config");
  const provider = await readProvider(config);
  if (provider.problem !== null)
    throw new ApiError("unavailable", `No analysis can run. ${provider.problem}`);
  const limitPerMinute = config.AI_ANALYSIS_RATE_LIMIT_CREATION;
  const tokens = await instructionTokens(customPrompt ?? null, provider.provider);
  const request = {
    branch,
    customPrompt,
    instructionTokens: tokens,
    provider,
    limitPerMinute,
    isRegeneration,
  };
  const created = await createAnalysis(config, request, auditActor(c));
  if (!created.ok) throw creationError(created.error, branch);
  const { kind, analysisId } = created.value;
  if (kind !== "existing")
    await Promise.all([enqueueAnalyses(c.env, [analysisId]), publishAnalysis(c.env, analysisId)]);
  return created.value;
}

function creationError(error: CreationError, name: BranchName): ApiError {
  if (typeof error === "string") return notFound(error, name);
  switch (error.reason) {
    case "domain_off":
      return new ApiError(
        "conflict",
        `Analysis is off for ${error.domain}. PUT /api/domains/${error.domain}/analysis with {"analysisEnabled": true} turns it on.`,
      );
    case "running":
      return new ApiError(
        "conflict",
        `An analysis of this branch is ${error.status} (${error.analysisId}). Wait until it has ended.`,
      );
    case "too_many":
      return tooMany(error.retryAfterMs);
  }
}

function notFound(error: NoBranch | "no_analysis", { conversationId, branchId }: BranchName): ApiError {
  switch (error) {
    case "no_conversation":
      return new ApiError("not_found", `There is no conversation ${conversationId}.`);
    case "no_branch":
      return new ApiError(
        "not_found",
        `Conversation ${conversationId} has no branch ${branchId}. GET /api/conversations/${conversationId} lists its branches.`,
      );
    case "no_analysis":
      return new ApiError("not_found", "There is no such analysis. POST /api/analyses requests one.");
  }
}

function tooMany(retryAfterMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return new ApiError("rate_limited", `Too many calls. Try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}

const reads = callRates();

function limitReads(c: Context<ApiEnv>): void {
  const wait = reads.take(
    c.get("caller").actor,
    c.get("config").AI_ANALYSIS_RATE_LIMIT_RETRIEVAL,
    Date.now(),
  );
  if (wait > 0) throw tooMany(wait);
}
