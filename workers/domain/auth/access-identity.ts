/**
 * The identity and role in the claims of a Cloudflare Access token. Pure; workers/api/auth/cloudflare-access.ts has verified
 * signature, issuer, audience and times.
 */
import { z } from "zod";
import type { Role } from "../../schemas/api/session.ts";

/** The configured Access application. */
export interface AccessApplication {
  /** Issuer of the tokens, without a trailing slash. */
  issuer: string;
  audience: string;
  /** Lower-case e-mail addresses. */
  administrators: ReadonlySet<string>;
}

const Claims = z.looseObject({
  email: z
    .string()
    .max(254)
    .regex(/^[^\s@]+@[^\s@]+$/)
    .optional(),
  /** The name of a service token, which has no e-mail. */
  common_name: z
    .string()
    .max(254)
    .regex(/^[\w.@:-]+$/)
    .optional(),
});

/**
 * The Access application of these settings. "none" without settings; a problem that names the variable if one is missing or
 * invalid, and callers must then deny access. The team domain may be an https URL, or on loopback an http one.
 */
export function accessApplication(settings: {
  ACCESS_TEAM_DOMAIN?: string | undefined;
  ACCESS_AUD?: string | undefined;
  ACCESS_ADMIN_EMAILS?: string | undefined;
}): AccessApplication | "none" | { problem: string } {
  const { ACCESS_TEAM_DOMAIN: teamDomain, ACCESS_AUD: audience } = settings;
  if (!teamDomain && !audience && !settings.ACCESS_ADMIN_EMAILS) return "none";
  if (!teamDomain || !audience) {
    const missing = [!teamDomain && "ACCESS_TEAM_DOMAIN", !audience && "ACCESS_AUD"].filter(Boolean);
    return { problem: `${missing.join(" and ")} must be set too: Cloudflare Access is configured in part.` };
  }
  const issuer = issuerOf(teamDomain);
  if (!issuer)
    return { problem: "ACCESS_TEAM_DOMAIN must be a team domain such as team.cloudflareaccess.com." };
  const administrators = new Set(
    (settings.ACCESS_ADMIN_EMAILS ?? "")
      .split(",")
      .map((email) => email.trim().toLowerCase())
      .filter((email) => email !== ""),
  );
  return { issuer, audience, administrators };
}

/** Role and name of the user or service token of these claims; null without a name. */
export function identify(
  application: AccessApplication,
  claims: unknown,
): { role: Role; actor: string } | null {
  const parsed = Claims.safeParse(claims);
  if (!parsed.success) return null;
  const email = parsed.data.email?.toLowerCase();
  if (email)
    return { role: application.administrators.has(email) ? "administrator" : "viewer", actor: email };
  const service = parsed.data.common_name;
  return service ? { role: "viewer", actor: `access-service:${service}` } : null;
}

function issuerOf(teamDomain: string): string | null {
  const url = URL.parse(/^https?:\/\//i.test(teamDomain) ? teamDomain : `https://${teamDomain}`);
  if (!url || url.pathname !== "/" || url.search !== "" || url.username !== "") return null;
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  return url.protocol === "https:" || isLoopback ? url.origin : null;
}
