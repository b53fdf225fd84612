/**
 * The way to an account's OAuthAccount object. All its methods may be called twice: a call that the object did not survive is
 * made again, to a new stub, as Cloudflare asks for.
 */
type Accounts = Pick<Env, "OAUTH_ACCOUNT">;
type OAuthAccountStub = ReturnType<Env["OAUTH_ACCOUNT"]["getByName"]>;

const RETRY_DELAYS_MS = [50, 250];

/** The object of an account cannot be reached, or fails. */
export class AccountUnavailableError extends Error {
  override readonly name = "AccountUnavailableError";
}

/** Asks the object. Rejects with AccountUnavailableError when it does not answer, also after further tries. */
export async function callOAuthAccount<T>(
  env: Accounts,
  accountId: string,
  call: (account: OAuthAccountStub) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call(env.OAUTH_ACCOUNT.getByName(accountId));
    } catch (thrown) {
      const delay = RETRY_DELAYS_MS[attempt];
      if (delay === undefined || !mayRetry(thrown))
        throw new AccountUnavailableError(`the object of account ${accountId} cannot be asked`, {
          cause: thrown,
        });
      await scheduler.wait(delay);
    }
  }
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function mayRetry(thrown: unknown): boolean {
  const { retryable, overloaded, durableObjectReset } = (thrown ?? {}) as Record<string, unknown>;
  return overloaded !== true && (retryable === true || durableObjectReset === true);
}
