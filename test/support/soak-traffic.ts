/**
 * The exchanges of a soak, generated from a seed: what the client sends, the fake Claude's response byte for byte, and what
 * the row must contain. Responses are written out here instead of being composed by the fake, so that the expectation is
 * independent of it.
 */
import { gzipSync } from "node:zlib";
import { randomOf, type Random } from "../../scripts/local/fake-claude/random.ts";
import type { Chunk, RawReply } from "../../scripts/local/fake-claude/http.ts";

export interface Tokens {
  input: number | null;
  output: number | null;
  cacheRead: number | null;
}

export interface PlannedExchange {
  n: number;
  kind: string;
  path: string;
  body: string | Uint8Array;
  headers?: Record<string, string>;
  /** The body is stored with secrets masked. */
  isMasked?: boolean;
  /** Goes through the tenant's domain with its key; else through localhost as passthrough. */
  isTenant: boolean;
  reply: RawReply;
  /** All bytes of the response, as the fake sends them; null where the fake composes them. */
  served: Buffer | null;
  /** The client disconnects after this many bytes. */
  leaveAfter?: number;
  expected: { outcome: "complete" | "client_gone" | "upstream_failed"; status: number; tokens: Tokens };
}

const NO_TOKENS: Tokens = { input: null, output: null, cacheRead: null };
const WORDS = 'the of edge proxy stream café naïve 漢字 😀 body token answer {} \\ " \u2028'.split(" ");

export interface TrafficOptions {
  seed: string;
  exchanges: number;
  /** Scales the pauses between the chunks of a response: about a second per exchange at 1. */
  pace: number;
  /** Share of requests that are hostile: bombs, huge lists and texts of which reading must not take long. */
  hostile?: number;
}

/** An exchange of which every byte is planned. */
export type OrdinaryExchange = PlannedExchange & { served: Buffer };

export function plannedExchanges(options: Omit<TrafficOptions, "hostile">): OrdinaryExchange[];
export function plannedExchanges(options: TrafficOptions): PlannedExchange[];
export function plannedExchanges({ seed, exchanges, pace, hostile = 0 }: TrafficOptions): PlannedExchange[] {
  return Array.from({ length: exchanges }, (_, n) => {
    const random = randomOf(seed, "exchange", n);
    const isHostile = hostile > 0 && randomOf(seed, "hostile", n).chance(hostile);
    return isHostile ? hostileExchange(n, random) : planned(n, random, pace);
  });
}

const MB = 1_048_576;
const requestOf = (messages: string) =>
  `{"model":"claude-opus-5-5","max_tokens":16,"messages":[${messages}]}`;
const user = (content: string) => `{"role":"user","content":${content}}`;
const repeated = (count: number, make: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => make(n)).join(",");
const once = <T>(make: () => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};
const BROKEN = "broken JSON";
const SECRETS = ["secrets in broken JSON", "secrets in a form"] as const;
/** Name, share and body of the hostile requests. A body is made once. */
const HOSTILE: readonly [string, number, () => string | Uint8Array][] = [
  ["bomb of 31 MB", 10, once(() => gzipSync(requestOf(user(`"${" ".repeat(31 * MB)}"`))))],
  ["19,999 messages", 2, once(() => requestOf(repeated(19_999, (n) => user(`"${n} ${"ab ".repeat(500)}"`))))],
  ["300,000 messages", 2, once(() => requestOf(repeated(300_000, (n) => user(`"${n}"`))))],
  ["two million objects", 2, once(() => requestOf(user(`[${repeated(1_500_000, (n) => `{"a${n}":0}`)}]`)))],
  ["combining marks", 5, once(() => requestOf(user(`"${"\u0301\u0316".repeat(100_000)}"`)))],
  ["nested braces", 5, once(() => requestOf(user(`"${"{".repeat(200_000)}"`)))],
  ["open reminders", 5, once(() => requestOf(user(`"${"<system-reminder>".repeat(10_000)}"`)))],
  [SECRETS[0], 2, once(() => '{"api_key":"b",'.repeat(350_000))],
  [SECRETS[1], 2, once(() => "a=b&api_key=c&".repeat(300_000))],
  [BROKEN, 5, once(() => `{"messages":${"[".repeat(200_000)}`)],
];

function hostileExchange(n: number, random: Random): PlannedExchange {
  const usage = { input: random.between(5, 5_000), output: random.between(2, 900), cacheRead: 0 };
  const reply = streamReply(n, usage, 6, () => "No.", random, { low: 0, high: 20 });
  let roll = random.between(
    1,
    HOSTILE.reduce((sum, [, share]) => sum + share, 0),
  );
  const [kind, , body] = HOSTILE.find(([, share]) => (roll -= share) <= 0)!;
  const isBomb = typeof body() !== "string";
  const base = { n, kind, path: "/v1/messages", body: body(), isTenant: random.chance(0.5), ...reply };
  const isMasked = SECRETS.some((name) => name === kind);
  if (!isBomb && !isMasked && kind !== BROKEN)
    return { ...base, expected: { outcome: "complete", status: 200, tokens: usage } };
  // The fake does not read codings, and refuses what it cannot parse.
  return {
    ...base,
    isMasked,
    ...(isBomb && { headers: { "content-encoding": "gzip" } }),
    served: null,
    expected: { outcome: "complete", status: 400, tokens: NO_TOKENS },
  };
}

