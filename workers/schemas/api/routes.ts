/**
 * The API's routes as types, for typed clients: query parameters, JSON request body and 2xx JSON response of each method
 * and path. workers/api/index.ts checks at compile time that this map and the routes agree. A client needs no casts:
 *
 *     get<P extends ApiPath<"GET">>(path: P, options: { params: Record<ApiParameter<P>, string>;
 *       query?: Partial<Record<ApiQuery<"GET", P>, string | number>> }): Promise<ApiResponse<"GET", P>>
 *     await get("/api/conversations/{id}/messages", { params: { id }, query: { limit: 10 } }); // Transcript
 *
 * Downloads (`/api/requests/{id}/body`, `…/response`) and the event stream `/api/live` have no JSON and are not listed.
 */
import type { z } from "zod";
import type * as accounts from "./accounts.ts";
import type * as analyses from "./analyses.ts";
import type * as audit from "./audit.ts";
import type * as conversations from "./conversations.ts";
import type * as domains from "./domains.ts";
import type * as failures from "./failures.ts";
import type { FilterOptions } from "./filter-options.ts";
import type * as relink from "./relink.ts";
import type * as reprice from "./reprice.ts";
import type * as prompts from "./prompts.ts";
import type * as requests from "./requests.ts";
import type * as search from "./search.ts";
import type * as settings from "./settings.ts";
import type * as overview from "./overview.ts";
import type * as spark from "./spark.ts";
import type * as status from "./status.ts";
import type * as upkeep from "./upkeep.ts";
import type * as compat from "./compat.ts";
import type * as windows from "./windows.ts";

type Names<S extends z.ZodType> = keyof z.infer<S> & string;

