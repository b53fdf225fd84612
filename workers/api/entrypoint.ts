/**
 * The dashboard's entrypoint, reachable only over a service binding. `fetch` serves the routes of the public host and also
 * accepts sessions and Cloudflare Access tokens; the methods sign people in and out.
 */
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { type SignInRequest, type SignInResult, type WhoAmI } from "../schemas/api/session.ts";
import { withCaller } from "./auth/authenticate.ts";
import { identify } from "./auth/identify.ts";
import { dashboardApi } from "./index.ts";
import { signIn, signOut } from "./auth/sign-in.ts";

export class DashboardApi extends WorkerEntrypoint<Env> {
  override fetch(request: Request): Response | Promise<Response> {
    return dashboardApi.fetch(request, this.env, this.ctx);
  }

  /** Exchanges a dashboard key for a session of 7 days. Never throws; SignInResult lists the outcomes. */
  signIn(request: SignInRequest): Promise<SignInResult> {
    return signIn(this.env, request, Date.now());
  }

  /** Revokes the session; unknown and ended sessions are ignored. Rejects when the database is unavailable. */
  signOut(token: string): Promise<void> {
    return signOut(this.env, token, Date.now());
  }

  /** Identifies the caller once; all requests of one page then go through the returned object. */
  authenticate(headers: Record<string, string>): AuthenticatedApi {
    return new AuthenticatedApi(this.env, this.ctx, this.whoAmI(headers));
  }

  /** Identifies the caller by `x-nexus-session`, `cf-access-jwt-assertion` or `x-dashboard-key` with `x-nexus-client-address` (names in lower case). */
  whoAmI(headers: Record<string, string>): Promise<WhoAmI> {
    return identify(this.env, (name) => headers[name] ?? null, "dashboard", Date.now());
  }
}

/** The API for an identified caller, for the duration of one dashboard page. */
class AuthenticatedApi extends RpcTarget {
  readonly #env: Env;
  readonly #ctx: ExecutionContext;
  readonly #who: Promise<WhoAmI>;

  constructor(env: Env, ctx: ExecutionContext, whoAmI: Promise<WhoAmI>) {
    super();
    this.#env = env;
    this.#ctx = ctx;
    this.#who = whoAmI;
  }

  whoAmI(): Promise<WhoAmI> {
    return this.#who;
  }

  /** `fetch` of the entrypoint for a request without credentials. */
  async fetch(request: Request): Promise<Response> {
    return dashboardApi.fetch(withCaller(request, await this.#who), this.#env, this.#ctx);
  }
}
