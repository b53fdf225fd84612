/**
 * Reads a repository over GitHub's REST API: the head of the branch, trees and blobs. https://docs.github.com/rest/git
 * `repositoryFailure` says what a status means; nothing is tried again here.
 */
import { z } from "zod";
import { repositoryFailure } from "../../domain/prompts/repository-failure.ts";
import type { PromptRepository } from "../../domain/prompts/sync-prompts.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import { MAX_FILE_CHARACTERS, type RepositoryFailure } from "../../schemas/prompt.ts";
import { readBody } from "../../runtime/read-body.ts";
import type { PromptSource } from "./source.ts";

/** GitHub supports this version at least until March 2028. https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";
/** GitHub returns 403 without one, and workerd sends none of its own. */
const USER_AGENT = "claude-nexus-edge";
const RAW = "application/vnd.github.raw+json";
const JSON_TYPE = "application/vnd.github+json";
const SHA_TYPE = "application/vnd.github.sha";
const CALL_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;
/** GitHub cuts a tree at 7 MB. */
const MAX_TREE_BYTES = 8 * 1_048_576;
const MAX_HEAD_BYTES = 1_024;
const MAX_REASON_BYTES = 1_024;

const Sha = z.string().regex(/^[0-9a-f]{40}$/);
const Tree = z.object({
  tree: z.array(
    z.object({
      path: z.string(),
      mode: z.string(),
      type: z.string(),
      sha: Sha,
      size: z.number().int().nonnegative().optional(),
    }),
  ),
  truncated: z.boolean(),
});

export interface GitHubRepository extends PromptRepository {
  /** Whether a call was redirected, as those for a renamed or transferred repository are. */
  hasMoved(): boolean;
}

interface Received {
  headers: Headers;
  bytes: Uint8Array;
}

/** `endAt`: epoch milliseconds after which calls fail. No method rejects. */
export function gitHubRepository(source: PromptSource, endAt: number): GitHubRepository {
  const { apiUrl, owner, repository, branch, token } = source;
  let hasMoved = false;
  const fail = (reason: RepositoryFailure["reason"], message: string) =>
    failed({ reason, message, retryAt: null });
  const unreachable = (message: string) => fail("unavailable", message);

  /** The body of a success; `null` for 304. */
  async function get(
    path: string,
    { accept, etag = null, maxBytes }: { accept: string; etag?: string | null; maxBytes: number },
  ): Promise<Result<Received | null, RepositoryFailure>> {
    const remaining = endAt - Date.now();
    if (remaining <= 0) return unreachable("Reading the repository took too long.");
    const headers = {
      accept,
      "user-agent": USER_AGENT,
      "x-github-api-version": API_VERSION,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(etag === null ? {} : { "if-none-match": etag }),
    };
    let url = `${apiUrl}/repos/${owner}/${repository}/${path}`;
    const signal = AbortSignal.timeout(Math.min(CALL_TIMEOUT_MS, remaining));
    try {
      for (let redirects = 0; ; redirects++) {
        const response = await fetch(url, { headers, redirect: "manual", signal });
        if (response.status === 304) return ok(null);
        if (response.ok) {
          const bytes = await readBody(response.body, maxBytes);
          if (bytes === null) return fail("too_large", "GitHub sent more than it announced.");
          return ok({ headers: response.headers, bytes });
        }
        // Only the text tells a secondary rate limit from a missing permission.
        const text = response.status === 403 ? await readStart(response.body, MAX_REASON_BYTES) : "";
        if (response.status !== 403) await response.body?.cancel();
        const next = redirectOf(response, url);
        if (next === null || redirects >= MAX_REDIRECTS) {
          const { status, headers: received } = response;
          return failed(repositoryFailure({ status, headers: received, text }, source, Date.now()));
        }
        hasMoved = true;
        url = next;
      }
    } catch (thrown) {
      const isLate = thrown instanceof Error && thrown.name === "TimeoutError";
      return unreachable(isLate ? "GitHub did not respond in time." : "GitHub could not be reached.");
    }
  }

  return {
    hasMoved: () => hasMoved,
    async head(etag) {
      // A branch may hold slashes, which GitHub takes as they are.
      const name = branch.split("/").map(encodeURIComponent).join("/");
      const read = await get(`commits/${name}`, { accept: SHA_TYPE, etag, maxBytes: MAX_HEAD_BYTES });
      if (!read.ok || read.value === null) return read as Result<null, RepositoryFailure>;
      const commit = Sha.safeParse(new TextDecoder().decode(read.value.bytes).trim());
      if (!commit.success) return fail("invalid", "GitHub's response names no commit.");
      return ok({ commit: commit.data, etag: read.value.headers.get("etag") });
    },
    async tree(sha, isRecursive) {
      const path = `git/trees/${sha}${isRecursive ? "?recursive=1" : ""}`;
      const read = await get(path, { accept: JSON_TYPE, maxBytes: MAX_TREE_BYTES });
      if (!read.ok) return read;
      const tree = Tree.safeParse(parsed(read.value?.bytes));
      if (!tree.success) return fail("invalid", "GitHub's response is no tree.");
      return ok({ entries: tree.data.tree, isTruncated: tree.data.truncated });
    },
    async blob(sha) {
      const read = await get(`git/blobs/${sha}`, { accept: RAW, maxBytes: MAX_FILE_CHARACTERS });
      if (!read.ok) return read;
      return read.value ? ok(read.value.bytes) : fail("invalid", "GitHub's response is no blob.");
    },
  };
}

/** The first `maxBytes` of a body; what follows is not read. */
async function readStart(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<string> {
  let text = "";
  if (!body) return text;
  const decoder = new TextDecoder();
  let left = maxBytes;
  for await (const chunk of body) {
    text += decoder.decode(chunk.subarray(0, left), { stream: true });
    left -= chunk.length;
    if (left <= 0) break;
  }
  return text;
}

/** Where the same server redirects to; `null` otherwise: the token is sent to no other. */
function redirectOf(response: Response, from: string): string | null {
  if (![301, 302, 307, 308].includes(response.status)) return null;
  const to = URL.parse(response.headers.get("location") ?? "", from);
  return to && to.origin === new URL(from).origin ? to.href : null;
}

function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
