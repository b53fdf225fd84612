/** Responses of the dashboard: pages, failure pages, JSON errors. */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { timeoutOrNull } from "../../../workers/runtime/timeout.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import { healthIndicator } from "../api/health.ts";
import type { Problem, Result } from "../api/client.ts";
import { Frame, type FrameProps } from "./frame.tsx";
import { ProblemCard } from "../components/ui/problem.tsx";
import type { AppEnv } from "../context/environment.ts";
import { FailurePage } from "./failure.tsx";
import { viewOf } from "../context/view.ts";

interface PageFrame extends Pick<
  FrameProps,
  "title" | "toolbar" | "breadcrumb" | "heading" | "refreshSeconds"
> {
  /** Default: 200. */
  status?: ContentfulStatusCode;
  /** The response of `/api/status`, if the page has it. */
  health?: Result<Status>;
}

/** A page in its frame. */
export async function renderPage(
  c: Context<AppEnv>,
  { status = 200, health: known, ...frame }: PageFrame,
  children: Child,
): Promise<Response> {
  const health = known ?? (await (c.get("health") ?? loadHealth(c)));
  return c.html(
    <Frame view={viewOf(c)} assets={c.get("assets")} health={healthIndicator(health)} {...frame}>
      {children}
    </Frame>,
    status,
  );
}

/** In place of a detail page whose `what` could not be read: 404 where the id names nothing, or cannot name anything. */
export function loadFailurePage(
  c: Context<AppEnv>,
  frame: PageFrame,
  { problem, what }: { problem: Problem; what: string },
) {
  const status = problem.status === 404 || problem.status === 400 ? 404 : 200;
  return renderPage(c, { ...frame, status }, <ProblemCard problem={problem} what={what} view={viewOf(c)} />);
}

export function failurePage(
  c: Context<AppEnv>,
  status: ContentfulStatusCode,
  title: string,
  message: string,
) {
  if (!wantsHtml(c)) return jsonError(c, status, status === 404 ? "not_found" : "internal", message);
  return c.html(
    <FailurePage view={viewOf(c)} assets={c.get("assets")} title={title} message={message} />,
    status,
  );
}

/** The API's own shape of errors, on the dashboard's host too. */
export function jsonError(c: Context<AppEnv>, status: ContentfulStatusCode, code: string, message: string) {
  return c.json({ error: { code, message } }, status);
}

/**
 * Whether the response should be a page: the path is not below /api/ or /live, and `accept` allows HTML. Other requests get
 * JSON.
 */
export function wantsHtml(c: Context<AppEnv>): boolean {
  if (/^\/(api|live)(\/|$)/.test(c.req.path)) return false;
  const accept = c.req.header("accept");
  return !accept || accept.includes("text/html") || accept.includes("*/*");
}

/** Maximum age of the health indicator. */
const HEALTH_MAX_AGE_SECONDS = 10;
/** How long a page waits for the health indicator. */
const HEALTH_TIMEOUT_MS = 1_500;

/** The status for the indicator beside "Health", or null after the timeout. */
export function loadHealth(c: Context<AppEnv>): Promise<Result<Status> | null> {
  const status = c.get("api").get("/api/status", { maxAge: HEALTH_MAX_AGE_SECONDS });
  return timeoutOrNull(HEALTH_TIMEOUT_MS, status);
}
