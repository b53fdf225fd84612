/**
 * Asks the Worker's API on behalf of the person looking. Answers are values, never exceptions: a card that could not get
 * its numbers says so and the rest of the page stays.
 */
import type { CREDENTIAL_HEADERS } from "../../../workers/schemas/api/session.ts";
import type { ApiErrorBody, ApiProblem } from "../../../workers/schemas/api/error.ts";

/** Names of the headers a credential travels in; the type holds them to the API's own list. */
export const CREDENTIALS = {
  key: "x-dashboard-key",
  session: "x-nexus-session",
  accessJwt: "cf-access-jwt-assertion",
} as const satisfies typeof CREDENTIAL_HEADERS;

/** What failed, in words for the person and with what finds the log line. Status 0: no answer at all. */
export interface Problem {
  status: number;
  code: string;
  message: string;
  requestId: string;
  /** What exactly was wrong with the request, where the API says it. */
  details?: readonly ApiProblem[];
}

export type Result<T> = { ok: true; data: T } | { ok: false; problem: Problem };

type QueryValue = string | number | null | undefined;

export interface ApiClient {
  get<T>(path: string, query?: Record<string, QueryValue>): Promise<Result<T>>;
  send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<Result<T>>;
  /** The answer itself, for bytes. */
  raw(path: string): Promise<Response>;
}

/** The credentials of an incoming request as the API wants them; empty when there are none. */
export function credentialHeaders(headers: Headers, session: string | null): Record<string, string> {
  const credentials: Record<string, string> = {};
  const key = headers.get(CREDENTIALS.key);
  const jwt = headers.get(CREDENTIALS.accessJwt);
  if (key) credentials[CREDENTIALS.key] = key;
  if (jwt) credentials[CREDENTIALS.accessJwt] = jwt;
  if (session) credentials[CREDENTIALS.session] = session;
  return credentials;
}

/** A client that asks by `send`; `requestId` goes along so that both logs name the same look. */
export function apiClient(send: (request: Request) => Promise<Response>, requestId: string): ApiClient {
  const request = (method: string, path: string, body?: unknown) =>
    send(
      new Request(`https://api.internal${path}`, {
        method,
        headers: {
          accept: "application/json",
          "x-request-id": requestId,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );

  const result = async <T>(method: string, path: string, body?: unknown): Promise<Result<T>> => {
    try {
      const response = await request(method, path, body);
      const id = response.headers.get("x-nexus-request-id") ?? requestId;
      if (response.status === 204) return { ok: true, data: undefined as T };
      const text = await response.text();
      if (response.ok) return { ok: true, data: JSON.parse(text) as T };
      return { ok: false, problem: parseProblem(response.status, text, id) };
    } catch {
      return { ok: false, problem: unreachableProblem(requestId) };
    }
  };

  return {
    get: <T>(path: string, query: Record<string, QueryValue> = {}) =>
      result<T>("GET", path + queryString(query)),
    send: result,
    raw: (path) => request("GET", path),
  };
}

/** "?a=b" of what is given, "" of nothing. */
export function queryString(query: Record<string, QueryValue>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

/** Reads `{"error":{"code","message"}}`; anything else becomes a sentence about the status. */
function parseProblem(status: number, body: string, requestId: string): Problem {
  try {
    const parsed = JSON.parse(body) as { error?: Partial<ApiErrorBody["error"]> };
    const { code, message, details } = parsed.error ?? {};
    if (typeof code === "string" && typeof message === "string") {
      return { status, code, message, requestId, ...(Array.isArray(details) ? { details } : {}) };
    }
  } catch {
    // Not JSON: said below by its status.
  }
  return { status, code: "unexpected", message: `The API returned status ${status}.`, requestId };
}

function unreachableProblem(requestId: string): Problem {
  return {
    status: 0,
    code: "unreachable",
    message: "The API did not return a valid response. The Worker may be deploying or unavailable.",
    requestId,
  };
}
