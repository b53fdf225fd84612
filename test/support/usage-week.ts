/** A week of exchanges of two accounts on three domains, made from a seed, up to an instant. */
import { messageStream, type ExchangeOptions, messageRequest } from "./exchanges.ts";
import { random } from "./prose.ts";

const WEEK_MS = 7 * 86_400_000;

/** Most of them in the last day; one is at `now` itself. */
export function usageWeek(now: number, count: number): ExchangeOptions[] {
  // With this seed both accounts have exchanges between one and two hours before `now`.
  const next = random(20_261_126);
  const below = (n: number) => Math.floor(next() * n);
  return Array.from({ length: count }, (_, n) => {
    const ago = n === 0 ? 0 : n % 3 === 0 ? below(WEEK_MS) : below(WEEK_MS / 7);
    const usage = {
      input_tokens: below(500),
      cache_read_input_tokens: below(9_000),
      cache_creation_input_tokens: below(400),
    };
    return {
      startedAt: now - ago,
      domain: `team-${below(3)}.example`,
      requestBody: messageRequest(`Question ${n}`, { model: `claude-model-${below(3)}` }),
      responseBody: messageStream("x".repeat(below(300)), usage),
      requestMetadata: {
        accountId: `acc_${below(2)}`,
        headers: {
          "content-type": "application/json",
          "x-claude-code-session-id": `00000000-0000-4000-8000-00000000000${below(5)}`,
        },
      },
      ...(n % 20 === 7 ? refused : {}),
    };
  });
}

const refused = {
  responseBody: '{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}',
  responseMetadata: { status: 429, headers: { "content-type": "application/json" } },
};
