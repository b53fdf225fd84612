/**
 * The way to an account's OAuthAccount object. All its methods may be called twice: a call that the object did not survive is
 * made again, to a new stub, as Cloudflare asks for.
 */
type Accounts = Pick<Env, "OAUTH_ACCOUNT">;
type OAuthAccountStub = ReturnType<Env["OAUTH_ACCOUNT"]["getByName"]>;

const RETRY_DELAYS_MS = [50, 250];

/** Asks the object; rejects when it cannot be reached, or failed in a way that trying again does not mend. */
export async function askOAuthAccount<T>(
  env: Accounts,
  accountId: string,
  question: (account: OAuthAccountStub) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await question(env.OAUTH_ACCOUNT.getByName(accountId));
    } catch (thrown) {
      const delay = RETRY_DELAYS_MS[attempt];
      if (delay === undefined || !mayRetry(thrown)) throw thrown;
      await scheduler.wait(delay);
    }
  }
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function mayRetry(thrown: unknown): boolean {
  const { retryable, overloaded, durableObjectReset } = (thrown ?? {}) as Record<string, unknown>;
  return overloaded !== true && (retryable === true || durableObjectReset === true);
}
