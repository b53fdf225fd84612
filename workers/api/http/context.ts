/** The context of every API handler, and the factory of its Hono apps. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Config } from "../../runtime/config.ts";
import type { Caller } from "../../schemas/api/session.ts";
import { rejectInvalid } from "./errors.ts";

/** Where a call came in: a public host of the Worker, or the service binding of the dashboard. */
export type Audience = "public" | "dashboard";

export interface ApiEnv {
  Bindings: Env;
  Variables: { config: Config; caller: Caller };
}

export function newRoutes(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: rejectInvalid });
}
