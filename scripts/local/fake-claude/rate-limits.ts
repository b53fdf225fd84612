/**
 * Rate-limit headers in Claude's two styles: limits per minute for API keys, rolling 5-hour and 7-day windows (`unified-*`) for
 * subscription logins and gateway tokens. They follow actual usage.
 */
import type { Usage } from "./model-response.ts";

const HOUR_MS = 3_600_000;
/** Weighted tokens that fill a window; small enough that the demo's traffic is visible. */
const FIVE_HOUR_TOKENS = 1_500_000;
const SEVEN_DAY_TOKENS = 15_000_000;
const PER_MINUTE = { requests: 4_000, input: 2_000_000, output: 400_000 };

interface Consumption {
  minute: number;
  requests: number;
  input: number;
  output: number;
  window: number;
  windowTokens: number;
  weekTokens: number;
}

/** `unified` for sk-ant-oat… and for Bearer tokens that are not Anthropic keys. */
export function isUnified(xApiKey: string | undefined, bearer: string | undefined): boolean {
  if (xApiKey !== undefined) return false;
  return bearer !== undefined && (bearer.startsWith("sk-ant-oat") || !bearer.startsWith("sk-ant-"));
}

export class RateLimits {
  readonly #consumed = new Map<string, Consumption>();

  #of(owner: string, now: number): Consumption {
    const minute = Math.floor(now / 60_000);
    const window = Math.floor(now / (5 * HOUR_MS));
    let found = this.#consumed.get(owner);
    if (!found) {
      found = { minute, requests: 0, input: 0, output: 0, window, windowTokens: 0, weekTokens: 0 };
      this.#consumed.set(owner, found);
    }
    if (found.minute !== minute) Object.assign(found, { minute, requests: 0, input: 0, output: 0 });
    if (found.window !== window) Object.assign(found, { window, windowTokens: 0 });
    return found;
  }

  /** Adds one response; cache reads weigh a tenth, as in price. */
  use(owner: string, usage: Usage, outputTokens: number, now: number): void {
    const consumed = this.#of(owner, now);
    const input = usage.input_tokens + usage.cache_creation_input_tokens;
    const weighed = input + usage.cache_read_input_tokens / 10 + outputTokens * 5;
    consumed.input += input;
    consumed.output += outputTokens;
    consumed.windowTokens += weighed;
    consumed.weekTokens += weighed;
  }

  /** The headers of one response; counts the request. `rejected`: the window is shown as full. */
  headers(owner: string, unified: boolean, now: number, rejected = false): Record<string, string> {
    const consumed = this.#of(owner, now);
    consumed.requests += 1;
    if (!unified) {
      const reset = new Date((consumed.minute + 1) * 60_000).toISOString().replace(".000Z", "Z");
      const line = (kind: string, limit: number, used: number): [string, string][] => [
        [`anthropic-ratelimit-${kind}-limit`, String(limit)],
        [`anthropic-ratelimit-${kind}-remaining`, String(rejected ? 0 : Math.max(0, limit - used))],
        [`anthropic-ratelimit-${kind}-reset`, reset],
      ];
      return Object.fromEntries([
        ...line("requests", PER_MINUTE.requests, consumed.requests),
        ...line("input-tokens", PER_MINUTE.input, consumed.input),
        ...line("output-tokens", PER_MINUTE.output, consumed.output),
        ...line("tokens", PER_MINUTE.input + PER_MINUTE.output, consumed.input + consumed.output),
      ]);
    }
    const fiveHour = rejected ? 1.01 : consumed.windowTokens / FIVE_HOUR_TOKENS;
    const week = Math.max(consumed.weekTokens / SEVEN_DAY_TOKENS, 0.01);
    const status = fiveHour >= 1 ? "rejected" : fiveHour >= 0.8 ? "allowed_warning" : "allowed";
    const seconds = (ms: number) => String(Math.floor(ms / 1000));
    const fiveHourReset = seconds((consumed.window + 1) * 5 * HOUR_MS);
    return {
      "anthropic-ratelimit-unified-status": status,
      "anthropic-ratelimit-unified-reset": fiveHourReset,
      "anthropic-ratelimit-unified-representative-claim": "five_hour",
      "anthropic-ratelimit-unified-fallback-percentage": "0.5",
      "anthropic-ratelimit-unified-5h-status": status,
      "anthropic-ratelimit-unified-5h-utilization": fiveHour.toFixed(4),
      "anthropic-ratelimit-unified-5h-reset": fiveHourReset,
      "anthropic-ratelimit-unified-7d-status": "allowed",
      "anthropic-ratelimit-unified-7d-utilization": week.toFixed(4),
      "anthropic-ratelimit-unified-7d-reset": seconds(
        (Math.floor(now / (168 * HOUR_MS)) + 1) * 168 * HOUR_MS,
      ),
      "anthropic-ratelimit-unified-overage-status": "rejected",
      "anthropic-ratelimit-unified-overage-disabled-reason": "org_level_disabled",
    };
  }
}
