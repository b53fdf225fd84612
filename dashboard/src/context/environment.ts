/**
 * What the dashboard runs on: one service binding to the Worker's DashboardApi entrypoint, static files, nothing else.
 * `Variables` is what the middleware leaves for the pages.
 */
import type { Caller, SignInRequest, SignInResult, WhoAmI } from "../../../workers/schemas/api/session.ts";
import type { Assets } from "./assets.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import type { ApiClient, Result } from "../api/client.ts";

/** The binding as the dashboard uses it: the methods of the entrypoint DashboardApi. Tests give a scripted one. */
export interface ApiBinding {
  fetch(request: Request): Promise<Response>;
  signIn(request: SignInRequest): Promise<SignInResult>;
  signOut(token: string): Promise<void>;
  whoAmI(headers: Record<string, string>): Promise<WhoAmI>;
  authenticate(headers: Record<string, string>): Promise<AuthenticatedApi>;
}

/** The API for one page: authenticated once, then used for several concurrent requests. */
export interface AuthenticatedApi {
  whoAmI(): Promise<WhoAmI>;
  /** As `fetch`, without credentials in the request. */
  fetch(request: Request): Promise<Response>;
}

export interface Bindings {
  API: ApiBinding;
  /** URL of the proxy in the local stack; deployed, each domain is its own URL. */
  LOCAL_PROXY_URL?: string;
  /** Pages' own static files; absent where the host serves them itself. */
  ASSETS?: { fetch(request: Request): Promise<Response> };
}

export interface Variables {
  assets: Assets;
  requestId: string;
  /** Epoch milliseconds; one value per page. */
  now: number;
  /** IANA name of the viewer's zone; UTC until the page's script has set the cookie. */
  zone: string;
  theme: "light" | "dark" | "system";
  /** Value of the hidden field of forms. */
  csrfToken: string;
  /** Set behind the sign-in gate only. */
  caller: Caller;
  api: ApiClient;
  /** Of a GET of a page: the status for the indicator beside "Health", null after a timeout. */
  health?: Promise<Result<Status> | null>;
}

export interface AppEnv {
  Bindings: Bindings;
  Variables: Variables;
}
