/**
 * Worker and dashboard on Miniflare. All bindings come from wrangler.toml and dashboard/wrangler.toml; what is added here
 * is where the bundles lie, where they listen, and the variables.
 */
import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
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
  /** Where KV, R2 and Durable Objects are kept. */
  stateDir: string;
  /** Where workerd's process id is noted. */
  pidFile: string;
  proxyPort: number;
  dashboardPort: number;
  /** Where people and clients reach the proxy; the dashboard names it. */
  proxyUrl: string;
  variables: Record<string, string>;
  /** Gets every log line of the Worker. */
  log(level: string, line: string): void;
}

/** The part of wrangler's description that is read here; the rest is passed on as it is. */
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

/** Starts both; resolves when they answer. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  // wrangler would report on its own that secrets are missing in files that this world does not use.
  process.env.WRANGLER_LOG ??= "error";
  const { unstable_getMiniflareWorkerOptions: optionsOf, unstable_readConfig: readConfig } =
    await import("wrangler");
  const describe = (file: string) => {
    const config = join(ROOT, file);
    // The bundles are plain modules: rules for importing text and data have been applied.
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

/** Miniflare ends the process on a signal at once. Here the host decides: it lets the Worker finish first. */
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

/** Ends the workerd of a host that was killed: it would keep the ports. */
export async function endOrphan(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (!command.split("\0")[0]?.endsWith("workerd")) return;
  process.kill(pid, "SIGKILL");
  while (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
