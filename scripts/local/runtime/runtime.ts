/** Worker and dashboard on Miniflare. Bundles and bindings come from the build; ports and variables from here. */
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type Json } from "miniflare";
import { BINDINGS_FILE, type Build } from "../../lib/build.ts";
import { loopbackHosts } from "../network/ports.ts";
import { ownedWorkerd } from "../../lib/processes.ts";
import { readRuntimeOutput } from "./runtime-output.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Collects all garbage whenever it collects new objects. Streams and bodies are native memory, which V8 does not see: after 27,500
 * exchanges workerd held 960 MB that nothing referred to. With this it stays near 300 MB, for a tenth more CPU per exchange (10.6 instead
 * of 9.7 ms over 800 exchanges).
 */
const V8_FLAGS = "--gc-global --max-semi-space-size=8";
/** workerd's line about flags of V8: its own scripts are compiled at the start. Nothing for an operator. */
const ABOUT_FLAGS = /^NOSENTRY per-isolate bootstrap compile cache/;

export interface RuntimeOptions {
  build: Build;
  /** Directory with index.js, a Worker that replaces the built one. */
  workerBundle?: string;
  /** Directory for KV, R2 and Durable Objects. */
  stateDir: string;
  /** File for workerd's process id. */
  pidFile: string;
  proxyPort: number;
  dashboardPort: number;
  /** Public address of the proxy, shown by the dashboard. */
  proxyUrl: string;
  variables: Record<string, string>;
  /** Receives every log line of the Worker. */
  log(level: string, line: string): void;
  /** Called when workerd has been started again because it was killed. */
  onRestart(): Promise<void>;
}

/** The part of wrangler's configuration that is read here; the rest is passed on. */
interface BoundWorker {
  name: string;
  bindings?: Record<string, Json>;
  cronTriggers?: string[];
}

export interface Runtime {
  crons: string[];
  runCron(expression: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both; resolves when they are ready. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= V8_FLAGS;
  const worker = await bindingsOf(options.build.worker);
  const pages = await bindingsOf(options.build.pages);
  const log = (level: string, line: string) => {
    if (!ABOUT_FLAGS.test(line)) options.log(level, line);
  };
  const output = readRuntimeOutput(`${options.pidFile}.output`, log);
  const miniflare = withOwnSignals(
    () =>
      new Miniflare(
        convertV4MiniflareOptions({
          host: "127.0.0.1",
          port: 0,
          cf: false,
          logRequests: false,
          log: new Log(LogLevel.ERROR),
          resourcePersistencePath: options.stateDir,
          handleStructuredLogs: ({ level, message }) => log(level, message),
          unsafeRuntimeEnv: ownedWorkerd(options.pidFile, output?.path),
          unsafeHandleRuntimeRestart: () => options.onRestart(),
          workers: [
            {
              ...worker,
              ...bundle(options.workerBundle ?? options.build.worker),
              bindings: { ...worker.bindings, ...options.variables },
              // Miniflare's stripping also adds a header `cf-worker` of its own to what goes upstream.
              stripCfConnectingIp: false,
              unsafeDirectSockets: listenOn(options.proxyPort),
            },
            {
              ...pages,
              ...bundle(options.build.pages),
              bindings: { ...pages.bindings, LOCAL_PROXY_URL: options.proxyUrl },
              // Content types, ETags and `_headers` by Cloudflare's own asset Worker; without `has_user_worker` every page is its 404.
              assets: {
                directory: options.build.assets,
                binding: "ASSETS",
                routerConfig: { has_user_worker: true },
              },
              unsafeDirectSockets: listenOn(options.dashboardPort),
            },
          ],
        }),
      ),
  );
  await miniflare.ready;
  return {
    crons: worker.cronTriggers ?? [],
    async runCron(expression) {
      const fetcher = await miniflare.getWorker(worker.name);
      await fetcher.scheduled({ cron: expression });
    },
    async stop() {
      await miniflare.dispose();
      await output?.stop();
      await rm(options.pidFile, { force: true });
    },
  };
}

/** What the build has read from the Worker's configuration. */
async function bindingsOf(directory: string): Promise<BoundWorker> {
  return JSON.parse(await readFile(join(directory, BINDINGS_FILE), "utf8")) as BoundWorker;
}

function bundle(directory: string) {
  return {
    modules: [{ type: "ESModule" as const, path: resolve(directory, "index.js") }],
    modulesRoot: resolve(directory),
  };
}

function listenOn(port: number) {
  return loopbackHosts().map((host) => ({ host: host.includes(":") ? `[${host}]` : host, port }));
}

/** Removes Miniflare's signal handlers, which end the process at once: the Worker finishes recordings first. */
function withOwnSignals<T>(make: () => T): T {
  const before = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  const made = make();
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
    }
  }
  return made;
}

/** Kills the workerd of a killed process, which may hold the ports for up to two seconds. */
export async function endOrphan(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (!command.split("\0")[0]?.endsWith("workerd")) return;
  process.kill(pid, "SIGKILL");
  while (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) {
    await pause(10);
  }
}
