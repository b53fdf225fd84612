import { WorkerEntrypoint } from "cloudflare:workers";
import { api } from "./index.ts";

export class DashboardApi extends WorkerEntrypoint<Env> {
  override fetch(request: Request): Response | Promise<Response> {
    return api.fetch(request, this.env, this.ctx);
  }
}
