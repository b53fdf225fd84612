/** A believable day of requests, newest first: sessions of Claude Code, scripts, failures, sub-agents. */
import type { CostBreakdown, CostLine } from "../../workers/schemas/cost.ts";
import type { RequestRow } from "../../workers/schemas/api/requests.ts";
import { between, pick, randomFrom, uuidAt } from "./random.ts";

const DOMAINS = [
  { domain: "team-a.claude.example.com", accountId: "acc_research", weight: 5 },
  { domain: "team-b.claude.example.com", accountId: "acc_platform", weight: 3 },
  { domain: "ci.claude.example.com", accountId: "acc_platform", weight: 1 },
] as const;

/** Dollars per million tokens: input, cache read, cache write, output. */
const MODELS: readonly { model: string; rates: readonly [number, number, number, number]; weight: number }[] =
  [
    { model: "claude-opus-5-5", rates: [4, 0.2, 5, 20], weight: 6 },
    { model: "claude-sonnet-5-5", rates: [2, 0.1, 2.5, 10], weight: 4 },
    { model: "claude-haiku-5-5", rates: [0.1, 0.01, 0.125, 0.5], weight: 2 },
  ];
const TOOLS = ["Read", "Bash", "Edit", "Grep", "Write", "Agent"] as const;

/** Requests per hour of a working day, as shares. */
const HOURS = [1, 0, 0, 0, 0, 1, 2, 4, 9, 14, 15, 12, 8, 13, 16, 15, 12, 9, 5, 3, 2, 2, 1, 1];

function weighted<T extends { weight: number }>(random: () => number, list: readonly T[]): T {
  let left = random() * list.reduce((sum, entry) => sum + entry.weight, 0);
  return list.find((entry) => (left -= entry.weight) < 0) ?? list[0]!;
}

/** Dollars as an exact decimal, from integer pico-dollars. */
function dollars(tokens: readonly number[], rates: readonly number[]): string {
  const pico = tokens.reduce(
    (sum, count, index) => sum + BigInt(count) * BigInt(Math.round(rates[index]! * 1e6)),
    0n,
  );
  const digits = pico.toString().padStart(13, "0");
  return `${digits.slice(0, -12)}.${digits.slice(-12).replace(/0+$/, "") || "0"}`;
}

/** Rows of the 48 hours before `now`. */
export function busyRows(now: number): RequestRow[] {
  const random = randomFrom(20_261_123);
  const rows: RequestRow[] = [];
  for (let hour = 47; hour >= 0; hour--) {
    const start = Math.floor(now / 3_600_000) * 3_600_000 - hour * 3_600_000;
    const share = HOURS[new Date(start).getUTCHours()]!;
    const sessions = Math.ceil((share * (hour < 24 ? 1.1 : 0.95)) / 4);
    for (let index = 0; index < sessions; index++) rows.push(...session(random, start, now));
  }
  return rows.sort(
    (left, right) =>
      right.timestamp.localeCompare(left.timestamp) || right.requestId.localeCompare(left.requestId),
  );
}

function session(random: () => number, start: number, now: number): RequestRow[] {
  const { domain, accountId } = weighted(random, DOMAINS);
  const { model, rates } = weighted(random, MODELS);
  const sessionId = uuidAt(start, random);
  const turns = between(random, 3, 24);
  const rows: RequestRow[] = [];
  let at = start + between(random, 0, 3_000_000);
  let context = between(random, 14_000, 32_000);
  for (let turn = 0; turn < turns && at < now; turn++) {
    const grown = between(random, 300, 4_000);
    const output = between(random, 60, 1_800);
    const isFirst = turn === 0;
    const chance = random();
    rows.push(
      row(random, {
        at,
        domain,
        accountId,
        model,
        rates,
        sessionId,
        messages: turn * 2 + 1,
        tokens: [between(random, 4, 400), isFirst ? 0 : context, isFirst ? context : grown, output],
        ending:
          chance < 0.012 ? "overloaded" : chance < 0.02 ? "client_gone" : chance < 0.026 ? "broken" : "good",
      }),
    );
    context += grown + output;
    at += between(random, 6_000, 90_000);
  }
  return rows;
}

