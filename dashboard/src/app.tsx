/**
 * The dashboard as one Hono application: middleware in order (security headers, caller, CSRF, known parameters), then pages.
 * It knows nothing of Pages: functions/[[path]].ts gives it the bindings, tests and the demo give it scripted ones.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { VERSION } from "../../workers/runtime/constants.ts";
import type { Assets } from "./context/assets.ts";
import type { AppEnv } from "./context/environment.ts";
import { apiProxy, liveProxy } from "./http/api-proxy.ts";
import { requireCsrf } from "./http/require-csrf.tsx";
import { requireKnownParameters } from "./http/require-known-parameters.tsx";
import { requireCaller } from "./http/require-caller.tsx";
import { requestContext } from "./http/request-context.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { failurePage } from "./layout/render.tsx";
import { signInRoutes } from "./routes/sign-in.tsx";
import { accountLoginRoutes } from "./routes/account-login.tsx";
import { analysisRoutes } from "./routes/analyses.tsx";
import { accountRoutes } from "./routes/accounts.tsx";
import { auditRoutes } from "./routes/audit.tsx";
import { domainRoutes } from "./routes/domains.tsx";
import { newDomainRoutes } from "./routes/new-domain.tsx";
import { conversationRoutes } from "./routes/conversations.tsx";
import { errorRoutes } from "./routes/errors.tsx";
import { overviewRoutes } from "./routes/overview.tsx";
import { promptRoutes } from "./routes/prompts.tsx";
import { requestRoutes } from "./routes/requests.tsx";
import { sparkRoutes } from "./routes/spark.tsx";
import { staticRoutes } from "./routes/static.ts";
import { usageRoutes } from "./routes/usage.tsx";
import { themeRoutes } from "./routes/theme.ts";

const PAGES = [
  themeRoutes,
  overviewRoutes,
  usageRoutes,
  errorRoutes,
  conversationRoutes,
  requestRoutes,
  sparkRoutes,
  analysisRoutes,
  newDomainRoutes,
  domainRoutes,
  accountRoutes,
  accountLoginRoutes,
  auditRoutes,
  promptRoutes,
];

/** Whoever finds the dashboard may send these forms, and they are read into memory. */
const MAX_SIGN_IN_BYTES = 16_384;
/** The largest form is feedback on a recommendation: 200,000 characters, each up to nine bytes when encoded. */
const MAX_FORM_BYTES = 2_000_000;

const limitBody = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: (c: Context<AppEnv>) =>
      failurePage(c, 413, "Request too large", `A request may have ${maxSize} bytes.`),
  });

/** The application; `assets` are the addresses of the built style sheet, script and font. */
export function createApp(assets: Assets): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(securityHeaders);
  app.route("/", staticRoutes);
  app.use(requestContext(assets));

  app.use("/sign-in", limitBody(MAX_SIGN_IN_BYTES));
  app.use("/sign-out", limitBody(MAX_SIGN_IN_BYTES));
  app.route("/", signInRoutes);
  app.use(requireCaller);
  app.use(limitBody(MAX_FORM_BYTES));
  app.use(requireCsrf);
  app.all("/api/*", apiProxy);
  app.get("/live", liveProxy);
  app.get("/version", (c) => c.json({ version: VERSION }));

  app.use(requireKnownParameters);
  for (const routes of PAGES) app.route("/", routes);

  app.notFound((c) => failurePage(c, 404, "Page not found", "This page does not exist."));
  app.onError((error, c) => {
    console.error(
      JSON.stringify({
        level: "error",
        message: "page failed",
        requestId: c.get("requestId"),
        error: error.name,
      }),
    );
    return failurePage(
      c,
      500,
      "Something went wrong",
      "An internal error occurred. Use the request ID to find it in the logs.",
    );
  });
  return app;
}
