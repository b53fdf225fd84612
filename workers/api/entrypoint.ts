/**
 * The dashboard's door: reachable only over a service binding. `fetch` serves the same routes as the public host and
 * recognises sessions and Cloudflare Access besides the key; the methods sign people in and out.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { loadConfig } from "../config.ts";
import { type SignInRequest, type SignInResult, type WhoAmI } from "../schemas/api-session.ts";
import { recognise } from "./callers.ts";
import { dashboardApi } from "./index.ts";
import { signIn, signOut } from "./sign-in.ts";

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

  /** Who the bearer of these headers is (`x-nexus-session`, `cf-access-jwt-assertion`, `x-dashboard-key`, in lower case). */
  whoAmI(headers: Record<string, string>): Promise<WhoAmI> {
    return recognise(loadConfig(this.env), (name) => headers[name] ?? null, "dashboard", Date.now());
  }
}
