/** Usage as ingest reports it to an account's window, generated from a seed. */
import type { WindowExchange } from "../../workers/schemas/window.ts";

export function windowExchange(n: number, more: Partial<WindowExchange> = {}): WindowExchange {
  return {
    id: `00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`,
    startedAt: 0,
    domain: "team.example",
    sessionId: "s1",
    model: "claude-opus-5-5",
    inputTokens: 10,
    outputTokens: 5,
    cacheReadInputTokens: 100,
    cacheCreationInputTokens: 20,
    costPico: "1000",
    rank: 2,
    ...more,
  };
}

/** Spread over a span of time; some exactly on a minute, some without session, model or price. */
export function manyExchanges(
  random: () => number,
  { count, from, to }: { count: number; from: number; to: number },
): WindowExchange[] {
  const below = (n: number) => Math.floor(random() * n);
  return Array.from({ length: count }, (_, n) => {
    const at = from + below(to - from);
    return windowExchange(n, {
      startedAt: below(20) === 0 ? at - (at % 60_000) : at,
      domain: `d${below(4)}.example`,
      sessionId: below(10) === 0 ? null : `session-${below(60)}`,
      model: below(30) === 0 ? null : `model-${below(5)}`,
      inputTokens: below(3_000),
      outputTokens: below(2_000),
      cacheReadInputTokens: below(90_000),
      cacheCreationInputTokens: below(9_000),
      costPico: below(25) === 0 ? null : String(BigInt(below(2_000_000_000)) * 1_000_003n),
    });
  });
}

/** The list with a tenth of it duplicated, shuffled. */
export function withDisorder<T>(random: () => number, list: readonly T[]): T[] {
  const doubled = [...list, ...list.filter(() => random() < 0.1)];
  for (let n = doubled.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [doubled[n], doubled[other]] = [doubled[other]!, doubled[n]!];
  }
  return doubled;
}
