/** What every handler of the API finds in its context, and how a room of routes is made. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Config } from "../../runtime/config.ts";
import type { Caller } from "../../schemas/api/session.ts";
import { rejectInvalid } from "./errors.ts";

/** Through which door a call came: any host of the Worker, or the service binding of the dashboard. */
export type Audience = "public" | "dashboard";

export interface ApiEnv {
  Bindings: Env;
  Variables: { config: Config; caller: Caller };
}

export function newRoutes(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: rejectInvalid });
}
