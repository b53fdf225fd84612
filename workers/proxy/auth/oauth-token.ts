/**
 * Access tokens on the hot path. Each isolate keeps the token of an account until shortly before it expires, so that a request
 * with a warm token asks nobody; otherwise the account's OAuthAccount object is asked, which renews it if need be.
 */
import type { Config } from "../../runtime/config.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { TokenResult } from "../../schemas/oauth.ts";
import { callOAuthAccount } from "../../store/tenants/oauth-stub.ts";

export type OAuthToken = Extract<TokenResult, { result: "token" }>;

interface CachedToken extends OAuthToken {
  /** The credential as it was stored last; a new login makes what is warm here old. */
  version: number;
}

/** A deployment has tens of accounts; beyond this many the oldest are asked for again. */
const MAX_CACHED_TOKENS = 1_000;
const cachedTokens = new Map<string, CachedToken>();

export interface TokenRequest {
  accountId: string;
  /** `credentialVersion` of the domain's record. */
  version: number;
  /** The token that upstream has just refused, or null. */
  rejected: OAuthToken | null;
}

/** Never rejects: an object that cannot be asked is "unavailable", unless the token that is here still lives. */
export async function oauthToken(
  env: Env,
  config: Config,
  { accountId, version, rejected: refused }: TokenRequest,
): Promise<TokenResult> {
  const cached = cachedTokens.get(accountId);
  const usable =
    cached && cached.version === version && cached.generation > (refused?.generation ?? -Infinity)
      ? cached
      : null;
  if (usable && usable.expiresAt - Date.now() > config.OAUTH_REFRESH_EARLY_MS) return usable;
  try {
    const result = await callOAuthAccount(
      env,
      accountId,
      async (account): Promise<TokenResult> => await account.token(refused?.generation ?? null),
    );
    if (result.result === "token") cacheToken(accountId, { ...result, version });
    return result;
  } catch (thrown) {
    log.error("oauth: the account's object cannot be asked", { accountId, error: causeText(thrown) });
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
