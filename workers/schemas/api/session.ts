/**
 * Who is asking, and how somebody signs in: what crosses the binding between the dashboard and the entrypoint
 * `DashboardApi`. None of it is reachable on a public host; there only the header `x-dashboard-key` counts.
 */
import { z } from "zod";

export const Role = z.enum(["administrator", "viewer"]);
export type Role = z.infer<typeof Role>;

/** The request headers that may carry a credential. `session` and `accessJwt` count behind the entrypoint only. */
export const CREDENTIAL_HEADERS = {
  key: "x-dashboard-key",
  session: "x-nexus-session",
  accessJwt: "cf-access-jwt-assertion",
} as const;

/** `DashboardApi.signIn(request)`. `address`: the client's IP address as Cloudflare saw it (`cf-connecting-ip`), to slow guessing. */
export const SignInRequest = z.object({ key: z.string().max(500), address: z.string().max(100) });
export type SignInRequest = z.infer<typeof SignInRequest>;

/**
 * `signed_in`: put `token` (43 characters, base64url) into the cookie. `wrong`: no such key. `slow_down`: too many wrong
 * keys, from this address or altogether; the key was not looked at. `closed`: no dashboard key is configured.
 * `unavailable`: the database cannot be reached, so no session could be made. `message` is fit for people's eyes.
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

/** How a caller was recognised; `read_only`: by nothing, DASHBOARD_READ_ONLY lets everybody read. */
export const Via = z.enum(["key", "session", "access", "read_only"]);
export type Via = z.infer<typeof Via>;

/** A recognised caller. `actor` is what the audit log writes: "session:1a2b3c4d", "ann@example.com", "dashboard-key". */
export const Caller = z.object({
  role: Role,
  actor: z.string(),
  via: Via,
  /** True where this caller may not write: a viewer's credential, or none under DASHBOARD_READ_ONLY. */
  readOnly: z.boolean(),
});
export type Caller = z.infer<typeof Caller>;

/**
 * `DashboardApi.whoAmI(headers)`: headers by their names above, in lower case. `nobody`: nothing was sent, or a session
 * that ended; `refused`: what was sent is wrong; `closed`: there is no key and no Access application to recognise
 * anybody by; `unavailable`: the database or the Access certificates could not be reached, so nobody can tell.
 */
export const WhoAmI = z.discriminatedUnion("result", [
  Caller.extend({ result: z.literal("known") }),
  z.object({ result: z.enum(["nobody", "refused", "closed", "unavailable"]), message: z.string() }),
]);
export type WhoAmI = z.infer<typeof WhoAmI>;
