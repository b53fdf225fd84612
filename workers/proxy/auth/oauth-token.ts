/**
 * Access tokens on the hot path. Each isolate keeps the token of an account until shortly before it expires, so that a request
 * with a warm token asks nobody; otherwise the account's OAuthAccount object is asked, which renews it if need be.
 */
import type { Config } from "../../runtime/config.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { TokenAnswer } from "../../schemas/oauth.ts";
import { callOAuthAccount } from "../../store/tenants/oauth-stub.ts";

export type OAuthToken = Extract<TokenAnswer, { result: "token" }>;

interface Warm extends OAuthToken {
  /** The credential as it was stored last; a new login makes what is warm here old. */
  version: number;
}

/** A deployment has tens of accounts; beyond this many the oldest are asked for again. */
const MAX_WARM = 1_000;
const warm = new Map<string, Warm>();

export interface TokenRequest {
  accountId: string;
  /** `credentialVersion` of the domain's record. */
  version: number;
  /** The token that upstream has just refused, or null. */
  refused: OAuthToken | null;
}

/** Never rejects: an object that cannot be asked is "unavailable", unless the token that is here still lives. */
export async function oauthToken(
  env: Env,
  config: Config,
  { accountId, version, refused }: TokenRequest,
): Promise<TokenAnswer> {
  const known = warm.get(accountId);
  const usable =
    known && known.version === version && known.generation > (refused?.generation ?? -Infinity)
      ? known
      : null;
  if (usable && usable.expiresAt - Date.now() > config.OAUTH_REFRESH_EARLY_MS) return usable;
  try {
    const answer = await callOAuthAccount(
      env,
      accountId,
      async (account): Promise<TokenAnswer> => await account.token(refused?.generation ?? null),
    );
    if (answer.result === "token") remember(accountId, { ...answer, version });
    return answer;
  } catch (thrown) {
    log.error("oauth: the account's object cannot be asked", { accountId, error: causeText(thrown) });
    return usable && usable.expiresAt > Date.now() ? usable : { result: "unavailable" };
  }
}

function causeText(thrown: unknown): string {
  return errorText(thrown instanceof Error && thrown.cause ? thrown.cause : thrown);
}

function remember(accountId: string, token: Warm): void {
  warm.delete(accountId);
  const oldest = warm.keys().next();
  if (warm.size >= MAX_WARM && !oldest.done) warm.delete(oldest.value);
  warm.set(accountId, token);
}
