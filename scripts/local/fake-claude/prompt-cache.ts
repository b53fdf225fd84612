/**
 * The prompt cache, simulated per credential and model: the prefix up to the last cache_control marker is read if it was
 * written within its lifetime, else written. A growing conversation reads its history and writes its tail.
 * https://docs.claude.com/en/docs/build-with-claude/prompt-caching
 */
import { digest } from "./random.ts";
import { tokensOf, type Usage } from "./model-response.ts";
import { isRecord } from "./http.ts";

/** Shorter prefixes are not cached; the limit depends on the model, 1,024 is the most common. */
const MINIMUM_TOKENS = 1024;
const LIFETIME_MS = { "5m": 300_000, "1h": 3_600_000 };
type Ttl = keyof typeof LIFETIME_MS;

interface Part {
  text: string;
  tokens: number;
  /** The marker of this part. */
  ttl: Ttl | null;
}

function ttlOf(marker: unknown): Ttl | null {
  if (!isRecord(marker)) return null;
  return marker.ttl === "1h" ? "1h" : "5m";
}

function partOf(where: string, value: unknown): Part {
  if (!isRecord(value)) return { text: `${where}${JSON.stringify(value)}`, tokens: 1, ttl: null };
  const { cache_control: marker, ...rest } = value;
  // An image's tokens depend on its area; 1,500 is a usual screenshot.
  const nested = JSON.stringify(rest, (key, inner: unknown) => (key === "data" ? "" : inner));
  const images = nested.split('"type":"image"').length - 1;
  return {
    text: `${where}${JSON.stringify(rest)}`,
    tokens: tokensOf(nested) + images * 1500,
    ttl: ttlOf(marker),
  };
}

/** A string and an array with that one text are the same content. */
function blocks(content: unknown): unknown[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content : [];
}

/** Tools, then system, then messages: the order in which Claude reads a request. */
function partsOf(request: Record<string, unknown>): Part[] {
  const parts = blocks(request.tools).map((tool) => partOf("tool", tool));
  parts.push(...blocks(request.system).map((block) => partOf("system", block)));
  for (const message of Array.isArray(request.messages) ? (request.messages as unknown[]) : []) {
    if (isRecord(message))
      parts.push(...blocks(message.content).map((block) => partOf(String(message.role), block)));
  }
  const last = parts.at(-1);
  if (last && request.cache_control) last.ttl ??= ttlOf(request.cache_control);
  return parts;
}

/** Input tokens of a request, cached or not, as in /v1/messages/count_tokens. */
export function countTokens(request: Record<string, unknown>): number {
  return 7 + partsOf(request).reduce((sum, part) => sum + part.tokens, 0);
}

export class PromptCache {
  /** Hash of a prefix → its expiry, epoch milliseconds. */
  readonly #kept = new Map<string, number>();

  /** Counts the request's input and stores its prefixes. `owner` separates credentials. */
  account(request: Record<string, unknown>, owner: string, now: number): Usage {
    const parts = partsOf(request);
    const lastMarked = parts.findLastIndex((part) => part.ttl !== null);
    const lastHour = parts.findLastIndex((part) => part.ttl === "1h");
    let hash = digest(owner, String(request.model));
    let tokens = 0;
    let total = 7;
    let read = 0;
    let cacheable = 0;
    let hourTokens = 0;
    const prefixes: { hash: string; ttl: Ttl }[] = [];
    parts.forEach((part, index) => {
      total += part.tokens;
      if (index > lastMarked) return;
      hash = digest(hash, part.text);
      tokens += part.tokens;
      if ((this.#kept.get(hash) ?? 0) > now) read = tokens;
      if (index <= lastHour) hourTokens = tokens;
      cacheable = tokens;
      prefixes.push({ hash, ttl: index <= lastHour ? "1h" : "5m" });
    });
    if (cacheable < MINIMUM_TOKENS) {
      read = 0;
      cacheable = 0;
    } else {
      for (const prefix of prefixes) {
        const until = now + LIFETIME_MS[prefix.ttl];
        this.#kept.set(prefix.hash, Math.max(until, this.#kept.get(prefix.hash) ?? 0));
      }
    }
    if (this.#kept.size > 200_000) this.#forget(now);
    const written = cacheable - read;
    const hour = Math.max(0, Math.min(hourTokens, cacheable) - read);
    return {
      input_tokens: total - cacheable,
      cache_creation_input_tokens: written,
      cache_read_input_tokens: read,
      cache_creation: { ephemeral_5m_input_tokens: written - hour, ephemeral_1h_input_tokens: hour },
      output_tokens: 1,
      service_tier: "standard",
      inference_geo: "not_available",
    };
  }

  #forget(now: number): void {
    for (const [hash, until] of this.#kept) if (until <= now) this.#kept.delete(hash);
  }
}
