/** The API: all routes in one app behind one authentication, for the public hosts and for the dashboard. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { matchedRoutes } from "hono/route";
import type { ExtractSchema } from "hono/types";
import { loadConfig } from "../runtime/config.ts";
import { VERSION } from "../runtime/constants.ts";
import { reportDatabaseUse } from "../runtime/database-use.ts";
import type { ApiRoutes } from "../schemas/api/routes.ts";
import { accountChangeRoutes } from "./admin/account.ts";
import { accountRoutes } from "./admin/accounts.ts";
import { analysisRoutes } from "./analyses.ts";
import { diagnoseRoutes } from "./admin/diagnose.ts";
import { auditRoutes } from "./admin/audit.ts";
import { authenticate } from "./auth/authenticate.ts";
import { filterOptionRoutes } from "./requests/filter-options.ts";
import { conversationRoutes } from "./conversations.ts";
import { type ApiEnv, type Audience, newRoutes } from "./http/context.ts";
import { domainRoutes } from "./admin/domains.ts";
import {
  ApiError,
  handleError,
  handleNotFound,
  invalidParameter,
  rejectUnknownParameters,
} from "./http/errors.ts";
import { failureRoutes } from "./requests/errors.ts";
import { liveRoutes } from "./requests/live.ts";
import { promptRoutes } from "./prompts/prompts.ts";
import { relinkRoutes } from "./admin/relink.ts";
import { repriceRoutes } from "./admin/reprice.ts";
import { requestRoutes } from "./requests/requests.ts";
import { searchRoutes } from "./requests/search.ts";
import { settingsRoutes } from "./admin/settings.ts";
import { overviewRoutes } from "./usage/overview.ts";
import { sparkRoutes } from "./spark/routes.ts";
import { statusRoutes } from "./status.ts";
import { upkeepRoutes } from "./admin/upkeep.ts";
import { compatRoutes } from "./compat/index.ts";
import { windowRoutes } from "./usage/windows.ts";

const routes = newRoutes()
  .route("/", requestRoutes)
  .route("/", conversationRoutes)
  .route("/", analysisRoutes)
  .route("/", sparkRoutes)
  .route("/", searchRoutes)
  .route("/", overviewRoutes)
  .route("/", failureRoutes)
  .route("/", filterOptionRoutes)
  .route("/", compatRoutes)
  .route("/", windowRoutes)
  .route("/", statusRoutes)
  .route("/", settingsRoutes)
  .route("/", domainRoutes)
  .route("/", accountRoutes)
  .route("/", accountChangeRoutes)
  .route("/", repriceRoutes)
  .route("/", upkeepRoutes)
  .route("/", diagnoseRoutes)
  .route("/", auditRoutes)
  .route("/", relinkRoutes)
  .route("/", promptRoutes)
  .route("/", liveRoutes);
type Served = ExtractSchema<typeof routes>;
/** `/a/{id}` as Hono writes it: `/a/:id`. */
type HonoPath<P extends string> = P extends `${infer Start}{${infer Name}}${infer Rest}`
  ? `${Start}:${Name}${HonoPath<Rest>}`
  : P;
type WithBody<E> = Extract<E, { status: 200 | 201 }>;
/** Beside 200 and 201, 204 is the response of a dry run, which typed clients do not request. */
type SuccessBody<E extends { output: unknown }> = [WithBody<E>] extends [never]
  ? Extract<E, { status: 204 }> extends never
    ? never
    : undefined
  : WithBody<E>["output"];
type ServedBody<R> = R extends `${infer M} ${infer P}`
  ? HonoPath<P> extends keyof Served
    ? `$${Lowercase<M>}` extends keyof Served[HonoPath<P>]
      ? SuccessBody<Served[HonoPath<P>][`$${Lowercase<M>}`] & { output: unknown }>
      : "no such method"
    : "no such path"
  : never;
/** Fails to compile where schemas/api/routes.ts lists a route that is not served, or a different response. */
void ({} as { [R in keyof ApiRoutes]: ServedBody<R> } satisfies {
  [R in keyof ApiRoutes]: ApiRoutes[R]["response"];
});

/** The largest body is feedback on a recommendation. */
const MAX_BODY_BYTES = 1_000_000;
const OPENAPI_PATH = "/api/openapi.json";
/** The names of the query parameters of each route, by method and path. */
const QUERY_PARAMETERS = new Map([
  [`GET ${OPENAPI_PATH}`, []],
  ...routes.openAPIRegistry.definitions.flatMap((definition): [string, string[]][] => {
    if (definition.type !== "route") return [];
    const { method, path, request } = definition.route;
    const query = request?.query as { shape?: object } | undefined;
    return [
      [`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`, Object.keys(query?.shape ?? {})],
    ];
  }),
]);

/** The names that the route of this call takes; undefined where there is no such route. */
function queryParametersOf(c: Context): string[] | undefined {
  const method = c.req.method === "HEAD" ? "GET" : c.req.method;
  return matchedRoutes(c)
    .map(({ path }) => QUERY_PARAMETERS.get(`${method} ${path}`))
    .find((names) => names !== undefined);
}

const OPENAPI_INFO = {
  openapi: "3.1.0",
  info: {
    title: "Claude Nexus Edge",
    version: VERSION,
    description:
      "Recorded exchanges and administration. Times are ISO 8601 in UTC; errors are `{error: {code, message, details?}}`.",
  },
  security: [{ dashboardKey: [] }],
};

/** `/api/*` and `/token-stats` of the Worker's public hosts. */
export const api = createApi("public");
/** The same routes behind the service binding of the dashboard. */
export const dashboardApi = createApi("dashboard");

function createApi(audience: Audience): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>();
  app.use(async (c, next) => {
    c.set("config", loadConfig(c.env));
    await next();
    if (c.req.method !== "GET") c.executionCtx.waitUntil(reportDatabaseUse(c.env, Date.now()));
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
  });
  app.use(authenticate(audience));
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError() {
        throw invalidParameter("body", "body", "is too large", `${MAX_BODY_BYTES} bytes`);
      },
    }),
  );
  app.use(async (c, next) => {
    const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(c.req.header("content-type") ?? "");
    const isWriting = c.req.method === "PUT" || c.req.method === "POST";
    // Pages of other sites can send neither this header nor JSON without being asked first; a signed-in browser sends no key.
    const hasKey = c.req.header("x-dashboard-key") !== undefined;
    const isEmpty = c.req.raw.body === null && (isJson || hasKey);
    if (isWriting && isEmpty) c.req.raw = withoutContentType(c.req.raw);
    else if (isWriting && !isJson)
      throw new ApiError("invalid_request", "content-type: is not allowed; allowed: application/json.", {
        details: [
          {
            in: "header",
            parameter: "content-type",
            problem: "is missing or not JSON",
            allowed: "application/json",
          },
        ],
      });
    rejectUnknownParameters(Object.keys(c.req.queries()), queryParametersOf(c));
    await next();
  });
  app.get(OPENAPI_PATH, (c) => c.json(openApiDocument()));
  app.route("/", routes);
  app.onError(handleError);
  app.notFound(handleNotFound);
  return app;
}

/** Of a request without a body: JSON of no bytes is none. */
function withoutContentType(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete("content-type");
  return new Request(request, { headers });
}

/** Generated from the routes. */
function openApiDocument(): object {
  const document = routes.getOpenAPI31Document(OPENAPI_INFO);
  const schemes = { dashboardKey: { type: "apiKey", in: "header", name: "X-Dashboard-Key" } };
  return { ...document, components: { ...document.components, securitySchemes: schemes } };
}
