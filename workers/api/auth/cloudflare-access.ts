/** Verifies Cloudflare Access tokens with the team's published keys. Fails closed. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { type AccessApplication, identify } from "../../domain/auth/access-identity.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { Role } from "../../schemas/api/session.ts";

const CERTS_TIMEOUT_MS = 5_000;
/** Tolerated clock difference between signer and Worker. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Key sets by issuer; jose refreshes one when a token names a key that it lacks. */
const keySetCache = new Map<string, JWTVerifyGetKey>();

/** `invalid`: bad signature, expired, for another application, or without identity. `unavailable`: the keys could not be fetched. */
export type AccessResult =
  { result: "valid"; role: Role; actor: string } | { result: "invalid" } | { result: "unavailable" };

/**
 * Checks signature (RS256, keys of `<issuer>/cdn-cgi/access/certs`), issuer, audience and times at `now` (epoch
 * milliseconds), then returns role and actor. https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/validating-json/
 */
export async function verifyAccessToken(
  application: AccessApplication,
  token: string,
  now: number,
): Promise<AccessResult> {
  try {
    const { payload } = await jwtVerify(token, keySet(application.issuer), {
      algorithms: ["RS256"],
      issuer: application.issuer,
      audience: application.audience,
      requiredClaims: ["exp", "iat"],
      currentDate: new Date(now),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    const person = identify(application, payload);
    return person ? { result: "valid", ...person } : { result: "invalid" };
  } catch (thrown) {
    if (isInvalidToken(thrown)) return { result: "invalid" };
    log.error("access: fetching certificates failed", { error: errorText(thrown) });
    return { result: "unavailable" };
  }
}

function keySet(issuer: string): JWTVerifyGetKey {
  const cached = keySetCache.get(issuer);
  if (cached) return cached;
  const url = new URL("/cdn-cgi/access/certs", issuer);
  const created = createRemoteJWKSet(url, { timeoutDuration: CERTS_TIMEOUT_MS });
  keySetCache.set(issuer, created);
  return created;
}

/** jose throws plain JOSEError, JWKSTimeout and JWKSInvalid for the key set; every other error concerns the token. */
function isInvalidToken(thrown: unknown): boolean {
  return (
    thrown instanceof errors.JOSEError &&
    thrown.code !== errors.JOSEError.code &&
    !(thrown instanceof errors.JWKSTimeout) &&
    !(thrown instanceof errors.JWKSInvalid)
  );
}
