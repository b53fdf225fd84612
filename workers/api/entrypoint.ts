/**
 * The dashboard's door: reachable only over a service binding. `fetch` serves the same routes as the public host and
 * recognises sessions and Cloudflare Access besides the key; the methods sign people in and out.
 */
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { loadConfig } from "../runtime/config.ts";
import { type SignInRequest, type SignInResult, type WhoAmI } from "../schemas/api/session.ts";
import { withCaller } from "./auth/authenticate.ts";
import { identify } from "./auth/identify.ts";
import { dashboardApi } from "./index.ts";
import { signIn, signOut } from "./auth/sign-in.ts";

export class DashboardApi extends WorkerEntrypoint<Env> {
  override fetch(request: Request): Response | Promise<Response> {
    return dashboardApi.fetch(request, this.env, this.ctx);
  }

  /** Exchanges a dashboard key for a session of 7 days. Never throws; see SignInResult for the ways it ends. */
  signIn(request: SignInRequest): Promise<SignInResult> {
    return signIn(this.env, request, Date.now());
  }

  /** Revokes the session. An unknown or ended one is no error; rejects when the database cannot be reached. */
  signOut(token: string): Promise<void> {
    return signOut(this.env, token, Date.now());
  }

  /** One look at a page: whose credentials these are is found out once, whatever the page then asks for. */
  authenticate(headers: Record<string, string>): AuthenticatedApi {
    return new AuthenticatedApi(this.env, this.ctx, this.whoAmI(headers));
  }

  /** Who the bearer of these headers is (`x-nexus-session`, `cf-access-jwt-assertion`, `x-dashboard-key`, in lower case). */
  whoAmI(headers: Record<string, string>): Promise<WhoAmI> {
    return identify(loadConfig(this.env), (name) => headers[name] ?? null, "dashboard", Date.now());
  }
}

/** What the bearer of credentials may ask, while one page of the dashboard is made. */
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

  /** As the entrypoint's `fetch`, without credentials in the request. */
  async fetch(request: Request): Promise<Response> {
    return dashboardApi.fetch(withCaller(request, await this.#who), this.#env, this.#ctx);
  }
}
