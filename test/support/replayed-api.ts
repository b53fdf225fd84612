/**
 * The API behind the dashboard in tests: responses that a real Worker gave (test/record-dashboard.ts), by method and URL, with
 * variants for states that are hard to record. A URL that was not recorded fails the test, which names it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { ApiBinding } from "../../dashboard/src/context/environment.ts";
import type { Caller, WhoAmI } from "../../workers/schemas/api/session.ts";
import { withMaliciousStrings } from "./malicious-strings.ts";
import { type Recording, recordedKey } from "./recording.ts";

/** As recorded; nothing stored; malicious strings in all texts; status 503 for every request. */
export type Variant = "recorded" | "empty" | "malicious" | "down";

/** A response in place of a recorded one: a body of status 200, `respondWith(status, body)`, or a function of the URL that returns one. */
export type Override = unknown;

export interface ReplayOptions {
  variant?: Variant;
  /** The caller with GOOD_SESSION. */
  caller?: Caller;
  /** By "GET /api/…", without a query. */
  overrides?: Record<string, Override>;
  /** Whether a URL that was not recorded is a 404 instead of a failure: for addresses that a test makes up. */
  allowsUnknown?: boolean;
}

export interface ReplayedApi extends ApiBinding {
  /** "GET /api/…?query" of each request, in order. */
  readonly requested: string[];
  /** Bodies of PUT and POST. */
  readonly sent: unknown[];
  readonly overrides: Record<string, Override>;
}

const CALLER = { role: "administrator", actor: "session:1a2b3c4d", via: "session", readOnly: false } as const;
export const ADMINISTRATOR: Caller = CALLER;
export const VIEWER: Caller = { role: "viewer", actor: "session:5e6f7a8b", via: "session", readOnly: true };
export const ANYBODY: Caller = { role: "viewer", actor: "anybody", via: "read_only", readOnly: true };

/** The key that signs in, and the session it gives. */
export const GOOD_KEY = "the-right-key";
export const GOOD_SESSION = "s".repeat(43);

const read = (name: string) =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, `../fixtures/dashboard/${name}.json`), "utf8"),
  ) as Recording;
const recorded = read("recorded");
const empty = read("empty");

export const IDS = recorded.ids;
/** The recorded body of a GET, typed by the caller; a copy. */
export function recordedBody<T>(path: string): T {
  const found = recorded.responses[recordedKey("GET", new URL(path, "http://api"))];
  if (!found) throw new Error(`GET ${path} was not recorded.`);
  return structuredClone(found.body) as T;
}

class ReplayedResponse {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}
export const respondWith = (status: number, body: unknown) => new ReplayedResponse(status, body);
export const apiError = (status: number, code: string, message: string, details?: object[]) =>
  respondWith(status, { error: { code, message, ...(details && { details }) } });

export function replayedApi({
  variant = "recorded",
  caller = ADMINISTRATOR,
  overrides = {},
  allowsUnknown = false,
}: ReplayOptions = {}): ReplayedApi {
  const { responses } = variant === "empty" ? empty : recorded;
  const unknown: string[] = [];
  let wrongKeys = 0;
  const whoAmI = (headers: Record<string, string>): Promise<WhoAmI> => {
    const key = headers["x-dashboard-key"];
    const isSession = headers["x-nexus-session"] === GOOD_SESSION;
    if (caller.via === "read_only" || (key === undefined && isSession))
      return Promise.resolve({ result: "known", ...caller });
    if (key === GOOD_KEY)
      return Promise.resolve({ result: "known", ...ADMINISTRATOR, actor: "dashboard-key", via: "key" });
    return Promise.resolve(
      key === undefined
        ? { result: "anonymous", message: "Sign in first." }
        : { result: "refused", message: "That key is not valid." },
    );
  };
  const respond = (method: string, url: URL): ReplayedResponse => {
    if (variant === "down") return apiError(503, "unavailable", "The database cannot be reached just now.");
    const key = recordedKey(method, url);
    const [path = ""] = key.split("?");
    if (Object.hasOwn(overrides, path)) {
      const override = overrides[path];
      const made = override instanceof Function ? (override as (url: URL) => unknown)(url) : override;
      return made instanceof ReplayedResponse ? made : respondWith(200, made);
    }
    if (path === "GET /api/live") return respondWith(204, null);
    const found = responses[key] ?? (variant === "malicious" ? alike(responses, method, url) : undefined);
    if (found)
      return respondWith(
        found.status,
        variant === "malicious" ? withMaliciousStrings(found.body) : found.body,
      );
    if (!allowsUnknown) unknown.push(key);
    return apiError(404, "not_found", "There is no such thing.");
  };
  onTestFinished(() => expect(unknown, "URLs that were not recorded").toEqual([]));
  const api: ReplayedApi = {
    requested: [],
    sent: [],
    overrides,
    whoAmI,
    signIn({ key }) {
      if (wrongKeys >= 5)
        return Promise.resolve({
          result: "slow_down",
          retryAfterSeconds: 30,
          message: "Too many wrong keys.",
        });
      if (key === GOOD_KEY) {
        const expiresAt = new Date(Date.now() + 604_800_000).toISOString();
        return Promise.resolve({
          result: "signed_in",
          token: GOOD_SESSION,
          role: "administrator",
          expiresAt,
        });
      }
      wrongKeys++;
      return Promise.resolve({ result: "wrong", message: "That is not a key of this dashboard." });
    },
    signOut: () => Promise.resolve(),
    authenticate: (headers) =>
      Promise.resolve({ whoAmI: () => api.whoAmI(headers), fetch: (request) => api.fetch(request) }),
    async fetch(request) {
      const url = new URL(request.url);
      api.requested.push(`${request.method} ${url.pathname}${url.search}`);
      if (/^(PUT|POST)$/.test(request.method)) api.sent.push(await request.json());
      const { status, body } = respond(request.method, url);
      if (status === 204) return new Response(null, { status });
      return typeof body === "string" ? new Response(body, { status }) : Response.json(body, { status });
    },
  };
  return api;
}

/** What was recorded for a path that differs in one segment only, a malicious name. */
function alike(responses: Recording["responses"], method: string, { pathname }: URL) {
  const segments = `${method} ${pathname}`.split("/");
  const key = Object.keys(responses).find((one) => {
    const others = one.split("?")[0]!.split("/");
    return others.length === segments.length && others.filter((each, n) => each !== segments[n]).length <= 1;
  });
  return key === undefined ? undefined : responses[key];
}
