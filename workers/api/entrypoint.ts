/**
 * The dashboard's door: reachable only over a service binding. `fetch` serves the same routes as the public host and
 * recognises sessions and Cloudflare Access besides the key; the methods sign people in and out.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { SignInRequest, SignInResult, WhoAmI } from "../schemas/api-session.ts";
import { api } from "./index.ts";

export class DashboardApi extends WorkerEntrypoint<Env> {
  override fetch(request: Request): Response | Promise<Response> {
    return api.fetch(request, this.env, this.ctx);
  }

  /** Exchanges a dashboard key for a session of 7 days. Never throws; see SignInResult for the ways it ends. */
  async signIn(_request: SignInRequest): Promise<SignInResult> {
    return { result: "unavailable", message: "Signing in is not available yet." };
  }

  /** Revokes the session. An unknown or ended one is no error. */
  async signOut(_token: string): Promise<void> {}

  /** Who the bearer of these headers is (`x-nexus-session`, `cf-access-jwt-assertion`, `x-dashboard-key`). */
  async whoAmI(_headers: Record<string, string>): Promise<WhoAmI> {
    return { result: "unavailable", message: "Signing in is not available yet." };
  }
}
