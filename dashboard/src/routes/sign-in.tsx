/** Signing in and out: the pages before the gate. */
import { Hono, type Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { clientAddress, credentialHeaders } from "../api/client.ts";
import type { AppEnv } from "../context/environment.ts";
import { formatDuration } from "../format/time.ts";
import { clearSession, sessionToken, setSession } from "../http/cookies.ts";
import { field, hasCsrfToken } from "../http/require-csrf.tsx";
import { safeNext } from "../http/safe-next.ts";
import { SignInPage } from "../pages/sign-in.tsx";
import { viewOf } from "../context/view.ts";

export const signInRoutes = new Hono<AppEnv>();

signInRoutes.get("/sign-in", async (c) => {
  const next = safeNext(c.req.query("next"));
  const who = await c.env.API.whoAmI(credentialHeaders(c.req.raw.headers, sessionToken(c))).catch(() => null);
  if (who?.result === "known" && who.via !== "read_only") return c.redirect(next, 303);
  return who?.result === "unavailable"
    ? signInPage(c, 503, next, who.message)
    : signInPage(c, 200, next, who?.result === "closed" ? who.message : null);
});

signInRoutes.post("/sign-in", async (c) => {
  const body = await c.req.parseBody();
  const next = safeNext(field(body, "next") || c.req.query("next"));
  if (!(await hasCsrfToken(c))) {
    return signInPage(c, 403, next, "This form has expired or cookies are disabled. Try again.");
  }
  const key = field(body, "key").trim();
  if (key === "") return signInPage(c, 401, next, "Enter the dashboard key.");
  const result = await c.env.API.signIn({
    key: key.slice(0, 500),
    address: clientAddress(c.req.raw.headers),
  }).catch(() => ({
    result: "unavailable" as const,
    message: "The Worker did not respond. It may be deploying.",
  }));
  switch (result.result) {
    case "signed_in":
      setSession(c, result.token);
      return c.redirect(next, 303);
    case "wrong":
      return signInPage(c, 401, next, result.message);
    case "slow_down":
      c.header("retry-after", String(result.retryAfterSeconds));
      return signInPage(c, 429, next, withRetryTime(result.message, result.retryAfterSeconds));
    case "closed":
      return signInPage(c, 403, next, result.message);
    case "unavailable":
      return signInPage(c, 503, next, result.message);
  }
});

signInRoutes.post("/sign-out", async (c) => {
  if (!(await hasCsrfToken(c))) return c.redirect("/", 303);
  const token = sessionToken(c);
  // The cookie is always cleared. If the database is unavailable, the session itself ends at its expiry.
  if (token) await c.env.API.signOut(token).catch(() => undefined);
  clearSession(c);
  return c.redirect("/sign-in", 303);
});

/** Adds the waiting time where the API's message does not name it. */
function withRetryTime(message: string, seconds: number): string {
  return /\d/.test(message) ? message : `${message} Try again in ${formatDuration(seconds * 1000)}.`;
}

function signInPage(c: Context<AppEnv>, status: ContentfulStatusCode, next: string, message: string | null) {
  return c.html(
    <SignInPage view={viewOf(c)} assets={c.get("assets")} next={next} message={message} />,
    status,
  );
}
