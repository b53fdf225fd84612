/**
 * The demo: the local stack with the fake Claude as upstream, a day of a small team's traffic that ends just now, sent through the
 * proxy once per data directory, then live traffic. Used by scripts/demo.ts and tests.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { headerOf, startFakeClaude, type FakeClaude, type Received } from "../fake-claude/server.ts";
import { startFakeGitHub } from "../fake-github.ts";
import { FAKE_SPARK_KEY, opinionOnly, startFakeSpark } from "../fake-spark.ts";
import { startLocalStack, type LocalStack, type LocalStackOptions } from "../local-stack.ts";
import { bundleWorker } from "../runtime/wrapped-worker.ts";
import { startDemoGemini } from "./analyses.ts";
import { accessOf, readState, setUpDomains, writeState } from "./admin.ts";
import { CLOCK_HEADER, clockOf } from "./clock.ts";
import { demoDomains, generateTraffic, PROJECTS } from "./traffic.ts";
import { DEMO_REPOSITORY, demoRepositoryVariables, usePrompts } from "./prompts.ts";
import { trickle } from "./live.ts";
import { replayTraffic, type Access } from "./replay.ts";

/** Requests that the fake keeps in memory; the demo does not read them. */
const MAX_KEPT_REQUESTS = 50;
/** Age of the last replayed exchange. */
const LAST_EXCHANGE_AGE_MS = 3 * 60_000;
/** Default share of streams with chunk timing: most requests have it, some do not. */
const STREAM_TIMING_SHARE = "0.75";
const WORKER = fileURLToPath(new URL("worker-clock.ts", import.meta.url));
/** Longest wait for sample traffic in progress when stopping. */
const STOP_GRACE_MS = 400;

export interface DemoOptions {
  stack: LocalStackOptions;
  /** Whether live traffic follows. */
  live: boolean;
  /** Approximate number of exchanges. */
  turns?: number;
  /** Pauses of responses, as in replayTraffic. */
  speed?: number;
  print: (line: string) => void;
}

export interface Demo {
  stack: LocalStack;
  fake: FakeClaude;
  /** Resolves when the traffic has been sent and some of it analyzed; rejects only if it could not be sent at all. */
  played: Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when the stack serves and its domains are configured; the traffic is sent afterwards. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { print } = options;
  const { dataDir } = options.stack;
  const fake = await startFakeClaude({ seed: "demo", keep: MAX_KEPT_REQUESTS, speed: 1, now: timeOf });
  const [spark, gemini, gitHub] = await Promise.all([
    startFakeSpark(knownFeedback()),
    startDemoGemini(),
    startFakeGitHub(DEMO_REPOSITORY),
  ]);
  const stopFakes = () => Promise.all([fake.stop(), spark.stop(), gemini.stop(), gitHub.stop()]);
  const { AI_DAILY_BUDGET_USD: budget } = options.stack.variables ?? {};
  const upstream = {
    CLAUDE_API_BASE_URL: fake.url,
    SPARK_API_URL: spark.url,
    SPARK_API_KEY: FAKE_SPARK_KEY,
    ...gemini.variables,
    ...(budget === undefined ? {} : { AI_DAILY_BUDGET_USD: budget }),
    ...(options.stack.variables?.MCP_GITHUB_OWNER ? {} : demoRepositoryVariables(gitHub.url)),
  };
  const stack = await startStack(options.stack, upstream).catch(async (error: unknown) => {
    await stopFakes();
    throw error;
  });
  const stopping = new AbortController();
  try {
    const domains = demoDomains();
    const admin = { url: stack.proxyUrl, key: stack.dashboardKey };
    const state = await setUpDomains(admin, domains, await readState(dataDir));
    await writeState(dataDir, state);
    const traffic = {
      proxyUrl: stack.proxyUrl,
      domains: accessOf(domains, state),
      fake,
      signal: stopping.signal,
    };
    if (state.replayedAt === null) await usePrompts(stack.proxyUrl);
    const played =
      state.replayedAt === null
        ? playTraffic(options, traffic).then(async (isWhole) => {
            if (!isWhole) return;
            await writeState(dataDir, { ...state, replayedAt: new Date().toISOString() });
            await gemini.analyseTraffic(admin, stack.databaseUrl, stopping.signal);
          })
        : Promise.resolve(print(`traffic        sent on ${state.replayedAt}, kept`));
    const live = options.live
      ? played.then(() => trickle({ ...traffic, seed: `live-${Date.now()}` }))
      : played;
    live.catch(() => undefined);
    return {
      stack,
      fake,
      played,
      async stop() {
        stopping.abort();
        // Responses in progress end at once and are stored whole.
        fake.hurry();
        await Promise.race([live.catch(() => undefined), pause(STOP_GRACE_MS)]);
        await stack.stop();
        await stopFakes();
      },
    };
  } catch (error) {
    await stack.stop();
    await stopFakes();
    throw error;
  }
}

/** The request's own clock if it has one. */
const timeOf = (received?: Received) =>
  clockOf(received && headerOf(received, CLOCK_HEADER))?.at ?? Date.now();

/** Feedback that was given before the demo's day. */
const knownFeedback = () =>
  Object.fromEntries(
    PROJECTS.flatMap((project) => project.tasks).flatMap(({ advice }) =>
      advice?.opinion
        ? [[advice.sessionId, opinionOnly(advice.opinion.rating, advice.opinion.comments)] as const]
        : [],
    ),
  );

async function startStack(given: LocalStackOptions, upstream: Record<string, string>): Promise<LocalStack> {
  await mkdir(given.dataDir, { recursive: true, mode: 0o700 });
  return startLocalStack({
    ...given,
    variables: {
      STREAM_TIMING_SAMPLE: STREAM_TIMING_SHARE,
      ...given.variables,
      ...upstream,
    },
    workerBundle: await bundleWorker(WORKER, join(given.dataDir, "demo-worker")),
  });
}

interface Traffic {
  proxyUrl: string;
  domains: Record<string, Access>;
  fake: FakeClaude;
  signal: AbortSignal;
}

/** True if all of it was sent. */
async function playTraffic(options: DemoOptions, traffic: Traffic): Promise<boolean> {
  const { print, turns, speed } = options;
  const started = Date.now();
  const date = new Date(started).toISOString().slice(0, 10);
  const { exchanges } = generateTraffic({ date, ...(turns !== undefined && { turns }) });
  const startedAt = started - LAST_EXCHANGE_AGE_MS - Math.max(...exchanges.map(({ at }) => at));
  const { sent, surprises } = await replayTraffic({
    ...traffic,
    exchanges,
    startedAt,
    ...(speed !== undefined && { speed }),
    progress(done, total) {
      if (done % 50 === 0) print(`traffic        ${done} of ${total} exchanges`);
    },
  });
  if (traffic.signal.aborted) return false;
  print(`traffic        ${sent} exchanges in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  for (const surprise of surprises.slice(0, 5)) print(`traffic        not as planned: ${surprise}`);
  if (surprises.length > 5) print(`traffic        … and ${surprises.length - 5} more`);
  return true;
}
