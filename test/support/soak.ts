/**
 * A soak: many concurrent exchanges through the local stack with three faults, hostile requests and kills of the runtime at random times,
 * then a check of all rows and totals, of the latency of `/health` and of memory.
 * Determined by the seed except for timing. Used by test/e2e/soak.test.ts and `npm run soak`.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { withClient } from "../../scripts/local/database/client.ts";
import { send } from "../../scripts/local/demo/send.ts";
import { randomOf } from "../../scripts/local/fake-claude/random.ts";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { apiJson } from "./api-calls.ts";
import { startFaultyStack, type Faults, type FaultyStack } from "./faulty-stack.ts";
import { plannedExchanges, type PlannedExchange } from "./soak-traffic.ts";
import { judgeRuntime, watchRuntime, type RuntimeLimits } from "./soak-watch.ts";

export interface SoakOptions {
  seed: string;
  exchanges: number;
  concurrency: number;
  /** Scales the pauses of responses; about a second per exchange at 1. */
  pace: number;
  /** Duration of a fault in milliseconds. */
  faultMs: { low: number; high: number };
  /** Delay of a slow binding in milliseconds. */
  slowDelayMs: number;
  /** Longest wait for the last row. */
  storedTimeoutMs: number;
  /** Given faults instead of three random ones. */
  faults?: FaultTime[];
  /** Share of hostile requests. */
  hostile?: number;
  /** How often the runtime gets SIGKILL. */
  kills?: number;
  /** Checks `/health` and the memory of the runtime. */
  limits?: RuntimeLimits;
  log?: (line: string) => void;
}

export type SoakReport = Awaited<ReturnType<typeof soakStack>>;

interface Done {
  planned: PlannedExchange;
  id: string | null;
  startedAt: number;
  endedAt: number;
  timeToHeadersMs: number;
  /** The client received what was served. */
  isWhole: boolean;
}

export interface FaultTime {
  name: string;
  faults: Faults;
  /** Milliseconds from the start of the traffic. */
  from: number;
  to: number;
}

interface Row {
  id: string;
  outcome: string;
  status: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_input_tokens: number | null;
  body_sha256: Buffer | null;
  response_bytes: number;
}

const DOMAIN = "soak.example";
const MARKER = "x-soak";
const OWN_KEY = "sk-ant-api03-of-the-caller";
/** The sweep of this stack handles younger exchanges (faulty-stack.ts), so it runs more often. */
const SWEEP_EVERY_MS = 3_000;
const EVERY_MINUTE = "* * * * *";
const LOST_AFTER_MS = 20_000;
/** Time for which a put is retried after the end of an exchange. */
const RECORDING_MS = 20_000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const stack = await startFaultyStack();
  try {
    return await soakStack(stack, options);
  } finally {
    await stack.setFaults({}).catch(() => undefined);
    await stack.stop({ finish: false });
  }
}

