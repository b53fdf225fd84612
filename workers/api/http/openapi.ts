/** Parts that route descriptions share. */
import type { z } from "zod";
import { type ApiErrorCode, API_ERROR_STATUS, ApiErrorBody } from "../../schemas/api/error.ts";

const ERROR_DESCRIPTIONS = {
  unauthorized: "No valid credential was sent.",
  forbidden: "The credential is invalid or lacks the required role.",
  invalid_request: "A parameter or the body is invalid; `details` lists each problem.",
  not_found: "It does not exist.",
  conflict: "The current state does not allow this.",
  gone: "It was deleted.",
  rate_limited: "Too many attempts.",
  unavailable: "A dependency is unavailable or not configured.",
  not_configured: "It is not configured.",
  internal: "Internal error.",
} as const satisfies Record<ApiErrorCode, string>;

export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } } as const;
}

export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { "application/json": { schema } } } as const;
}

/** Without a body, the route gets `{}`, in which the defaults of the schema are missing. */
export function optionalJsonBody<S extends z.ZodType>(schema: S) {
  return { ...jsonBody(schema), required: false } as const;
}

function responseOf<C extends ApiErrorCode>(code: C) {
  return { [API_ERROR_STATUS[code]]: json(ERROR_DESCRIPTIONS[code], ApiErrorBody) } as {
    [Status in (typeof API_ERROR_STATUS)[C]]: ReturnType<typeof json<typeof ApiErrorBody>>;
  };
}

/** Errors that every route may return. */
export const errorResponses = {
  ...responseOf("invalid_request"),
  ...responseOf("unauthorized"),
  ...responseOf("forbidden"),
  ...responseOf("unavailable"),
} as const;
export const notFoundResponse = responseOf("not_found");
export const conflictResponse = responseOf("conflict");
export const rateLimitedResponse = responseOf("rate_limited");
export const goneResponse = responseOf("gone");
