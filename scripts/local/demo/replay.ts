/**
 * Sends planned traffic through a proxy: conversations in order and concurrently, with the planned responses of the fake Claude.
 * Pauses between prompts are skipped.
 */
import http from "node:http";
import type { FakeClaude, Received, Reply } from "../fake-claude/server.ts";
import { errorReply, headerOf } from "../fake-claude/http.ts";
import { digest } from "../fake-claude/random.ts";
import type { PlannedExchange, PlannedOutcome } from "./exchange.ts";
import { clockHeader } from "./clock.ts";
import { send } from "./send.ts";

/** Speed of responses relative to a real model. */
const PACE = 0.1;

/** Authentication headers of a sender for a domain. */
export type Access = (sender: string, auth: "bearer" | "x-api-key") => Record<string, string>;

export interface ReplayOptions {
  proxyUrl: string;
  exchanges: readonly PlannedExchange[];
  /** By domain. */
  domains: Record<string, Access>;
  fake: FakeClaude;
  /** Pauses of responses: 1 = a real model's; default 0.1. */
  speed?: number;
  /** Exchanges in progress or waiting for earlier ones. Default 24. */
  parallel?: number;
  /** Epoch milliseconds of the start of the traffic; default now. Only the demo's Worker uses it (clock.ts). */
  startedAt?: number;
  progress?: (done: number, total: number) => void;
  /** When it fires, no further exchange is started. */
  signal?: AbortSignal;
}

export interface ReplayResult {
  sent: number;
  /** Exchanges that differ from the plan: key and reason. */
  surprises: string[];
}

function nameOf(path: string, headers: (name: string) => string | undefined, body: string | Buffer): string {
  const session = headers("x-claude-code-session-id") ?? "";
  const agent = headers("x-claude-code-agent-id") ?? "";
  return digest(path, session, agent, body);
}

function statusOf(outcome: PlannedOutcome): number {
  return outcome.kind === "error" ? outcome.status : 200;
}

function replyOf(outcome: PlannedOutcome, speed: number): Reply | undefined {
  switch (outcome.kind) {
    case "response":
      return { kind: "response", response: outcome.response, speed };
    case "abandoned":
      // Slow enough that the client has disconnected before the end.
      return { kind: "response", response: outcome.response, speed: Math.max(speed, 0.3) };
    case "error":
      return errorReply(outcome.status, outcome.message, outcome.headers);
    case "own":
      return undefined;
  }
}

/** Scripts the planned responses. Returns a function that removes the script. */
export function scriptOutcomes(
  fake: FakeClaude,
  exchanges: readonly PlannedExchange[],
  speed: number,
): () => void {
  const planned = new Map<string, Reply[]>();
  for (const exchange of exchanges) {
    const reply = replyOf(exchange.outcome, speed);
    if (!reply || exchange.body === null) continue;
    const headers = (name: string) => exchange.headers[name];
    const name = nameOf(exchange.path, headers, exchange.body);
    planned.set(name, [...(planned.get(name) ?? []), reply]);
  }
  const named = (received: Received) =>
    nameOf(received.url, (header) => headerOf(received, header), received.body);
  return fake.script(
    (received) => (planned.get(named(received))?.length ?? 0) > 0,
    (received) => planned.get(named(received))?.shift() ?? { kind: "hang" },
  );
}

/** Sends all exchanges; resolves when the last response has ended. */
export async function replayTraffic(options: ReplayOptions): Promise<ReplayResult> {
  const { exchanges, fake, progress, startedAt, speed = PACE } = options;
  const rate = speed > 0 ? 1 / speed : 1;
  const takeBack = scriptOutcomes(fake, exchanges, speed);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const limit = limiter(options.parallel ?? 24);
  const done = new Map<string, Promise<void>>();
  /** When each ended, on the traffic's clock. */
  const ends = new Map<string, number>();
  const surprises: string[] = [];
  let sent = 0;
  const play = async ({ exchange, at }: Placed) => {
    await Promise.all(exchange.after.map((key) => done.get(key) ?? Promise.resolve()));
    if (options.signal?.aborted) return;
    const begins = Math.max(at, ...exchange.after.map((key) => ends.get(key) ?? 0));
    const clock = startedAt === undefined ? {} : clockHeader({ at: startedAt + begins, rate });
    const started = performance.now();
    const surprise = await sendOne(exchange, options, agent, clock);
    ends.set(exchange.key, begins + (performance.now() - started) * rate);
    if (surprise) surprises.push(`${exchange.key}: ${surprise}`);
    sent += 1;
    progress?.(sent, exchanges.length);
  };
  for (const placed of inOrder(exchanges))
    done.set(
      placed.exchange.key,
      limit(() => play(placed)),
    );
  try {
    await Promise.all(done.values());
  } finally {
    takeBack();
    agent.destroy();
  }
  return { sent, surprises };
}

interface Placed {
  exchange: PlannedExchange;
  /** Milliseconds since the start of the traffic. */
  at: number;
}

/** By time, but after the exchanges it waits for: times are random. */
function inOrder(exchanges: readonly PlannedExchange[]): Placed[] {
  const byKey = new Map(exchanges.map((exchange) => [exchange.key, exchange]));
  const times = new Map<string, number>();
  const timeOf = (exchange: PlannedExchange): number => {
    const known = times.get(exchange.key);
    if (known !== undefined) return known;
    const before = exchange.after.flatMap((key) => byKey.get(key) ?? []).map((one) => timeOf(one) + 1);
    const at = Math.max(exchange.at, ...before);
    times.set(exchange.key, at);
    return at;
  };
  return exchanges
    .map((exchange) => ({ exchange, at: timeOf(exchange) }))
    .sort((left, right) => left.at - right.at);
}

/** Null if it matches the plan. */
export async function sendOne(
  exchange: PlannedExchange,
  options: Pick<ReplayOptions, "proxyUrl" | "domains">,
  agent?: http.Agent,
  headers: Record<string, string> = {},
): Promise<string | null> {
  const access = options.domains[exchange.domain];
  const credential = exchange.auth === "none" || !access ? {} : access(exchange.sender, exchange.auth);
  const { outcome } = exchange;
  try {
    const sent = await send({
      baseUrl: options.proxyUrl,
      host: exchange.domain,
      method: exchange.method,
      path: exchange.path,
      headers: { ...exchange.headers, ...credential, ...headers },
      ...(exchange.body !== null && { body: exchange.body }),
      ...(outcome.kind === "abandoned" && { leave: (received: number) => received >= outcome.afterBytes }),
      ...(agent && { agent }),
    });
    if (outcome.kind === "abandoned") return sent.hungUp ? null : "the response ended before the hang-up";
    const status = statusOf(outcome);
    if (sent.status !== status)
      return `status ${sent.status} instead of ${status}: ${sent.body.toString().slice(0, 200)}`;
    return sent.broken ? "the response broke off" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Limits concurrency, first come first served. */
function limiter(slots: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = slots;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
