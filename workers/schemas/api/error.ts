/** The error responses of the API. */
import { z } from "zod";

export const ApiErrorCode = z.enum([
  "unauthorized",
  "forbidden",
  "invalid_request",
  "not_found",
  "conflict",
  "gone",
  "rate_limited",
  "unavailable",
  "not_configured",
  "internal",
]);
export type ApiErrorCode = z.infer<typeof ApiErrorCode>;

/** One problem of a request. `parameter` is dotted for bodies: "slack.webhook_url". */
export const ApiProblem = z.object({
  in: z.enum(["path", "query", "header", "body"]),
  parameter: z.string(),
  problem: z.string(),
  allowed: z.string(),
});
export type ApiProblem = z.infer<typeof ApiProblem>;

export const ApiErrorBody = z.object({
  error: z.object({ code: ApiErrorCode, message: z.string(), details: z.array(ApiProblem).optional() }),
});
export type ApiErrorBody = z.infer<typeof ApiErrorBody>;

export const API_ERROR_STATUS = {
  unauthorized: 401,
  forbidden: 403,
  invalid_request: 400,
  not_found: 404,
  conflict: 409,
  gone: 410,
  rate_limited: 429,
  unavailable: 503,
  not_configured: 503,
  internal: 500,
} as const satisfies Record<ApiErrorCode, number>;
