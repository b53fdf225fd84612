/**
 * The local stack: embedded Postgres (or DATABASE_URL), Worker, queues, Durable Objects and dashboard in one process and its children.
 * Used by `npm start`, `npm run demo` and the end-to-end tests.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Cron } from "croner";
import { build } from "../lib/build.ts";
import { Config, ConfigError, loadConfig } from "../../workers/runtime/config.ts";
import { accessApplication } from "../../workers/domain/auth/access-identity.ts";
import { lockDataDir } from "./data-dir.ts";
import { openDatabase } from "./database/database.ts";
import { isDiskFull, LocalStackError, reasonOf } from "../lib/local-error.ts";
import { startTcpRelay } from "./network/tcp-relay.ts";
import { claimPort, loopbackHosts } from "./network/ports.ts";
import { endOrphan, startRuntime, type Runtime } from "./runtime/runtime.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";

/** Usual time from the end of a response to its row: recorder, journal, one second in the queue, ingest. */
const FINISH_MS = 1_500;
const READY_TIMEOUT_MS = 15_000;
const PROGRESS_AFTER_MS = 1_000;
/** The cron expression that notifies the Worker's scheduled handler of the start. */
const STARTUP = "startup";

export interface LocalStackOptions {
  /** Absolute path. Created if missing. */
  dataDir: string;
  /** 0 or absent: a free port. */
  proxyPort?: number;
  dashboardPort?: number;
  /** Absent: the embedded Postgres, kept in the data directory. */
  databaseUrl?: string | undefined;
  /** Variables of workers/runtime/config.ts, over the defaults and the generated secrets. */
  variables?: Record<string, string>;
  /** Directory with index.js, a Worker that replaces the built one, such as one with injected faults. */
  workerBundle?: string;
  /** Receives every log line of the Worker. */
  log?: (level: string, line: string) => void;
}

export interface LocalStack {
  /** `http://127.0.0.1:port`; also on ::1 if the machine has it. */
  proxyUrl: string;
  /** The same for clients, whose domain is then `localhost`. */
  clientUrl: string;
  dashboardUrl: string;
  /** The administrator's key. */
  dashboardKey: string;
  /** For `pg` and psql. */
  databaseUrl: string;
  /** Fires a cron trigger of wrangler.toml and waits for its handler. */
  runCron(expression: string): Promise<void>;
  /** Waits for recordings in progress (unless `finish` is false), then stops everything. */
  stop(options?: { finish?: boolean }): Promise<void>;
}

