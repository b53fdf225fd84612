/**
 * The vendor's token endpoint: its requests (JSON, as its own clients send) and responses. RFC 6749 5.1 and 5.2 for
 * the fields; errors have that shape or the API's own. Reasons hold no secret.
 */
import { z } from "zod";

/** Required with OAuth tokens, and by the token endpoint. */
export const OAUTH_BETA = "oauth-2025-04-20";
/** Lifetime of an access token if the response has none. */
const DEFAULT_LIFETIME_MS = 3_600_000;

export type TokenOutcome =
  | {
      kind: "granted";
      accessToken: string;
      /** Null: the previous one stays valid. */
      refreshToken: string | null;
      expiresInMs: number;
      /** Null: not reported. */
      scopes: string[] | null;
    }
  /** The refresh token has been replaced, but the response has no access token. */
  | { kind: "partial"; refreshToken: string; reason: string }
  /** The grant expired, was revoked, or was used twice. */
  | { kind: "invalid_grant"; reason: string }
  /** The grant's state is unknown; retryable. */
  | { kind: "failed"; reason: string };

export function refreshTokenBody(clientId: string, refreshToken: string): Record<string, string> {
  return { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId };
}

export interface CodeGrant {
  clientId: string;
  redirectUrl: string;
  code: string;
  state: string;
  verifier: string;
}

export function authorizationCodeBody({ clientId, redirectUrl, code, state, verifier }: CodeGrant) {
  return {
    grant_type: "authorization_code",
    code,
    state,
    client_id: clientId,
    redirect_uri: redirectUrl,
    code_verifier: verifier,
  };
}

const token = z
  .string()
  .min(1)
  .max(20_000)
  .regex(/^[\x21-\x7e]+$/);
const TokenResponse = z.looseObject({
  access_token: token.optional().catch(undefined),
  refresh_token: token.nullish().catch(undefined),
  expires_in: z.coerce
    .number()
    .positive()
    .max(10 * 365 * 86_400)
    .nullish()
    .catch(undefined),
  scope: z.string().nullish().catch(undefined),
});
const ErrorResponse = z.looseObject({
  error: z.union([z.string(), z.looseObject({ type: z.string() }).transform(({ type }) => type)]),
});

/**
 * Reads a response of the token endpoint. Only `invalid_grant` ends the grant; other errors (a firewall, a wrong client id, an
 * outage) do not affect it.
 */
export function readTokenResponse(status: number, text: string): TokenOutcome {
  const json = parsed(text);
  if (status >= 200 && status < 300) return readGrant(status, json);
  const failure = ErrorResponse.safeParse(json);
  // Included only if it is a plain code, because a response may echo the request.
  const code = failure.success && /^[a-z][a-z_]{0,40}$/.test(failure.data.error) ? failure.data.error : null;
  const reason = `the login server returned ${status}${code ? ` ${code}` : ""}`;
  return code === "invalid_grant" && status < 500
    ? { kind: "invalid_grant", reason }
    : { kind: "failed", reason };
}

function readGrant(status: number, json: unknown): TokenOutcome {
  const response = TokenResponse.safeParse(json);
  if (!response.success)
    return { kind: "failed", reason: `the login server returned ${status} without a JSON object` };
  const { access_token, refresh_token, expires_in, scope } = response.data;
  if (access_token === undefined) {
    const reason = `the login server returned ${status} without an access token`;
    return refresh_token
      ? { kind: "partial", refreshToken: refresh_token, reason }
      : { kind: "failed", reason };
  }
  return {
    kind: "granted",
    accessToken: access_token,
    refreshToken: refresh_token ?? null,
    expiresInMs: expires_in ? Math.floor(expires_in * 1_000) : DEFAULT_LIFETIME_MS,
    scopes: scope ? scope.split(/\s+/).filter(Boolean) : null,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
