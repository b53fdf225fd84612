/**
 * Sends a planned day through a proxy: every conversation in its order, several at a time, the fake Claude saying what
 * the plan says. Only the pauses between people are left out.
 */
import http from "node:http";
import type { FakeClaude, Received, Reply } from "../fake-claude.ts";
import { headerOf } from "../fake-claude.ts";
import { digest } from "../fake-claude/random.ts";
import type { PlannedExchange, PlannedOutcome } from "./exchange.ts";
import { send } from "./send.ts";

/** What a sender puts on a request to a domain so that the proxy lets it in. */
export type Access = (sender: string, auth: "bearer" | "x-api-key") => Record<string, string>;

export interface ReplayOptions {
  proxyUrl: string;
  exchanges: readonly PlannedExchange[];
  /** By domain. */
  domains: Record<string, Access>;
  fake: FakeClaude;
  /** Pace of the answers: 1 = a real model's; default 0.1. */
  speed?: number;
  /** Exchanges under way at once. Default 12. */
  parallel?: number;
  progress?: (done: number, total: number) => void;
  /** Nothing new is begun once it fires. */
  signal?: AbortSignal;
}

export interface ReplayResult {
  sent: number;
  /** Exchanges that did not go as planned: key and reason. */
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
    case "answer":
      return { kind: "answer", answer: outcome.answer, speed };
    case "abandoned":
      // Slow enough that the client is gone before the end.
      return { kind: "answer", answer: outcome.answer, speed: Math.max(speed, 0.3) };
    case "error":
      return {
        kind: "error",
        status: outcome.status,
        type: ERROR_TYPES[outcome.status] ?? "invalid_request_error",
        message: outcome.message,
        ...(outcome.headers && { headers: outcome.headers }),
      };
    case "own":
      return undefined;
  }
}

const ERROR_TYPES: Record<number, string> = {
  404: "not_found_error",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/** Has the fake answer the planned requests as planned, whenever they come. Returns how to take it back. */
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

/** Sends all of it; resolves when the last answer has ended. */
export async function replayDay(options: ReplayOptions): Promise<ReplayResult> {
  const { exchanges, fake, progress } = options;
  const takeBack = scriptOutcomes(fake, exchanges, options.speed ?? 0.1);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const limit = limiter(options.parallel ?? 12);
  const done = new Map<string, Promise<void>>();
  const surprises: string[] = [];
  let sent = 0;
  for (const exchange of exchanges) {
    // Times are drawn by chance, so what a request has to wait for may come later in the list.
    const before = () => Promise.all(exchange.after.map((key) => done.get(key) ?? Promise.resolve()));
    done.set(
      exchange.key,
      Promise.resolve()
        .then(before)
        .then(() =>
          limit(async () => {
            if (options.signal?.aborted) return;
            const surprise = await sendOne(exchange, options, agent);
            if (surprise) surprises.push(`${exchange.key}: ${surprise}`);
            sent += 1;
            progress?.(sent, exchanges.length);
          }),
        ),
    );
  }
  try {
    await Promise.all(done.values());
  } finally {
    takeBack();
    agent.destroy();
  }
  return { sent, surprises };
}

/** Null when it went as planned. */
export async function sendOne(
  exchange: PlannedExchange,
  options: Pick<ReplayOptions, "proxyUrl" | "domains">,
  agent?: http.Agent,
): Promise<string | null> {
  const access = options.domains[exchange.domain];
  const credential = exchange.auth === "none" || !access ? {} : access(exchange.sender, exchange.auth);
  try {
    const answer = await send({
      baseUrl: options.proxyUrl,
      host: exchange.domain,
      method: exchange.method,
      path: exchange.path,
      headers: { ...exchange.headers, ...credential },
      ...(exchange.body !== null && { body: exchange.body }),
      ...(exchange.outcome.kind === "abandoned" && { hangUpAfterBytes: exchange.outcome.afterBytes }),
      ...(agent && { agent }),
    });
    if (exchange.outcome.kind === "abandoned")
      return answer.hungUp ? null : "the answer ended before the hang-up";
    const status = statusOf(exchange.outcome);
    if (answer.status !== status)
      return `status ${answer.status} instead of ${status}: ${answer.body.toString().slice(0, 200)}`;
    return answer.broken ? "the answer broke off" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** At most this many at once, in the order of asking. */
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
