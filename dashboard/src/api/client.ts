/**
 * Client of the Worker's API with the credentials of the page's user. Failures are values, never exceptions: a card whose
 * data could not be read shows the problem, and the rest of the page is rendered.
 */
import type { CLIENT_ADDRESS_HEADER, CREDENTIAL_HEADERS } from "../../../workers/schemas/api/session.ts";
import type { ApiErrorBody, ApiProblem } from "../../../workers/schemas/api/error.ts";
import type {
  ApiBody,
  ApiParameter,
  ApiPath,
  ApiQuery,
  ApiResponse,
} from "../../../workers/schemas/api/routes.ts";

/** Names of the headers a credential travels in; the type holds them to the API's own list. */
export const CREDENTIALS = {
  key: "x-dashboard-key",
  session: "x-nexus-session",
  accessJwt: "cf-access-jwt-assertion",
} as const satisfies typeof CREDENTIAL_HEADERS;

/** A failed call: message for the page, request id for the logs. Status 0: no response. */
export interface Problem {
  status: number;
  code: string;
  message: string;
  requestId: string;
  /** The invalid parameters, where the API names them. */
  details?: readonly ApiProblem[];
}

export type Result<T> = { ok: true; data: T } | { ok: false; problem: Problem };

type ParameterValue = string | number | null | undefined;
type Method = "GET" | "POST" | "PUT" | "DELETE";
/** Parameters of the path and of the query together; optional where the path has none. */
type GetParameters<P extends ApiPath<"GET">> = Record<ApiParameter<P>, string | number> &
  Partial<Record<ApiQuery<"GET", P> & string, ParameterValue>>;
type GetArguments<P extends ApiPath<"GET">> = [ApiParameter<P>] extends [never]
  ? [parameters?: GetParameters<P>]
  : [parameters: GetParameters<P>];

export interface ApiClient {
  get<P extends ApiPath<"GET">>(
    path: P,
    ...parameters: GetArguments<P>
  ): Promise<Result<ApiResponse<"GET", P>>>;
  /** An empty body is for routes that take none: the API expects JSON of each POST and PUT. */
  send<M extends "POST" | "PUT" | "DELETE", P extends ApiPath<M>>(
    method: M,
    path: P,
    parameters: Record<ApiParameter<P>, string>,
    body?: ApiBody<M, P> | Record<string, never>,
  ): Promise<Result<ApiResponse<M, P>>>;
  /** The response itself, for bytes. */
  raw(path: string): Promise<Response>;
}

const CLIENT_ADDRESS = "x-nexus-client-address" satisfies typeof CLIENT_ADDRESS_HEADER;

/** The client's IP address, by which the API slows down the guessing of keys. */
export function clientAddress(headers: Headers): string {
  return (headers.get("cf-connecting-ip") ?? "unknown").slice(0, 100);
}

/** The credentials of an incoming request as the API wants them; empty when there are none. */
export function credentialHeaders(headers: Headers, session: string | null): Record<string, string> {
  const credentials: Record<string, string> = {};
  const key = headers.get(CREDENTIALS.key);
  const jwt = headers.get(CREDENTIALS.accessJwt);
  if (key) {
    credentials[CREDENTIALS.key] = key;
    credentials[CLIENT_ADDRESS] = clientAddress(headers);
  }
  if (jwt) credentials[CREDENTIALS.accessJwt] = jwt;
  if (session) credentials[CREDENTIALS.session] = session;
  return credentials;
}

/** A client over `send`. `requestId` is sent along, so that the logs of both sides name the same request. */
export function apiClient(send: (request: Request) => Promise<Response>, requestId: string): ApiClient {
  const request = (method: Method, path: string, body?: unknown) =>
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

  const result = async <T>(method: Method, path: string, body?: unknown): Promise<Result<T>> => {
    try {
      const response = await request(method, path, body);
      // The one place where a response gets its type: `ApiRoutes` names it.
      if (response.status === 204) return { ok: true, data: undefined as T };
      if (response.ok) return { ok: true, data: JSON.parse(await response.text()) as T };
      return { ok: false, problem: await problemOf(response, requestId) };
    } catch {
      return { ok: false, problem: unreachableProblem(requestId) };
    }
  };

  return {
    get: (path, ...[parameters]) => result("GET", urlOf(path, parameters)),
    send: (method, path, parameters, body) => result(method, urlOf(path, parameters), body),
    raw: (path) => request("GET", path),
  };
}

/** Fills the parameters of the path in and makes the others its query. */
function urlOf(path: string, parameters: Record<string, ParameterValue> = {}): string {
  const query = { ...parameters };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    delete query[name];
    return encodeURIComponent(String(parameters[name]));
  });
  return filled + queryString(query);
}

/** "?a=b" of what is given, "" of nothing. */
export function queryString(query: Record<string, ParameterValue>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

/** Reads `{"error":{"code","message"}}`; another body becomes a sentence about the status. */
export async function problemOf(response: Response, requestId: string): Promise<Problem> {
  const { status } = response;
  const id = response.headers.get("x-nexus-request-id") ?? requestId;
  try {
    const parsed = JSON.parse(await response.text()) as { error?: Partial<ApiErrorBody["error"]> };
    const { code, message, details } = parsed.error ?? {};
    if (typeof code === "string" && typeof message === "string") {
      return { status, code, message, requestId: id, ...(Array.isArray(details) ? { details } : {}) };
    }
  } catch {
    // The body is not JSON.
  }
  return { status, code: "unexpected", message: `The API returned status ${status}.`, requestId: id };
}

/** For a request that got no response, or one that could not be read. */
export function unreachableProblem(requestId: string): Problem {
  return {
    status: 0,
    code: "unreachable",
    message: "The API did not return a valid response. The Worker may be deploying or unavailable.",
    requestId,
  };
}