function planned(n: number, random: Random, pace: number): OrdinaryExchange {
  const usage = {
    input: random.between(5, 5_000),
    output: random.between(2, 900),
    cacheRead: random.between(0, 9_000),
  };
  const isTenant = random.chance(0.5);
  const roll = random.between(0, 99);
  const base = { n, isTenant, path: "/v1/messages" };
  const pieces = random.between(6, 30);
  const pauses = { low: 0, high: Math.round((2_000 * pace) / pieces) };
  const text = () => sentence(random, random.between(3, 40));
  const request = (stream: boolean, more: object = {}) =>
    JSON.stringify({
      model: "claude-sonnet-4-5-20250929",
      max_tokens: 400,
      stream,
      messages: history(n, random),
      ...more,
    });
  const ok = { outcome: "complete" as const, status: 200 };

  if (roll < 50) {
    const reply = streamReply(n, usage, pieces, text, random, pauses);
    return { ...base, kind: "stream", body: request(true), ...reply, expected: { ...ok, tokens: usage } };
  }
  if (roll < 70) {
    const message = JSON.stringify({
      ...messageHead(n),
      content: [{ type: "text", text: text() }],
      stop_reason: "end_turn",
      usage: usageOf(usage),
    });
    const reply = whole(200, message, random.between(50, Math.max(60, 1_500 * pace)));
    return { ...base, kind: "plain", body: request(false), ...reply, expected: { ...ok, tokens: usage } };
  }
  if (roll < 74) {
    const reply = streamReply(n, usage, pieces, text, random, pauses);
    const body = request(true, { metadata: { padding: sentence(random, 60).repeat(4_000) } });
    return { ...base, kind: "large", body, ...reply, expected: { ...ok, tokens: usage } };
  }
  if (roll < 82) {
    const status = [400, 429, 500, 529][random.between(0, 3)]!;
    const error = { type: "error", error: { type: "overloaded_error", message: `No. ${n}` } };
    const reply = whole(status, JSON.stringify(error), 20);
    const expected = { outcome: "complete" as const, status, tokens: NO_TOKENS };
    return { ...base, kind: "error", body: request(true), ...reply, expected };
  }
  if (roll < 88) {
    const answer = whole(200, JSON.stringify({ input_tokens: usage.input }), 20);
    const expected = { ...ok, tokens: NO_TOKENS };
    return {
      ...base,
      kind: "count",
      path: "/v1/messages/count_tokens",
      body: request(false),
      ...answer,
      expected,
    };
  }
  const { reply } = streamReply(n, usage, pieces, text, random, pauses);
  const begun = { ...usage, output: 1 };
  if (roll < 94) {
    const chunks = reply.chunks.slice(0, -2);
    const cut: RawReply = { ...reply, chunks, then: "reset" };
    const expected = { outcome: "upstream_failed" as const, status: 200, tokens: begun };
    return { ...base, kind: "reset", body: request(true), reply: cut, served: bytesOf(chunks), expected };
  }
  // Continues long after the client has disconnected.
  const ping = { delayMs: 50, bytes: Buffer.from('event: ping\ndata: {"type":"ping"}\n\n') };
  const chunks = [...reply.chunks.slice(0, 3), ...Array.from({ length: 200 }, () => ping)];
  return {
    ...base,
    kind: "left",
    body: request(true),
    reply: { ...reply, chunks },
    served: bytesOf(chunks),
    leaveAfter: bytesOf(reply.chunks.slice(0, 3)).length,
    expected: { outcome: "client_gone", status: 200, tokens: begun },
  };
}

/** Every eight exchanges form a conversation: each sends the earlier turns and one more. */
function history(n: number, random: Random): { role: string; content: string }[] {
  const conversation = Math.floor(n / 8);
  const turns = Array.from({ length: (n % 8) + 1 }, (_, turn) => [
    {
      role: "user",
      content: `Question ${turn} of ${conversation}: ${sentence(randomOf(conversation, turn), 30)}`,
    },
    { role: "assistant", content: sentence(randomOf(conversation, turn, "answer"), 60) },
  ]).flat();
  return [...turns, { role: "user", content: `${n}: ${sentence(random, 20)}` }];
}

function sentence(random: Random, words: number): string {
  return Array.from({ length: words }, () => WORDS[random.between(0, WORDS.length - 1)]).join(" ");
}

function messageHead(n: number) {
  const id = `msg_${n}`;
  return {
    id,
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5-20250929",
    content: [] as unknown[],
  };
}

function usageOf({ input, output, cacheRead }: Tokens) {
  return { input_tokens: input, output_tokens: output, cache_read_input_tokens: cacheRead };
}

function streamReply(
  n: number,
  usage: Tokens,
  pieces: number,
  text: () => string,
  random: Random,
  pauses: { low: number; high: number },
): { reply: RawReply; served: Buffer } {
  const start = { ...messageHead(n), stop_reason: null, usage: usageOf({ ...usage, output: 1 }) };
  const events: object[] = [
    { type: "message_start", message: start },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...Array.from({ length: pieces }, () => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: text() },
    })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: usage.output } },
    { type: "message_stop" },
  ];
  const chunks = events.map((event): Chunk => ({
    delayMs: random.between(pauses.low, pauses.high),
    bytes: Buffer.from(`event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`),
  }));
  const headers = { "content-type": "text/event-stream; charset=utf-8" };
  return { reply: { kind: "raw", status: 200, headers, chunks }, served: bytesOf(chunks) };
}

function whole(status: number, json: string, delayMs: number): { reply: RawReply; served: Buffer } {
  const served = Buffer.from(json);
  const headers = { "content-type": "application/json", "content-length": String(served.length) };
  return { reply: { kind: "raw", status, headers, chunks: [{ delayMs, bytes: served }] }, served };
}

function bytesOf(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(chunks.map(({ bytes }) => bytes));
}
