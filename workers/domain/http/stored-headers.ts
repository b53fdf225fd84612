/**
 * Which headers of an exchange are stored: those on these lists and no others, so that a credential, a cookie or an address
 * cannot be stored by omission. Called by workers/proxy before recording, and by workers/ingest.
 */
import { cachedByText } from "../cached-by-text.ts";
import { redact } from "../masking/redact.ts";
import { truncate } from "../truncate.ts";

/** A list entry that ends in `-` allows every name that begins with it. */
const REQUEST_HEADERS = [
  "accept",
  "accept-encoding",
  "anthropic-",
  "content-encoding",
  "content-length",
  "content-type",
  "user-agent",
  "x-app",
  "x-claude-code-",
  "x-session-id", // opencode
  "x-stainless-",
];

/** Names with an allowed prefix whose values are harmless: Claude Code's and the SDKs' own. Of others only the name is stored. */
const KNOWN_REQUEST_HEADERS: ReadonlySet<string> = new Set(
  `anthropic-beta anthropic-dangerous-direct-browser-access anthropic-organization-id anthropic-user-profile-id anthropic-version
  anthropic-worker-id anthropic-workspace-id x-claude-code-agent-id x-claude-code-agent-type x-claude-code-compaction
  x-claude-code-context-compacted x-claude-code-parent-agent-id x-claude-code-prev-tool-durations x-claude-code-prompt-id
  x-claude-code-request-class x-claude-code-session-id x-stainless-arch x-stainless-async x-stainless-custom-poll-interval
  x-stainless-helper x-stainless-helper-method x-stainless-lang x-stainless-os x-stainless-package-version
  x-stainless-poll-helper x-stainless-read-timeout x-stainless-retry-count x-stainless-runtime x-stainless-runtime-version
  x-stainless-timeout`.split(/\s+/),
);
const UNKNOWN_VALUE = "***";

const RESPONSE_HEADERS = [
  "anthropic-", // organization and workspace id, rate limits of any kind
  "cf-ray",
  "content-encoding",
  "content-length",
  "content-type",
  "request-id",
  "retry-after",
  "retry-after-ms",
  "server-timing",
  "via",
  "x-envoy-upstream-service-time",
  "x-should-retry",
];

const RATE_LIMIT_HEADERS = ["anthropic-ratelimit-", "retry-after", "x-should-retry"];

/** Never stored, even with an allowed prefix: a new vendor header may carry a secret. ("tokens" in rate limits is allowed.) */
const SECRET_NAME =
  /api-?key|auth(?!or)|cookie|credential|secret|password|token(?!s|-count)|assertion|signature/;

/** Characters of a value that are stored. */
const MAX_VALUE = 1_000;
/** Real exchanges have about 30; the rest is dropped. */
const MAX_HEADERS = 100;
const MAX_NAME = 100;

/** The request headers to store: names in lower case, secrets in values masked, values truncated. */
export function storedRequestHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return stored(headers, requestRule);
}

/** The response headers to store, likewise. */
export function storedResponseHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return stored(headers, responseRule);
}

/** The stored response headers about limits: `anthropic-ratelimit-*` with any suffix, `retry-after`, `x-should-retry`. */
export function rateLimitHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isListed(name, RATE_LIMIT_HEADERS)));
}

/** What is stored of a header: nothing, only its name, or its value as well. */
type Rule = "nothing" | "name" | "value";

const requestRule = cachedByText((name): Rule => {
  if (mayBeSecret(name) || !isListed(name, REQUEST_HEADERS)) return "nothing";
  return REQUEST_HEADERS.includes(name) || KNOWN_REQUEST_HEADERS.has(name) ? "value" : "name";
});
const responseRule = cachedByText((name): Rule =>
  mayBeSecret(name) || !isListed(name, RESPONSE_HEADERS) ? "nothing" : "value",
);
const mayBeSecret = (name: string) => name.length > MAX_NAME || SECRET_NAME.test(name);

function stored(
  headers: Iterable<readonly [string, string]>,
  ruleOf: (name: string) => Rule,
): Record<string, string> {
  const kept = new Map<string, string>();
  for (const [anyCase, value] of headers) {
    const name = anyCase.toLowerCase();
    const rule = ruleOf(name);
    if (rule === "nothing") continue;
    if (kept.size >= MAX_HEADERS) break;
    if (rule === "name") {
      kept.set(name, UNKNOWN_VALUE);
      continue;
    }
    const text = storedValue(value);
    const before = kept.get(name);
    kept.set(name, before === undefined ? text : truncate(`${before}, ${text}`, MAX_VALUE));
  }
  return Object.fromEntries(kept);
}

/** Masked before the final truncation, because a truncated key would not be recognised. */
const storedValue = cachedByText((value) => truncate(redact(truncate(value, 4 * MAX_VALUE)), MAX_VALUE), {
  entries: 1_000,
});

function isListed(name: string, list: readonly string[]): boolean {
  return list.some((entry) => (entry.endsWith("-") ? name.startsWith(entry) : name === entry));
}
