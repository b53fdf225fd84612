/** Status and problem of a form that failed. Used by the routes that change something. */
import type { Context } from "hono";
import type { Problem } from "../api/client.ts";
import type { AppEnv } from "../context/environment.ts";

/** Status of the page of a form: 200 without a problem, 400 invalid input, 403 not allowed, 503 unavailable. */
export function problemStatus(problem: Problem | null | undefined): 200 | 400 | 403 | 503 {
  if (!problem) return 200;
  if (problem.status === 403 || problem.status === 401) return 403;
  return problem.status === 503 || problem.status === 0 || problem.status >= 500 ? 503 : 400;
}

/** The confirmation does not match the name. */
export function confirmationProblem(c: Context<AppEnv>, name: string): Problem {
  return {
    status: 400,
    code: "invalid_request",
    message: `Nothing was changed. Type “${name}” exactly to confirm.`,
    requestId: c.get("requestId"),
  };
}