/**
 * Starts the stack; resolves when it serves requests. Rejects with a LocalStackError when the operator has to act (port busy,
 * directory in use, database unreachable, invalid variable), after stopping what was started.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    checkVariables(options.variables ?? {});
    const dataDir = await lockDataDir(options.dataDir);
    closers.push(() => dataDir.release());
    const pidFile = join(options.dataDir, "workerd.pid");
    await endOrphan(pidFile);
    const proxyPort = await claimPort(options.proxyPort ?? 0, "PROXY_PORT");
    const dashboardPort = await claimPort(options.dashboardPort ?? 0, "DASHBOARD_PORT");
    const secrets = await loadSecrets(options.dataDir);
    const slow = progressLines(options.log);
    const building = slow("Building the Worker and the dashboard", build());
    building.catch(() => {});
    const database = await slow(
      "Opening the database",
      openDatabase({
        dataDir: options.dataDir,
        databaseUrl: options.databaseUrl,
        readonlyUrl: options.variables?.DATABASE_READONLY_URL,
        log: (line) => options.log?.("error", line),
      }),
    );
    closers.push(() => database.stop());
    const dashboardUrl = `http://127.0.0.1:${dashboardPort}`;
    const proxyUrl = `http://127.0.0.1:${proxyPort}`;
    const clientUrl = `http://localhost:${proxyPort}`;
    const variables = workerVariables(options, secrets, {
      DASHBOARD_URL: dashboardUrl,
      DATABASE_URL: database.url,
      NEON_BRIDGE: database.bridge,
    });
    const workerPort = await claimPort(0, "PROXY_PORT");
    const built = await building;
    const runtime: Runtime = await startRuntime({
      build: built,
      ...(options.workerBundle && { workerBundle: options.workerBundle }),
      stateDir: join(options.dataDir, "cloudflare"),
      pidFile,
      proxyPort: workerPort,
      dashboardPort,
      proxyUrl: clientUrl,
      variables,
      log: options.log ?? (() => {}),
      onRestart: () => runtime.runCron(STARTUP),
    });
    closers.push(() => runtime.stop());
    closers.push(await startTcpRelay({ hosts: loopbackHosts(), port: proxyPort, targetPort: workerPort }));
    // The queue is in memory: journal entries that an earlier stack did not store are enqueued again.
    await runtime.runCron(STARTUP);
    await Promise.all([untilReady(`${proxyUrl}/health/ready`), untilReady(dashboardUrl)]);
    closers.push(runCrons(runtime, options.log));
    return {
      proxyUrl,
      clientUrl,
      dashboardUrl,
      dashboardKey: variables.DASHBOARD_API_KEY ?? "",
      databaseUrl: database.url,
      runCron: (expression) => runtime.runCron(expression),
      async stop({ finish = true } = {}) {
        if (finish && closers.length > 0) await pause(FINISH_MS);
        await closeAll();
      },
    };
  } catch (error) {
    // On a full disk, closing fails too.
    await closeAll().catch(() => {});
    if (!isDiskFull(error)) throw error;
    throw new LocalStackError(
      `The disk of ${options.dataDir} is full. Free some space, or set DATA_DIR to a directory on another disk, and start again.`,
    );
  }
}

/** Logs a line for each step of the start that takes longer than a second. */
function progressLines(log: LocalStackOptions["log"]) {
  return async <T>(step: string, work: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => log?.("info", `${step}…`), PROGRESS_AFTER_MS);
    return work.finally(() => clearTimeout(timer));
  };
}

/** Defaults, then the given variables, then those that this stack determines. */
function workerVariables(
  options: LocalStackOptions,
  secrets: Secrets,
  own: { DASHBOARD_URL: string; DATABASE_URL: string; NEON_BRIDGE: string },
): Record<string, string> {
  const { DATABASE_URL, NEON_BRIDGE } = own;
  return { LOCAL_WORLD: "true", ...secrets, ...own, ...options.variables, DATABASE_URL, NEON_BRIDGE };
}

/** Reports invalid variables now instead of at the first request. */
function checkVariables(given: Record<string, string>): void {
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => name in Config.shape));
  const present = { DATABASE_URL: "-", CREDENTIAL_KEYS: `check:${Buffer.alloc(32).toString("base64")}` };
  try {
    const access = accessApplication(loadConfig({ ...present, ...known }));
    if (access !== "none" && "problem" in access) throw new LocalStackError(access.problem);
  } catch (error) {
    if (error instanceof ConfigError) throw new LocalStackError(error.message);
    throw error;
  }
}

/** Runs `fire` at the UTC minutes of a cron trigger of wrangler.toml, as Cloudflare does. Does not keep the process alive. */
export const schedule = (expression: string, fire: () => void): Cron =>
  new Cron(expression, { mode: "5-part", timezone: "UTC", unref: true }, fire);

/** Runs every cron trigger once, because the machine may have been off at its time, and then on its schedule. */
function runCrons(runtime: Runtime, log: LocalStackOptions["log"]): () => void {
  const fire = (expression: string) => {
    runtime.runCron(expression).catch((error: unknown) => {
      log?.("error", `The cron trigger "${expression}" failed: ${reasonOf(error)}`);
    });
  };
  const jobs = runtime.crons.map((expression) => {
    fire(expression);
    return schedule(expression, () => fire(expression));
  });
  return () => jobs.forEach((job) => job.stop());
}

/** Resolves when the address responds with a success or a redirect. */
async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const status = await fetch(url, { redirect: "manual" }).then(
      (response) => response.body?.cancel().then(() => response.status) ?? response.status,
      reasonOf,
    );
    if (typeof status === "number" && status < 400) return;
    if (Date.now() > deadline) throw new LocalStackError(`${url} is not ready (${status}).`);
    await pause(50);
  }
}
