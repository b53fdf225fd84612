/**
 * Watches the runtime during a soak: how long `/health` takes, and the memory of workerd. A thread of its own measures, because the
 * soak's process also runs the database and the fake Claude. Linux only.
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { residentMB } from "./process-memory.ts";

const EVERY_MS = 50;
/** A response that takes longer is a stall, unless the runtime is being started. */
const TIMEOUT_MS = 10_000;

export interface Sample {
  /** Date.now() at the start of the request, and at its end. */
  at: number;
  endedAt: number;
  /** Without the time for which workerd and this thread waited for a processor. Null: no response. */
  tookMs: number | null;
  waitedMs: number;
  /** For which the main thread of workerd ran meanwhile: it serves all requests. */
  busyMs: number;
  pid: string;
  rssMB: number;
}

interface Watched {
  url: string;
  pidFile: string;
}

/** Starts sampling; the returned function stops and resolves to the samples. */
export function watchRuntime(watched: Watched): () => Promise<Sample[]> {
  const thread = new Worker(new URL(import.meta.url), { workerData: watched });
  const samples = new Promise<Sample[]>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
  samples.catch(() => {});
  return async () => {
    thread.postMessage("stop");
    return samples.finally(() => thread.terminate());
  };
}

/** Milliseconds for which a thread, or the main thread of a process, ran, and for which it was ready to run and did not. */
function schedule(task: string): { ran: number; waited: number } {
  try {
    const [ran, waited] = readFileSync(`/proc/${task}/schedstat`, "utf8").split(" ").map(Number);
    return { ran: (ran ?? 0) / 1e6, waited: (waited ?? 0) / 1e6 };
  } catch {
    return { ran: 0, waited: 0 };
  }
}

function respondsTo(url: string, agent: http.Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode === 200));
      response.on("error", () => resolve(false));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
  });
}

async function sampleUntilStopped({ url, pidFile }: Watched): Promise<void> {
  const samples: Sample[] = [];
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  let isStopped = false;
  parentPort?.once("message", () => (isStopped = true));
  while (!isStopped) {
    const pid = readFileSync(pidFile, "utf8").trim();
    const at = Date.now();
    const [started, before, ownBefore] = [performance.now(), schedule(pid), schedule("thread-self")];
    const isThere = await respondsTo(url, agent);
    const elapsed = performance.now() - started;
    const [after, own] = [schedule(pid), schedule("thread-self")];
    const waited = Math.max(0, after.waited - before.waited) + own.waited - ownBefore.waited;
    samples.push({
      at,
      endedAt: Date.now(),
      tookMs: isThere ? Math.max(0, elapsed - waited) : null,
      waitedMs: waited,
      busyMs: Math.max(0, after.ran - before.ran),
      pid,
      rssMB: residentMB(pid),
    });
    await pause(EVERY_MS);
  }
  agent.destroy();
  parentPort?.postMessage(samples);
}

if (!isMainThread && workerData) await sampleUntilStopped(workerData as Watched);

export interface RuntimeLimits {
  /** Longest time of `/health`. */
  stallMs: number;
  /** How much more than in the first half of its life a process may take in the second. */
  growthMB: number;
}

/** Not judged: a process that lived shorter. */
const JUDGED_AFTER_MS = 20_000;
/** A process that starts compiles its code first. */
const STARTING_MS = 5_000;
/** A request that was waiting when the process was killed. */
const STALL_BEFORE_MS = 500;

/** Resident memory of a process in the quarters of its life: the median and the peak of each, in MB. */
function memoryByQuarters(samples: readonly Sample[]) {
  const [from, to] = [samples[0]!.at, samples.at(-1)!.at];
  const quarterOf = ({ at }: Sample) => Math.min(3, Math.floor((4 * (at - from)) / (to - from)));
  const quarters = [0, 1, 2, 3].map((quarter) =>
    samples
      .filter((sample) => quarterOf(sample) === quarter)
      .map(({ rssMB }) => Math.round(rssMB))
      .sort((a, b) => a - b),
  );
  return {
    medians: quarters.map((sorted) => sorted[Math.floor(sorted.length / 2)] ?? 0),
    peaks: quarters.map((sorted) => sorted.at(-1) ?? 0),
  };
}

/** Stalls outside of the seconds after a kill, and processes that grew. Adds what is beyond the limits to `problems`. */
export function judgeRuntime(
  samples: readonly Sample[],
  kills: readonly number[],
  { stallMs, growthMB }: RuntimeLimits,
  problems: string[],
) {
  const isExcused = ({ at, endedAt }: Sample) =>
    kills.some((kill) => endedAt > kill - STALL_BEFORE_MS && at < kill + STARTING_MS);
  const judged = samples.filter((sample) => !isExcused(sample));
  const stalls = judged.filter(({ tookMs }) => tookMs === null || tookMs > stallMs);
  for (const { at, tookMs, waitedMs: waited, busyMs: busy } of stalls)
    problems.push(
      `/health took ${tookMs === null ? "no response" : `${Math.round(tookMs)} ms`} at ${new Date(at).toISOString()} (workerd ran for ${Math.round(busy)} ms, ${Math.round(waited)} ms were waited for a processor)`,
    );
  const memory = [...Map.groupBy(samples, ({ pid }) => pid).values()].flatMap((own) =>
    own.at(-1)!.at - own[0]!.at < JUDGED_AFTER_MS ? [] : [memoryByQuarters(own)],
  );
  for (const { peaks } of memory) {
    const [first, second] = [Math.max(...peaks.slice(0, 2)), Math.max(...peaks.slice(2))];
    if (second > first + growthMB) problems.push(`workerd grew from ${first} to ${second} MB`);
  }
  const times = judged.map(({ tookMs }) => tookMs ?? TIMEOUT_MS).sort((a, b) => a - b);
  const quantile = (q: number) => Math.round(times[Math.floor(q * (times.length - 1))] ?? 0);
  return {
    samples: judged.length,
    healthMs: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
    waitedMaxMs: Math.round(Math.max(0, ...judged.map(({ waitedMs: waited }) => waited))),
    /** Of each process that lived long enough, in the quarters of its life. */
    workerdMB: memory,
  };
}