export interface ApiRoutes {
  "GET /api/accounts": { response: accounts.AccountList };
  "GET /api/accounts/{accountId}": { response: accounts.AccountView };
  "PUT /api/accounts/{accountId}": {
    body: z.input<typeof accounts.AccountInput>;
    response: accounts.AccountView;
  };
  "DELETE /api/accounts/{accountId}": { response: undefined };
  "GET /api/accounts/{accountId}/oauth": { response: accounts.AccountLogin };
  "GET /api/accounts/{accountId}/oauth/login": { response: accounts.PendingLogin };
  "POST /api/accounts/{accountId}/oauth/login": { response: accounts.LoginStarted };
  "POST /api/accounts/{accountId}/oauth/login/code": {
    body: z.input<typeof accounts.LoginCode>;
    response: accounts.AccountLogin;
  };
  "POST /api/accounts/{accountId}/oauth/refresh": { response: accounts.AccountLogin };
  "POST /api/admin/diagnose": {
    body: z.input<typeof upkeep.DiagnosisInput>;
    response: upkeep.Diagnosis;
  };
  "POST /api/admin/project": {
    body: z.input<typeof upkeep.ProjectInput>;
    response: upkeep.ProjectResult;
  };
  "POST /api/admin/reseal": {
    body: z.input<typeof upkeep.ResealInput>;
    response: upkeep.ResealResult;
  };
  "POST /api/admin/reprice": {
    body: z.input<typeof reprice.RepriceInput>;
    response: reprice.RepriceBatch;
  };
  "GET /api/alerts": { response: settings.PendingAlerts };
  "GET /api/analyses": { query: keyof analyses.AnalysisListQuery; response: analyses.AnalysisList };
  "POST /api/analyses": {
    body: z.input<typeof analyses.AnalysisInput>;
    response: analyses.AnalysisCreated;
  };
  "POST /api/analyses/fail-stuck": {
    body: z.input<typeof analyses.FailStuckInput>;
    response: analyses.FailedStuck;
  };
  "GET /api/analyses/reader": { response: analyses.AnalysisReader };
  "GET /api/analyses/trends": {
    query: Names<typeof analyses.AnalysisTrendsQuery>;
    response: analyses.AnalysisTrends;
  };
  "GET /api/analyses/{conversationId}/{branchId}": {
    query: Names<typeof analyses.AnalysisVersionQuery>;
    response: analyses.AnalysisView;
  };
  "GET /api/analyses/{conversationId}/{branchId}/plan": { response: analyses.AnalysisPlan };
  "POST /api/analyses/{conversationId}/{branchId}/regenerate": {
    body: z.input<typeof analyses.RegenerateInput>;
    response: analyses.AnalysisCreated;
  };
  "GET /api/analytics/token-usage/sliding-window": {
    query: Names<typeof compat.SlidingWindowQuery>;
    response: compat.SlidingWindow;
  };
  "GET /api/audit": { query: Names<typeof audit.AuditQuery>; response: z.infer<typeof audit.AuditList> };
  "GET /api/choices": { response: FilterOptions };
  "GET /api/conversations": {
    query: keyof conversations.ConversationQuery;
    response: conversations.ConversationList;
  };
  "GET /api/conversations/{id}": {
    query: Names<typeof conversations.ConversationDetailQuery>;
    response: conversations.ConversationDetail;
  };
  "GET /api/conversations/{id}/messages": {
    query: keyof conversations.TranscriptQuery;
    response: conversations.Transcript;
  };
  "GET /api/conversations/{id}/messages/{position}": {
    query: "branch" | "purpose";
    response: Pick<conversations.TranscriptMessage, "position" | "role" | "content" | "bytes">;
  };
  "GET /api/conversations/{id}/tree": { response: conversations.ConversationTree };
  "GET /api/dashboard/stats": {
    query: Names<typeof compat.DashboardStatsQuery>;
    response: compat.DashboardStats;
  };
  "GET /api/domains": { response: domains.DomainList };
  "GET /api/domains/{domain}": { response: domains.DomainDetail };
  "PUT /api/domains/{domain}": {
    query: "force";
    body: z.input<typeof domains.DomainInput>;
    response: domains.DomainDetail;
  };
  "DELETE /api/domains/{domain}": { response: undefined };
  "POST /api/domains/{domain}/client-keys": {
    body: z.input<typeof domains.ClientKeyInput>;
    response: z.infer<typeof domains.NewClientKey>;
  };
  "DELETE /api/domains/{domain}/client-keys/{id}": { response: undefined };
  "GET /api/domains/{domain}/analysis": { response: domains.AnalysisSettings };
  "PUT /api/domains/{domain}/analysis": {
    body: domains.AnalysisSettingsInput;
    response: domains.AnalysisSettings;
  };
  "GET /api/domains/{domain}/other-fields": { response: z.infer<typeof domains.OtherFieldsView> };
  "POST /api/domains/{domain}/slack-test": { response: z.infer<typeof domains.SlackTest> };
  "GET /api/environment": { response: settings.Environment };
  "GET /api/errors": { query: Names<typeof failures.ErrorsQuery>; response: failures.Errors };
  "GET /api/mcp/prompts": { query: Names<typeof prompts.PromptListQuery>; response: prompts.PromptList };
  "GET /api/mcp/prompts/{name}": { response: prompts.PromptView };
  "POST /api/mcp/prompts/render": {
    body: z.input<typeof prompts.RenderInput>;
    response: prompts.RenderResult;
  };
  "POST /api/mcp/sync": { response: prompts.PromptSyncResult };
  "GET /api/mcp/sync/status": { response: prompts.PromptSyncStatus };
  "GET /api/overview": { query: Names<typeof overview.OverviewQuery>; response: overview.Overview };
  "GET /api/quality/linking": {
    query: Names<typeof conversations.LinkingQuery>;
    response: conversations.LinkingQuality;
  };
  "POST /api/relink": { body: z.input<typeof relink.RelinkInput>; response: relink.RelinkResult };
  "GET /api/requests": { query: keyof requests.RequestQuery; response: requests.RequestList };
  "GET /api/requests/{id}": { response: requests.RequestDetail };
  "GET /api/search": { query: keyof search.SearchQuery; response: search.SearchResults };
  "POST /api/spark/feedback": {
    body: z.input<typeof spark.SparkFeedbackInput>;
    response: spark.SparkResponse;
  };
  "POST /api/spark/feedback/batch": {
    body: z.input<typeof spark.SparkBatchInput>;
    response: spark.SparkBatch;
  };
  "GET /api/spark/sessions/{sessionId}/feedback": { response: spark.SparkResponse };
  "GET /api/stats": { query: Names<typeof compat.StatsQuery>; response: compat.Stats };
  "GET /api/status": { query: Names<typeof status.StatusQuery>; response: status.Status };
  "GET /api/token-usage/accounts": { response: compat.AccountsUsage };
  "GET /api/token-usage/current": {
    query: Names<typeof compat.CurrentUsageQuery>;
    response: compat.CurrentUsage;
  };
  "GET /api/token-usage/daily": { query: Names<typeof compat.DailyUsageQuery>; response: compat.DailyUsage };
  "GET /api/token-usage/time-series": {
    query: Names<typeof compat.TimeSeriesQuery>;
    response: compat.TimeSeries;
  };
  "GET /api/usage/requests/hourly": {
    query: Names<typeof compat.HourlyQuery>;
    response: compat.HourlyRequests;
  };
  "GET /api/usage/tokens/hourly": { query: Names<typeof compat.HourlyQuery>; response: compat.HourlyTokens };
  "GET /api/windows": {
    query: Names<typeof windows.WindowListQuery>;
    response: windows.WindowList;
  };
  "GET /api/windows/{accountId}": {
    query: Names<typeof windows.WindowQuery>;
    response: windows.WindowDetail;
  };
  "PUT /api/windows/{accountId}": {
    body: windows.WindowSettingsInput;
    response: z.infer<typeof windows.WindowSettingsView>;
  };
  "POST /api/windows/{accountId}/reconcile": {
    body: z.input<typeof windows.ReconcileInput>;
    response: windows.WindowDetail;
  };
  "GET /token-stats": {
    query: Names<typeof compat.TokenStatsQuery>;
    response: z.infer<typeof compat.TokenStats>;
  };
}

type Method = "GET" | "POST" | "PUT" | "DELETE";
type RouteOf<M extends Method, P extends string> = ApiRoutes[`${M} ${P}` & keyof ApiRoutes];

/** Paths that take this method. */
export type ApiPath<M extends Method> = {
  [R in keyof ApiRoutes]: R extends `${M} ${infer P}` ? P : never;
}[keyof ApiRoutes];
/** Names in braces of a path; never for a path without parameters. */
export type ApiParameter<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ApiParameter<Rest>
  : never;
/** Names of the query parameters; never where there are none. */
export type ApiQuery<M extends Method, P extends string> =
  RouteOf<M, P> extends { query: infer Q } ? Q : never;
/** The request body; undefined where there is none. */
export type ApiBody<M extends Method, P extends string> =
  RouteOf<M, P> extends { body: infer B } ? B : undefined;
/** The body of the 2xx response; undefined for 204. */
export type ApiResponse<M extends Method, P extends string> = RouteOf<M, P>["response"];
