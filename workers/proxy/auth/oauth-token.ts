/**
 * Access tokens on the hot path. Each isolate caches the token of an account until shortly before it expires, so that most requests
 * need no call; otherwise the account's OAuthAccount object is called, which renews the token if necessary.
 */
import type { Config } from "../../runtime/config.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { TokenResult } from "../../schemas/oauth.ts";
import { callOAuthAccount } from "../../store/tenants/oauth-stub.ts";

export type OAuthToken = Extract<TokenResult, { result: "token" }>;

interface CachedToken extends OAuthToken {
  /** Version of the stored credential; a new login makes the cached token stale. */
  version: number;
}

/** A deployment has tens of accounts; beyond this many the oldest tokens are dropped. */
const MAX_CACHED_TOKENS = 1_000;
const cachedTokens = new Map<string, CachedToken>();

export interface TokenRequest {
  accountId: string;
  /** `credentialVersion` of the domain's record. */
  version: number;
  /** The token that upstream has just rejected, or null. */
  rejected: OAuthToken | null;
}

/** Never rejects: if the object cannot be called, returns the cached token until it expires, then "unavailable". */
export async function oauthToken(
  env: Env,
  config: Config,
  { accountId, version, rejected }: TokenRequest,
): Promise<TokenResult> {
  const cached = cachedTokens.get(accountId);
  const usable =
    cached && cached.version === version && cached.generation > (rejected?.generation ?? -Infinity)
      ? cached
      : null;
  if (usable && usable.expiresAt - Date.now() > config.OAUTH_REFRESH_EARLY_MS) return usable;
  try {
    const result = await callOAuthAccount(
      env,
      accountId,
      async (account): Promise<TokenResult> => await account.token(rejected?.generation ?? null),
    );
    if (result.result === "token") cacheToken(accountId, { ...result, version });
    return result;
  } catch (thrown) {
    log.error("oauth: call to the account's object failed", { accountId, error: causeText(thrown) });
    return usable && usable.expiresAt > Date.now() ? usable : { result: "unavailable" };
  }
}

function causeText(thrown: unknown): string {
  return errorText(thrown instanceof Error && thrown.cause ? thrown.cause : thrown);
}

function cacheToken(accountId: string, token: CachedToken): void {
  cachedTokens.delete(accountId);
  const oldest = cachedTokens.keys().next();
  if (cachedTokens.size >= MAX_CACHED_TOKENS && !oldest.done) cachedTokens.delete(oldest.value);
  cachedTokens.set(accountId, token);
}
