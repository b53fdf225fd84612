/** What GitHub's responses mean for a sync, and when it is tried again. Sources: docs.github.com, REST API, rate limits. */
import type { RepositoryFailure } from "../../schemas/prompt.ts";

interface RepositoryTarget {
  owner: string;
  repository: string;
  branch: string;
  folder: string;
}

/** GitHub names none in some responses over its secondary limits. */
const DEFAULT_WAIT_MS = 60_000;
const MAX_WAIT_MS = 3_600_000;

/** Of a response that is neither a success nor 304. `text`: the first KB of a 403's body. `now` in milliseconds. */
export function repositoryFailure(
  { status, headers, text = "" }: { status: number; headers: Pick<Headers, "get">; text?: string },
  { owner, repository, branch, folder }: RepositoryTarget,
  now: number,
): RepositoryFailure {
  const target = `${owner}/${repository}, branch ${branch}${folder === "" ? "" : `, folder ${folder}`}`;
  const failure = (reason: RepositoryFailure["reason"], message: string, retryAt: number | null = null) => ({
    reason,
    message,
    retryAt,
  });
  const seconds = (name: string) => {
    const value = headers.get(name);
    return value !== null && /^\d{1,12}$/.test(value) ? Number(value) : null;
  };
  const isSpent = seconds("x-ratelimit-remaining") === 0;
  const wait = seconds("retry-after");
  if (
    status === 429 ||
    (status === 403 && (isSpent || wait !== null || /secondary rate limit|abuse/i.test(text)))
  ) {
    const reset = isSpent ? seconds("x-ratelimit-reset") : null;
    const until = wait !== null ? now + wait * 1_000 : reset !== null ? reset * 1_000 : now + DEFAULT_WAIT_MS;
    const retryAt = Math.min(Math.max(until, now), now + MAX_WAIT_MS);
    return failure(
      "rate_limited",
      "GitHub's rate limit is used up: the next try waits for it. A token raises it from 60 to 5,000 requests per hour.",
      retryAt,
    );
  }
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return failure(
        "moved",
        `${owner}/${repository} has another name now: set MCP_GITHUB_OWNER and MCP_GITHUB_REPO to it.`,
      );
    case 401:
      return failure(
        "unauthorized",
        "GitHub does not accept the token: it is wrong, expired or revoked. Store a new one as MCP_GITHUB_TOKEN.",
      );
    case 403:
      return failure(
        "forbidden",
        `The token may not read ${target}. It needs the permission "Contents: read" and, where the organization has single sign-on, to be authorized for it.`,
      );
    case 404:
      return failure(
        "not_found",
        `There is no ${target}, or the token may not see it: check MCP_GITHUB_OWNER, _REPO, _BRANCH and _TOKEN.`,
      );
    case 409:
      return failure("no_commits", `${owner}/${repository} has no commits: push the first one.`);
    case 422:
      return failure("invalid", `GitHub does not know a commit of ${target}.`);
    default:
      return failure("unavailable", `GitHub responded with status ${status}.`);
  }
}

/**
 * When the next sync is due, in milliseconds; `null`: not before the settings change. After failures in a row the interval doubles
 * from one minute up to an hour, where that is longer.
 */
export function nextSyncAt(
  {
    failure,
    failuresInRow,
    intervalMs,
  }: { failure: RepositoryFailure | null; failuresInRow: number; intervalMs: number },
  now: number,
): number | null {
  if (!failure) return now + intervalMs;
  if (failure.reason === "unauthorized") return null;
  const backoff = Math.min(DEFAULT_WAIT_MS * 2 ** Math.min(failuresInRow - 1, 10), MAX_WAIT_MS);
  return Math.max(failure.retryAt ?? 0, now + Math.max(intervalMs, backoff));
}