/** The same in a running stack with earlier rows. */
export async function soakStack(stack: FaultyStack, options: SoakOptions) {
  const { log } = options;
  const plan = plannedExchanges(options);
  const removeScript = stack.claude.script(
    (received) => headerOf(received, MARKER) !== undefined,
    (received) => plan[Number(headerOf(received, MARKER))]!.reply,
  );
  const key = await tenant(stack);
  const before = new Set((await allRows(stack)).map(({ id }) => id));
  const problems: string[] = [];
  const length = (options.exchanges / options.concurrency) * 1_000 * options.pace;
  const times = options.faults ?? faultTimes(options, length);
  for (const { name, from, to } of times) log?.(`  ${name} from ${seconds(from)} to ${seconds(to)}`);
  const started = Date.now();
  const stopWatching =
    options.limits && watchRuntime({ url: `${stack.proxyUrl}/health`, pidFile: stack.pidFile });
  const breaking = applyFaults(stack, times);
  const killing = killRuntime(stack, killTimes(options, length), log);
  const done = await traffic(stack, plan, options.concurrency, key, killing.at, problems);
  const trafficMs = Date.now() - started;
  await breaking;
  await killing.over;
  removeScript();
  log?.(`  ${done.length} exchanges in ${seconds(trafficMs)}`);

  const healed = Date.now();
  const rows = (await storedRows(stack, before.size + done.length, options)).filter(
    ({ id }) => !before.has(id),
  );
  const storedAfterMs = Date.now() - healed;
  const r2Times = times.filter(({ faults }) => faults.JOURNAL !== undefined);
  const excused = r2Times.map(({ from, to }) => [started + from, started + to] as const);
  const report = compare(done, rows, { r2Times: excused, kills: killing.at }, problems);
  await compareTotals(stack, { ...report, kills: killing.at.length }, problems);
  const runtime =
    options.limits && stopWatching
      ? judgeRuntime(await stopWatching(), killing.at, options.limits, problems)
      : null;
  const starts = done.map(({ timeToHeadersMs, planned }) => timeToHeadersMs - firstPause(planned));
  return {
    /** Violated guarantees. */
    problems,
    faults: times.map(({ name }) => name),
    rows: rows.length,
    kills: killing.at.length,
    ...report,
    runtime,
    trafficMs,
    /** From the end of traffic and faults to the last row. */
    storedAfterMs,
    /** Longest time to response headers, without the upstream's own delay. */
    slowestStartMs: Math.round(Math.max(...starts)),
  };
}

/** The fake sends headers at once, but the runtime may hold them until the first byte. */
const firstPause = ({ reply }: PlannedExchange) => reply.chunks[0]?.delayMs ?? 0;

async function tenant(stack: FaultyStack): Promise<string> {
  const credential = { type: "api_key", api_key: "sk-ant-api03-of-the-account" };
  const body = { accountId: "soak", credential };
  await apiJson(stack, `/api/domains/${DOMAIN}`, { method: "PUT", body });
  const made = await apiJson<{ key: string }>(stack, `/api/domains/${DOMAIN}/client-keys`, {
    method: "POST",
    body: { name: "soak" },
  });
  return made.key;
}

/** Three different faults at random times of the traffic. */
function faultTimes({ seed, faultMs, slowDelayMs, kills = 0 }: SoakOptions, length: number): FaultTime[] {
  const random = randomOf(seed, "faults");
  const all: [string, Faults][] = [
    ["R2 failing", { JOURNAL: "fail" }],
    ["R2 slow", { JOURNAL: slowDelayMs }],
    ["queue failing", { EXCHANGES: "fail" }],
    ["queue slow", { EXCHANGES: slowDelayMs }],
    // A new runtime has an empty cache, so without KV it responds 500 to every domain.
    ...(kills > 0
      ? []
      : ([
          ["KV failing", { TENANTS: "fail" }],
          ["KV slow", { TENANTS: slowDelayMs }],
        ] satisfies [string, Faults][])),
    ["Postgres down", { POSTGRES: "down" }],
    ["Postgres slow", { POSTGRES: slowDelayMs }],
    ["consumer throwing", { CONSUMER: "fail" }],
  ];
  return Array.from({ length: 3 }, () => {
    const [name, faults] = all.splice(random.between(0, all.length - 1), 1)[0]!;
    const from = random.between(0, Math.round(length * 0.8));
    return { name, faults, from, to: from + random.between(faultMs.low, faultMs.high) };
  });
}

/** Times of the kills in milliseconds from the start of the traffic: in its middle, so that the runtime lives before and after. */
const killTimes = ({ seed, kills = 0 }: SoakOptions, length: number): number[] => {
  const random = randomOf(seed, "kills");
  return Array.from({ length: kills }, () =>
    random.between(Math.round(length * 0.3), Math.round(length * 0.8)),
  );
};

