/** Calls the API in workerd tests, through either entrypoint, with any environment. */
import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { api, dashboardApi } from "../../workers/api/index.ts";
import { type ExchangeOptions, type TestExchange, makeExchange } from "./exchanges.ts";
import { ingest } from "./worker-ingest.ts";

export const ADMINISTRATOR_KEY = "test-administrator-key-0123456789";
export const VIEWER_KEY = "test-viewer-key-0123456789";

/** Variables of the environment that are not bindings of wrangler.toml may be set too. */
export type Bindings = Record<string, unknown>;

export interface Call {
  method?: string;
  /** Sent as JSON; a string as it is. */
  body?: unknown;
  /** The dashboard key; null = none. Default: the administrator's. */
  key?: string | null;
  headers?: Record<string, string>;
  /** The public API, or the entrypoint of the dashboard. */
  entrypoint?: "public" | "dashboard";
  bindings?: Bindings;
}

export interface ApiResponse {
  status: number;
  headers: Headers;
  text: string;
  bytes: Uint8Array;
  /** The body as JSON; undefined where it is not JSON. */
  json: unknown;
}

export function testEnv(bindings: Bindings = {}): Env {
  return { ...env, ...bindings };
}

/** Without a database: no server listens on port 1. */
export const DATABASE_DOWN: Bindings = { NEON_BRIDGE: "127.0.0.1:1" };

/** Wrong keys of earlier tests no longer slow down those of the next. */
export async function forgetWrongKeys(): Promise<void> {
  await runInDurableObject(env.SIGN_IN_GUARD.getByName("sign-in"), (_, { storage }) => {
    storage.sql.exec("DELETE FROM attempts");
  });
}

export async function call(path: string, options: Call = {}): Promise<ApiResponse> {
  const { method = "GET", body, key = ADMINISTRATOR_KEY, entrypoint = "public", bindings } = options;
  const headers = new Headers(body === undefined ? {} : { "content-type": "application/json" });
  if (key !== null) headers.set("x-dashboard-key", key);
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
  const request = new Request(`https://nexus.example${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const ctx = createExecutionContext();
  const app = entrypoint === "public" ? api : dashboardApi;
  const response = await app.fetch(request, testEnv(bindings), ctx);
  const bytes = new Uint8Array(await response.arrayBuffer());
  await waitOnExecutionContext(ctx);
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, headers: response.headers, text, bytes, json: parsed(text) };
}

/** The JSON of a call that must succeed. */
export async function apiJson<T>(path: string, options: Call = {}): Promise<T> {
  const { status, text, json } = await call(path, options);
  expect(status, `${options.method ?? "GET"} ${path}: ${text}`).toBeLessThan(300);
  return json as T;
}

/** All pages of a list, from the first; `between` runs after each. */
export async function allPages<P extends { nextCursor: string | number | null }>(
  path: string,
  between: () => unknown = () => undefined,
): Promise<P[]> {
  const pages: P[] = [];
  for (let cursor: P["nextCursor"] = ""; cursor !== null; cursor = pages.at(-1)!.nextCursor) {
    pages.push(await apiJson<P>(`${path}&cursor=${encodeURIComponent(cursor)}`));
    await between();
  }
  return pages;
}

export interface Refusal {
  status: number;
  code: string;
  message: string;
  details: { in: string; parameter: string; problem: string; allowed: string }[];
}

/** The error of a call that must fail, in the common shape of API errors. */
export async function apiError(path: string, options: Call = {}): Promise<Refusal> {
  const { status, json, headers, text } = await call(path, options);
  expect(status, text).toBeGreaterThanOrEqual(400);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("content-type")).toMatch(/^application\/json/);
  const { error } = json as { error: Omit<Refusal, "status"> };
  expect(Object.keys(error).filter((name) => !["code", "message", "details"].includes(name))).toEqual([]);
  expect(error.message).toMatch(/^[^\n]{10,}$/);
  return { ...error, status, details: error.details ?? [] };
}

/** Stores exchanges through ingest, in order of the list. */
export async function store(...exchanges: (TestExchange | ExchangeOptions)[]): Promise<TestExchange[]> {
  const made = exchanges.map((exchange) => ("id" in exchange ? exchange : makeExchange(exchange)));
  const { acks } = await ingest(...made);
  expect(acks).toHaveLength(made.length);
  return made;
}

/** These fields of each, as the rows of a table. */
export const columns = <T, Field extends keyof T>(list: readonly T[], ...fields: Field[]) =>
  list.map((one) => fields.map((field) => one[field]));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
