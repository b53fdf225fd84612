/** Starts plain workerds: the bare Worker, and the product with a domain, an account with an API key, and a client key. */
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { claimPort } from "../../scripts/local/network/ports.ts";
import { seal, SEALED_FIELDS } from "../../workers/runtime/seal.ts";
import type { Target } from "./target.ts";
import { bareConfig, nexusConfig } from "./workerd-config.ts";

export const DOMAIN = "bench.example";
const CLIENT_KEY = `cnp_live_${"k".repeat(43)}`;
const ACCOUNT = "bench-account";
const CREDENTIAL_KEYS = `bench:${Buffer.alloc(32, "b").toString("base64")}`;
/** Workers on the first core, drivers on the second; with one core, no pinning. */
const WORKER_CORE = availableParallelism() > 1 ? "0" : null;

export interface WorkerdSettings {
  /** Parent of the directories of workerds. */
  scratch: string;
  /** The product's Worker, as one module. */
  bundle: string;
  variables: Record<string, string>;
}

/** Options of one workerd. */
export interface WorkerdKind {
  /** Credential of its account. Default: a sealed API key. */
  credential?: "api_key" | "oauth";
  countsObjects?: boolean;
}

/** Resolves when it is ready. */
export async function startWorkerd(
  name: "bare" | "nexus",
  settings: WorkerdSettings,
  { credential = "api_key", countsObjects }: WorkerdKind = {},
): Promise<Target> {
  const directory = join(settings.scratch, `${name}-${randomUUID()}`);
  const port = await claimPort(0, "PORT");
  const headers: Record<string, string> = name === "nexus" ? { "x-api-key": CLIENT_KEY } : {};
  let path: string;
  if (name === "bare") path = bareConfig({ directory, port, variables: settings.variables });
  else {
    const variables = {
      ...settings.variables,
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
      CREDENTIAL_KEYS,
    };
    path = await nexusConfig(
      { directory, port, variables, countsObjects },
      settings.bundle,
      records(credential),
    );
  }
  const [command, ...pinned] = onCore(WORKER_CORE, [workerdPath(), "serve", path]);
  const child = spawn(command ?? "", pinned, { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (text: Buffer) => {
    if (!text.includes("compatibility flag")) process.stderr.write(text); // a warning about flags that are on by default
  });
  const ended = once(child, "exit");
  await untilReady(port, headers);
  return {
    name,
    port,
    pid: child.pid ?? 0,
    headers,
    async stop() {
      child.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** KV entries of one domain with its credential and one client key. */
function records(credentialType: "api_key" | "oauth"): Record<string, unknown> {
  const context = SEALED_FIELDS["TENANTS.domain"](DOMAIN, ACCOUNT);
  const credential = seal({ CREDENTIAL_KEYS }, "sk-ant-api03-bench", context);
  const hash = createHash("sha256").update(CLIENT_KEY).digest("hex");
  return {
    [`domain:${DOMAIN}`]: {
      v: 1,
      domain: DOMAIN,
      accountId: ACCOUNT,
      credentialType,
      credential: credentialType === "api_key" ? credential : null,
      endpoints: null,
    },
    [`key:${hash}`]: { v: 1, id: randomUUID(), domain: DOMAIN },
  };
}

const onCore = (core: string | null, command: string[]) =>
  core === null ? command : ["taskset", "-c", core, ...command];

function workerdPath(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return (require("workerd") as { default: string }).default;
}

async function untilReady(port: number, headers: Record<string, string>): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/health/live`, { headers });
      await response.arrayBuffer();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(50);
    }
  }
}
