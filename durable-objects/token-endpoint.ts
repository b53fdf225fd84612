/** Calls the vendor's token endpoint. Used by the OAuthAccount object; workers/domain/oauth/protocol.ts interprets the responses. */
import type { Config } from "../workers/runtime/config.ts";
import { VERSION } from "../workers/runtime/constants.ts";
import { OAUTH_BETA, readTokenResponse, type TokenOutcome } from "../workers/domain/oauth/protocol.ts";

/** One attempt. Never rejects: no response is an outcome. Redirects are not followed, so that tokens are sent nowhere else. */
export async function callTokenEndpoint(config: Config, body: object): Promise<TokenOutcome> {
  try {
    const response = await fetch(config.CLAUDE_OAUTH_TOKEN_URL, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        "anthropic-beta": OAUTH_BETA,
        "user-agent": `claude-nexus-edge/${VERSION}`,
      },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(config.OAUTH_TOKEN_TIMEOUT_MS),
    });
    return readTokenResponse(response.status, await response.text());
  } catch (thrown) {
    const hasTimedOut = thrown instanceof Error && thrown.name === "TimeoutError";
    const seconds = Math.round(config.OAUTH_TOKEN_TIMEOUT_MS / 1_000);
    return {
      kind: "failed",
      reason: hasTimedOut
        ? `the login server did not respond within ${seconds} s`
        : "the login server could not be reached or closed the connection",
    };
  }
}