interface Facts {
  at: number;
  domain: string;
  accountId: string;
  model: string;
  rates: readonly number[];
  sessionId: string;
  messages: number;
  tokens: readonly [number, number, number, number];
  ending: "good" | "overloaded" | "client_gone" | "broken";
}

function row(random: () => number, facts: Facts): RequestRow {
  const [input, cacheRead, cacheWrite, output] = facts.tokens;
  const failed = facts.ending === "overloaded";
  const first = between(random, 420, 2_600);
  const tool = pick(random, TOOLS);
  return {
    requestId: uuidAt(facts.at, random),
    domain: facts.domain,
    accountId: facts.accountId,
    credentialType: "api_key",
    clientKeyId: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
    timestamp: new Date(facts.at).toISOString(),
    method: "POST",
    path: "/v1/messages",
    endpoint: "messages",
    requestType: random() < 0.06 ? "query_evaluation" : "inference",
    model: facts.model,
    modelServed: failed ? null : `${facts.model}-20260922`,
    stream: true,
    responseStatus: failed ? 529 : 200,
    outcome:
      facts.ending === "client_gone"
        ? "client_gone"
        : facts.ending === "broken"
          ? "upstream_failed"
          : "complete",
    error: failed ? "Overloaded" : null,
    errorType: failed ? "overloaded_error" : null,
    stopReason: failed ? null : random() < 0.7 ? "tool_use" : "end_turn",
    inputTokens: failed ? null : input,
    outputTokens: failed ? null : output,
    totalTokens: failed ? null : input + output,
    cacheReadInputTokens: failed ? null : cacheRead,
    cacheCreationInputTokens: failed ? null : cacheWrite,
    cacheCreation5mInputTokens: failed ? null : cacheWrite,
    cacheCreation1hInputTokens: failed ? null : 0,
    thinkingTokens: failed ? null : Math.round(output * 0.2),
    usagePartial: facts.ending === "client_gone" || facts.ending === "broken",
    serverToolUse: null,
    toolCalls: failed ? null : { [tool]: between(random, 1, 3) },
    toolCallCount: failed ? 0 : 1,
    costUsd: failed ? "0" : dollars(facts.tokens, facts.rates),
    costBreakdown: failed ? null : breakdown(facts),
    priceVersion: "2026-10-27",
    timeToFirstByteMs: first,
    durationMs: failed ? first + 4 : first + output * between(random, 9, 16),
    upstreamRequestId: `req_011CV${facts.at.toString(36)}`,
    messageCount: facts.messages,
    requestBytes: 50_000 + facts.messages * 3_100,
    responseBytes: failed ? 118 : 900 + output * 22,
    bodyTruncated: false,
    bodyMasked: false,
    responseTruncated: false,
    sessionId: facts.sessionId,
    agentId: random() < 0.1 ? `a${facts.at.toString(16)}00000` : null,
    parentAgentId: null,
    conversationId: null,
    branchId: null,
    parentRequestId: null,
    isSubtask: false,
    parentTaskRequestId: null,
    linkKind: null,
    linkedBy: null,
    linkConfidence: null,
  };
}

function breakdown({ tokens, rates, model, ending }: Facts): CostBreakdown {
  const isCut = ending !== "good";
  const lines = ["input", "cache_read", "cache_write_5m", "output"].map((kind, index): CostLine => {
    const costUsd = dollars([tokens[index]!], [rates[index]!]);
    return {
      kind,
      model,
      entry: null,
      quantity: tokens[index]!,
      unit: "token",
      rateUsd: String(rates[index]),
      ratePer: 1_000_000,
      costPico: String(Math.round(tokens[index]! * rates[index]! * 1e6)),
      costUsd,
      estimated: false,
      note: null,
    };
  });
  const cutOff = { code: "cut_off", text: "The answer was cut off: this is the least it can have cost." };
  return { lines, estimated: false, floor: isCut, notes: isCut ? [cutOff] : [] };
}
