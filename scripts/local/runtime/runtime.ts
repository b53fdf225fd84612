/** Worker and dashboard on Miniflare. Bindings come from wrangler.toml and dashboard/wrangler.toml; bundles, ports and variables from here. */
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type Json,
  type LegacyWorkerOptions,
} from "miniflare";
import type { Build } from "../../lib/build.ts";
import { loopbackHosts } from "../network/ports.ts";
import { ownedWorkerd } from "../../lib/processes.ts";
import { staticFiles } from "./static-files.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface RuntimeOptions {
  build: Build;
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
}

/** The part of wrangler's configuration that is read here; the rest is passed on. */
interface BoundWorker {
  modulesRules?: unknown;
  bindings?: Record<string, Json>;
  serviceBindings?: LegacyWorkerOptions["serviceBindings"];
  cronTriggers?: string[];
}

export interface Runtime {
  crons: string[];
  runCron(expression: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both; resolves when they are ready. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  // Otherwise wrangler reports missing secrets of files that the local stack does not use.
  process.env.WRANGLER_LOG ??= "error";
  const { unstable_getMiniflareWorkerOptions: optionsOf, unstable_readConfig: readConfig } =
    await import("wrangler");
  const describe = (file: string) => {
    const config = join(ROOT, file);
    // The bundles are plain modules: module rules have been applied.
    const { modulesRules: _applied, ...worker } = optionsOf(config).workerOptions as BoundWorker;
    const { name } = readConfig({ config }, { hideWarnings: true }) as { name?: string };
    return { ...worker, name: name ?? file };
  };
  const worker = describe("wrangler.toml");
  const pages = describe("dashboard/wrangler.toml");
  const assets = await staticFiles(options.build.assets);
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
          handleStructuredLogs: ({ level, message }) => options.log(level, message),
          unsafeRuntimeEnv: ownedWorkerd(options.pidFile),
          workers: [
            {
              ...worker,
              ...bundle(options.build.worker),
              bindings: { ...worker.bindings, ...options.variables },
              // Miniflare's stripping also adds a header `cf-worker` of its own to what goes upstream.
              stripCfConnectingIp: false,
              unsafeDirectSockets: listenOn(options.proxyPort),
            },
            {
              ...pages,
              ...bundle(options.build.pages),
              bindings: { ...pages.bindings, LOCAL_PROXY_URL: options.proxyUrl },
              serviceBindings: { ...pages.serviceBindings, ASSETS: assets },
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
      await rm(options.pidFile, { force: true });
    },
  };
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
