/**
 * Calls an account's OAuthAccount object. All its methods may be called twice, so a call that fails with the object is
 * retried with a new stub, as Cloudflare recommends.
 */
import { withRetry } from "../../runtime/retry.ts";

type Accounts = Pick<Env, "OAUTH_ACCOUNT">;
type OAuthAccountStub = ReturnType<Env["OAUTH_ACCOUNT"]["getByName"]>;

const RETRY_DELAYS_MS = [50, 250];

/** The object of an account cannot be reached, or fails. */
export class AccountUnavailableError extends Error {
  override readonly name = "AccountUnavailableError";
}

/** Rejects with AccountUnavailableError when the call fails, retries included. */
export async function callOAuthAccount<T>(
  env: Accounts,
  accountId: string,
  call: (account: OAuthAccountStub) => Promise<T>,
): Promise<T> {
  try {
    return await withRetry(RETRY_DELAYS_MS, () => call(env.OAUTH_ACCOUNT.getByName(accountId)), mayRetry);
  } catch (cause) {
    throw new AccountUnavailableError(`the object of account ${accountId} cannot be reached`, { cause });
  }
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function mayRetry(thrown: unknown): boolean {
  const { retryable, overloaded, durableObjectReset } = (thrown ?? {}) as Record<string, unknown>;
  return overloaded !== true && (retryable === true || durableObjectReset === true);
}