/** Miniflare gives up when the runtime that it starts again is killed before it serves. */
const BETWEEN_KILLS_MS = 12_000;

/** Ends workerd at these times, or later where the last kill is too recent; `at` has when it did. */
function killRuntime(stack: FaultyStack, times: readonly number[], log: SoakOptions["log"]) {
  const started = Date.now();
  const at: number[] = [];
  const kill = async () => {
    for (const time of times) {
      await pause(Math.max(started + time, (at.at(-1) ?? 0) + BETWEEN_KILLS_MS) - Date.now());
      process.kill(Number(readFileSync(stack.pidFile, "utf8")), "SIGKILL");
      at.push(Date.now());
      log?.(`  killed at ${seconds(Date.now() - started)}`);
    }
  };
  return { at, over: kill() };
}

/** From shortly before a kill, when something may not be in the journal yet, until the runtime serves again. */
const KILL_MS = { before: 2_000, after: 10_000 };
const isNearKill = (
  kills: readonly number[],
  { startedAt, endedAt }: { startedAt: number; endedAt: number },
) => kills.some((kill) => startedAt < kill + KILL_MS.after && endedAt > kill - KILL_MS.before);

async function applyFaults(stack: FaultyStack, times: readonly FaultTime[]): Promise<void> {
  const started = Date.now();
  const instants = [...new Set(times.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  for (const instant of instants) {
    await pause(started + instant - Date.now());
    const now = times.filter(({ from, to }) => from <= instant && instant < to);
    const faults = Object.assign({}, ...now.map(({ faults }) => faults)) as Faults;
    // A killed runtime takes a moment, and forgets its faults.
    for (let attempts = 0; ; attempts++) {
      const failure = await stack.setFaults(faults).then(() => null, String);
      if (failure === null) break;
      if (attempts === 100) throw new Error(failure);
      await pause(100);
    }
  }
}

async function traffic(
  stack: FaultyStack,
  plan: readonly PlannedExchange[],
  concurrency: number,
  key: string,
  kills: readonly number[],
  problems: string[],
): Promise<Done[]> {
  const done: Done[] = [];
  const waiting = [...plan];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const startedAt = Date.now();
      const failures: string[] = [];
      const seen = await exchange(stack, next, key, failures);
      const times = { startedAt, endedAt: Date.now() };
      done.push({ planned: next, ...seen, ...times, isWhole: failures.length === 0 });
      if (!isNearKill(kills, times)) problems.push(...failures);
      // Without a runtime, connections are refused at once.
      else if (failures.length > 0) await pause(1_000);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return done;
}

/** Sends one and compares what came with what was served. */
async function exchange(
  stack: FaultyStack,
  { n, kind, path, body, headers, isTenant, served, leaveAfter, expected }: PlannedExchange,
  key: string,
  problems: string[],
): Promise<Pick<Done, "id" | "timeToHeadersMs">> {
  const problem = (what: string) => problems.push(`exchange ${n} (${kind}): ${what}`);
  try {
    const sent = await send({
      baseUrl: stack.proxyUrl,
      method: "POST",
      path,
      ...(isTenant && { host: DOMAIN }),
      headers: {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": isTenant ? key : OWN_KEY,
        ...headers,
        [MARKER]: String(n),
      },
      body,
      ...(leaveAfter !== undefined && { leave: (received: number) => received >= leaveAfter }),
    });
    if (sent.status !== expected.status)
      problem(`status ${sent.status}: ${sent.body.toString().slice(0, 200)}`);
    const wanted = leaveAfter === undefined ? served : served?.subarray(0, sent.body.length);
    if (wanted && !sent.body.equals(wanted))
      problem(`${sent.body.length} bytes came of ${wanted.length}, or others`);
    if (sent.broken !== (kind === "reset"))
      problem(sent.broken ? "the stream broke" : "the stream did not break");
    return { id: sent.headers["x-nexus-request-id"] ?? null, timeToHeadersMs: sent.timeToHeadersMs };
  } catch (error) {
    problem(String(error));
    return { id: null, timeToHeadersMs: 0 };
  }
}

/** All rows, once there are so many and the journal is empty, or at the deadline. */
async function storedRows(stack: FaultyStack, wanted: number, options: SoakOptions): Promise<Row[]> {
  const deadline = Date.now() + options.storedTimeoutMs;
  /** What a killed runtime lost is counted once it is five times as old as what is swept. */
  const quietAfter = options.kills ? Date.now() + LOST_AFTER_MS : deadline;
  let sweepAt = Date.now() + SWEEP_EVERY_MS;
  for (;;) {
    const rows = await allRows(stack);
    const status = await stack.status();
    const { journal } = status;
    // An exchange that a kill has ended may have no row.
    const enough = rows.length + (status.counters?.["lost"] ?? 0) >= wanted || Date.now() > quietAfter;
    if (enough && journal.entries === 0) return rows;
    if (Date.now() > deadline) return rows;
    if (Date.now() > sweepAt) {
      options.log?.(`  ${rows.length} rows, ${journal.entries} entries wait`);
      await stack.runCron(EVERY_MINUTE);
      sweepAt = Date.now() + SWEEP_EVERY_MS;
    }
    await pause(500);
  }
}

function allRows(stack: FaultyStack): Promise<Row[]> {
  return query<Row>(
    stack,
    `SELECT id, outcome, status, input_tokens, output_tokens, cache_read_input_tokens, body_sha256, response_bytes FROM requests`,
  );
}

function compare(
  done: readonly Done[],
  rows: readonly Row[],
  { r2Times, kills }: { r2Times: readonly (readonly [number, number])[]; kills: readonly number[] },
  problems: string[],
) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const tokens = { stored: 0, served: 0 };
  let unrecorded = 0;
  let uncertain = 0;
  let lost = 0;
  for (const { planned, id, startedAt, endedAt, isWhole } of done) {
    const { n, kind, expected, body, isMasked = false } = planned;
    const problem = (what: string) => problems.push(`exchange ${n} (${kind}, ${id}): ${what}`);
    const row = id === null ? undefined : byId.get(id);
    const isExcused = r2Times.some(([from, to]) => startedAt < to && endedAt + RECORDING_MS > from);
    if (row) byId.delete(row.id);
    if (isNearKill(kills, { startedAt, endedAt })) {
      // What ended with the runtime is interrupted, or lost and counted.
      if (!row && isWhole) lost += 1;
      if (row) tokens.stored += sum(row.input_tokens, row.output_tokens, row.cache_read_input_tokens);
      if (row) tokens.served += sum(row.input_tokens, row.output_tokens, row.cache_read_input_tokens);
      continue;
    }
    // With R2 and the queue down together an exchange may be lost, whole or in part. It is counted.
    if (!row || row.outcome === "interrupted") {
      uncertain += 1;
      if (!row && isWhole && kills.length > 0) lost += 1;
      if (!isExcused) problem(row ? "is interrupted" : "has no row");
      continue;
    }
    tokens.stored += sum(row.input_tokens, row.output_tokens, row.cache_read_input_tokens);
    const { input, output, cacheRead } = expected.tokens;
    const isUnrecorded = row.outcome === "unrecorded";
    // With its response in the journal and its request not, an exchange is unrecorded and has its tokens.
    if (!isUnrecorded || row.input_tokens !== null) tokens.served += sum(input, output, cacheRead);
    if (isUnrecorded) {
      unrecorded += 1;
      if (!isExcused) problem("is unrecorded although R2 was there");
      continue;
    }
    const found = [row.outcome, row.status, row.input_tokens, row.output_tokens, row.cache_read_input_tokens];
    const wanted = [expected.outcome, expected.status, input, output, cacheRead];
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      problem(`is ${found.join(" ")}, not ${wanted.join(" ")}`);
    const sha256 = createHash("sha256").update(body).digest();
    if (row.body_sha256?.equals(sha256) !== !isMasked) problem("has another request body");
    const { served } = planned;
    if (kind !== "left" && served && row.response_bytes !== served.length) problem("has another response");
  }
  // Of a request that was cut off by a kill, the client has no id.
  const withoutId = done.filter(({ id }) => id === null).length;
  if (byId.size > withoutId)
    problems.push(`${byId.size} rows are of no exchange: ${[...byId.keys()].slice(0, 5).join(", ")}`);
  for (const row of byId.values()) {
    const own = sum(row.input_tokens, row.output_tokens, row.cache_read_input_tokens);
    tokens.stored += own;
    tokens.served += own;
  }
  if (tokens.stored !== tokens.served)
    problems.push(`${tokens.stored} tokens are stored, ${tokens.served} were served`);
  return {
    unrecorded,
    /** Exchanges without a row or without their end, because R2 and the queue were down together. */
    uncertain,
    /** Exchanges that a client received as a whole and that have no row, because the runtime was killed. */
    lost,
    /** Tokens in rows, and tokens served to recorded exchanges. */
    tokens,
  };
}

/** Counters leave an isolate every ten seconds. */
const COUNTERS_TIMEOUT_MS = 20_000;

/** Rollups equal the rows, the journal is empty, unrecorded exchanges are counted. */
async function compareTotals(
  stack: FaultyStack,
  { uncertain, lost, kills }: { uncertain: number; lost: number; kills: number },
  problems: string[],
): Promise<void> {
  const [totals] = await query<Record<"rows" | "rowTokens" | "sums" | "sumTokens" | "unrecorded", number>>(
    stack,
    `SELECT rows, "rowTokens", unrecorded, sums, "sumTokens" FROM
      (SELECT count(*)::int AS rows, coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
        + coalesce(cache_read_input_tokens, 0)), 0)::float8 AS "rowTokens",
        (count(*) FILTER (WHERE outcome = 'unrecorded'))::int AS unrecorded FROM requests) a,
      (SELECT sum(requests)::int AS sums,
        sum(input_tokens + output_tokens + cache_read_input_tokens)::float8 AS "sumTokens" FROM rollups) b`,
  );
  if (totals?.rows !== totals?.sums || totals?.rowTokens !== totals?.sumTokens)
    problems.push(`rows and rollups differ: ${JSON.stringify(totals)}`);
  const deadline = Date.now() + COUNTERS_TIMEOUT_MS;
  for (;;) {
    const status = await stack.status();
    const wrong = [
      status.journal.entries !== 0 && `${status.journal.entries} entries are left in the journal`,
      status.ingestFailures?.count !== 0 && `ingest failures: ${JSON.stringify(status.ingestFailures)}`,
      (status.counters?.["lost"] ?? 0) < lost &&
        `${lost} are lost, /api/status counts ${status.counters?.["lost"] ?? 0}`,
      // Counters leave an isolate every ten seconds: a kill loses the last ones.
      !kills &&
        (status.counters?.unrecorded ?? 0) < (totals?.unrecorded ?? 0) + uncertain &&
        `${totals?.unrecorded} are unrecorded and ${uncertain} uncertain, /api/status counts ${status.counters?.unrecorded ?? 0}`,
    ].filter((problem) => problem !== false);
    if (wrong.length === 0) return;
    if (Date.now() > deadline) return void problems.push(...wrong);
    // Lost exchanges are counted once the journal has no bundle that may hold them.
    if (kills > 0) await stack.runCron(EVERY_MINUTE);
    await pause(500);
  }
}

const query = <T extends object>(stack: FaultyStack, text: string): Promise<T[]> =>
  withClient(stack.directDatabaseUrl, async (client) => (await client.query<T>(text)).rows);

const sum = (...values: (number | null)[]) =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
