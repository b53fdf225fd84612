/**
 * Callers and sign-in: what crosses the service binding between the dashboard and the entrypoint `DashboardApi`. A public
 * host accepts the header `x-dashboard-key` only.
 */
import { z } from "zod";

export const Role = z.enum(["administrator", "viewer"]);
export type Role = z.infer<typeof Role>;

/** Request headers that carry a credential. `session` and `accessJwt` are accepted by the entrypoint only. */
export const CREDENTIAL_HEADERS = {
  key: "x-dashboard-key",
  session: "x-nexus-session",
  accessJwt: "cf-access-jwt-assertion",
} as const;

/** The client's IP address beside a dashboard key, as the dashboard's host received it. Accepted by the entrypoint only. */
export const CLIENT_ADDRESS_HEADER = "x-nexus-client-address";

/** `DashboardApi.signIn(request)`. `address`: the client's IP address from `cf-connecting-ip`, to slow down guessing. */
export const SignInRequest = z.object({ key: z.string().max(500), address: z.string().max(100) });
export type SignInRequest = z.infer<typeof SignInRequest>;

/**
 * `signed_in`: `token` (43 characters, base64url) is the value of the cookie. `wrong`: no such key. `slow_down`: no such key, after
 * too many wrong ones from this address or in total. `closed`: no dashboard key is configured, or Cloudflare Access is used instead. `unavailable`: the database is
 * unavailable, so no session was created; or a configured key is too short. `message` is shown to the user.
 */
export const SignInResult = z.discriminatedUnion("result", [
  z.object({ result: z.literal("signed_in"), token: z.string(), role: Role, expiresAt: z.iso.datetime() }),
  z.object({ result: z.literal("wrong"), message: z.string() }),
  z.object({
    result: z.literal("slow_down"),
    retryAfterSeconds: z.number().int().positive(),
    message: z.string(),
  }),
  z.object({ result: z.literal("closed"), message: z.string() }),
  z.object({ result: z.literal("unavailable"), message: z.string() }),
]);
export type SignInResult = z.infer<typeof SignInResult>;

/** How a caller was identified; `read_only`: without a credential, under DASHBOARD_READ_ONLY. */
export const Via = z.enum(["key", "session", "access", "read_only"]);
export type Via = z.infer<typeof Via>;

/** An identified caller. `actor` is its name in the audit log: "session:1a2b3c4d", "ann@example.com", "dashboard-key". */
export const Caller = z.object({
  role: Role,
  actor: z.string(),
  via: Via,
  /** True for viewers, and without a credential under DASHBOARD_READ_ONLY. */
  readOnly: z.boolean(),
});
export type Caller = z.infer<typeof Caller>;

/**
 * `DashboardApi.whoAmI(headers)`: headers by the names above, in lower case. `anonymous`: no credential, or an ended session;
 * `refused`: an invalid credential; `slow_down`: the same for a key, after too many wrong ones; `closed`: neither a key nor an
 * Access application is configured, or on the dashboard Access is, and there is no token; `unavailable`: the database or the Access
 * certificates could not be reached, a configured key is too short, or Access is configured in part.
 */
export const WhoAmI = z.discriminatedUnion("result", [
  Caller.extend({ result: z.literal("known") }),
  z.object({ result: z.enum(["anonymous", "refused", "closed", "unavailable"]), message: z.string() }),
  z.object({
    result: z.literal("slow_down"),
    retryAfterSeconds: z.number().int().positive(),
    message: z.string(),
  }),
]);
export type WhoAmI = z.infer<typeof WhoAmI>;
