/**
 * Errors of the API in one shape. Handlers throw ApiError; anything else thrown is an unavailable dependency (503) or a
 * bug (500), which is logged and not described to the caller.
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ZodError } from "zod";
import { ConfigError } from "../../runtime/config.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { ApiErrorBody, ApiErrorCode, ApiProblem } from "../../schemas/api/error.ts";
import { API_ERROR_STATUS } from "../../schemas/api/error.ts";
import { DatabaseUnavailableError } from "../../store/db/errors.ts";
import { AccountUnavailableError } from "../../store/tenants/oauth-stub.ts";

/** Longest part of a rejected value that is repeated in the error. */
const MAX_ECHO_CHARACTERS = 80;
/** Most unknown parameters that an error lists. */
const MAX_PROBLEMS = 20;

/** An error for the caller: code, and a message that says what happened and what to do. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  readonly details: ApiProblem[] | undefined;
  readonly headers: Record<string, string>;

  constructor(
    code: ApiErrorCode,
    message: string,
    options: { details?: ApiProblem[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.code = code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

/** One invalid parameter that a schema cannot detect. */
export function invalidParameter(
  location: ApiProblem["in"],
  parameter: string,
  problem: string,
  allowed: string,
): ApiError {
  return new ApiError("invalid_request", `${parameter}: ${problem}; allowed: ${allowed}.`, {
    details: [{ in: location, parameter, problem, allowed }],
  });
}

/** Throws for every name that is not among the `known` ones: an ignored filter would return everything. */
export function rejectUnknownParameters(
  names: readonly string[],
  known: readonly string[] | undefined,
): void {
  if (!known) return;
  const allowed = known.length > 0 ? `one of ${known.join(", ")}` : "no query parameters";
  const details = names
    .filter((name) => !known.includes(name))
    .map((name): ApiProblem => ({
      in: "query",
      parameter: clip(name),
      problem: "is not a known parameter",
      allowed,
    }));
  const [first] = details;
  if (first)
    throw new ApiError("invalid_request", `${first.parameter}: ${first.problem}; allowed: ${allowed}.`, {
      details: details.slice(0, MAX_PROBLEMS),
    });
}

export function errorResponse(error: ApiError): Response {
  const body: ApiErrorBody = { error: { code: error.code, message: error.message } };
  if (error.details) body.error.details = error.details;
  return Response.json(body, {
    status: API_ERROR_STATUS[error.code],
    headers: { "cache-control": "no-store", ...error.headers },
  });
}

/** Hono's onError: turns what was thrown into a response. */
export function handleError(thrown: unknown, c: Context): Response {
  if (thrown instanceof ApiError) return errorResponse(thrown);
  if (thrown instanceof HTTPException && thrown.status < 500)
    return errorResponse(
      new ApiError("invalid_request", "The body is not valid JSON.", {
        details: [{ in: "body", parameter: "", problem: "not valid JSON", allowed: "a JSON object" }],
      }),
    );
  const fields = { method: c.req.method, route: c.req.path.slice(0, 200), error: errorText(thrown) };
  if (thrown instanceof DatabaseUnavailableError) {
    log.error("api: database unavailable", fields);
    return errorResponse(
      new ApiError(
        "unavailable",
        "The database is unavailable. Recording continues; try again in a minute.",
        { headers: { "retry-after": "5" } },
      ),
    );
  }
  if (thrown instanceof AccountUnavailableError) {
    log.error("api: account unavailable", { ...fields, cause: errorText(thrown.cause) });
    return errorResponse(
      new ApiError("unavailable", "The login of this account is unavailable. Try again in a moment.", {
        headers: { "retry-after": "2" },
      }),
    );
  }
  log.error("api: failed", fields);
  if (thrown instanceof ConfigError)
    return errorResponse(
      new ApiError("unavailable", "The Worker is misconfigured. Its log names every invalid variable."),
    );
  return errorResponse(new ApiError("internal", "Internal error. The Worker's log has the details."));
}

export function handleNotFound(c: Context): Response {
  return errorResponse(
    new ApiError(
      "not_found",
      `There is no ${c.req.method.slice(0, 20)} ${clip(c.req.path)}. /api/openapi.json lists all routes.`,
    ),
  );
}

const ERROR_LOCATIONS = { param: "path", query: "query", header: "header" } as const;

/** OpenAPIHono's defaultHook: reports parameters and bodies that the route's schemas reject. */
export function rejectInvalid(
  result: { target: string } & ({ success: true } | { success: false; error: ZodError }),
  c: Context,
): Response | undefined {
  if (result.success) return undefined;
  const location = ERROR_LOCATIONS[result.target as keyof typeof ERROR_LOCATIONS] ?? "body";
  const details = result.error.issues.flatMap((issue): ApiProblem[] => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        in: location,
        parameter: clip([...path, key].join(".")),
        problem: "is not a known field",
        allowed: issue.message,
      }));
    return [
      {
        in: location,
        parameter: path.join("."),
        problem: describeProblem(location, path[0], issue.code === "invalid_type", c),
        allowed: issue.message,
      },
    ];
  });
  const [first] = details;
  const message = first
    ? `${first.parameter || "The body"}: ${first.problem}; allowed: ${first.allowed}.`
    : "The request is not valid.";
  return errorResponse(new ApiError("invalid_request", message, { details }));
}

/** Values of bodies are not repeated, because they may be secrets. */
function describeProblem(
  location: ApiProblem["in"],
  name: string | undefined,
  isWrongType: boolean,
  c: Context,
): string {
  if (location === "body") return isWrongType ? "is missing or has the wrong type" : "is not allowed";
  const values =
    location === "path" ? [c.req.param(name ?? "")] : location === "query" ? c.req.queries(name ?? "") : [];
  if (values && values.length > 1) return `is given ${values.length} times`;
  return values?.[0] === undefined ? "is missing" : `${JSON.stringify(clip(values[0]))} is not allowed`;
}

function clip(text: string): string {
  return text.length > MAX_ECHO_CHARACTERS ? `${text.slice(0, MAX_ECHO_CHARACTERS)}…` : text;
}
