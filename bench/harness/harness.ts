/**
 * Upstream and load generator on one core, the two workerds on the other, so that measuring does not compete with what is measured.
 * Cases (../cases) run load specs against its targets.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { UpstreamReport } from "./responses.ts";
import { driver, message, startUpstream } from "./driver.ts";
import type { Measured, LoadSpec } from "./load-spec.ts";
import { cpuMs } from "./process-tree.ts";
import { DOMAIN, startWorkerd, type WorkerdKind } from "./workerd.ts";
import type { TargetName, Target } from "./target.ts";

export interface Harness {
  targets: Record<TargetName, Target>;
  /** Another workerd of the same kind without previous traffic. */
  fresh(name: "bare" | "nexus", kind?: WorkerdKind): Promise<Target>;
  /** Runs a load spec against a target. Rejects when a response was wrong. */
  run(target: Target, spec: Omit<LoadSpec, "port" | "headers">): Promise<Measured>;
  /** CPU milliseconds of the target's processes while `work` runs and until they are idle. */
  cpuOf(target: Target, work: () => Promise<unknown>): Promise<number>;
  /** Requests of the upstream since the last call. */
  upstream(): Promise<UpstreamReport>;
  stop(): Promise<void>;
}

/** In memory if the machine has it: disk latency is not measured. */
const SCRATCH_ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
/** Headers of a real client, so that their cost is measured. */
const CLIENT_HEADERS = {
  accept: "application/json",
  "accept-encoding": "gzip, deflate, br, zstd",
  "anthropic-beta":
    "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14",
  "anthropic-version": "2023-06-01",
  "content-type": "application/json",
  "user-agent": "claude-cli/2.0.14 (external, cli)",
  "x-app": "cli",
  "x-stainless-arch": "x64",
  "x-stainless-lang": "js",
  "x-stainless-os": "Linux",
  "x-stainless-package-version": "0.60.0",
  "x-stainless-retry-count": "0",
  "x-stainless-runtime": "node",
  "x-stainless-runtime-version": "v24.3.0",
  "x-stainless-timeout": "600",
};

/** `bundle`: the product's Worker, as one module. */
export async function startHarness(bundle: string): Promise<Harness> {
  const scratch = mkdtempSync(join(SCRATCH_ROOT, "nexus-bench-"));
  const { child: upstream, port } = await startUpstream();
  const load = driver("load.ts");
  await message(load);
  const variables = {
    CLAUDE_API_BASE_URL: `http://127.0.0.1:${port}`,
    // A round has more requests than a key may send.
    MCP_RATE_LIMIT_PER_MINUTE: "1000000",
  };
  const settings = { scratch, bundle, variables };
  const targets = {
    direct: { name: "direct", port, pid: null, headers: {}, stop: async () => undefined } as Target,
    bare: await startWorkerd("bare", settings),
    nexus: await startWorkerd("nexus", settings),
  };
  const all = [...Object.values(targets)];
  return {
    targets,
    async fresh(name, kind) {
      const target = await startWorkerd(name, settings, kind);
      all.push(target);
      return target;
    },
    async run(target, spec) {
      const headers = { host: `${DOMAIN}`, ...CLIENT_HEADERS, ...target.headers };
      load.send({ ...spec, headers, port: target.port } satisfies LoadSpec);
      const measured = (await message(load)) as Measured;
      if (measured.failures > 0)
        throw new Error(`${target.name}: ${measured.failures} responses failed: ${measured.failure}`);
      return measured;
    },
    async cpuOf({ pid }, work) {
      if (pid === null) throw new Error("the upstream is not measured");
      const before = cpuMs(pid);
      await work();
      return (await cpuWhenIdle(pid)) - before;
    },
    async upstream() {
      upstream.send("report");
      return (await message(upstream)) as UpstreamReport;
    },
    async stop() {
      for (const target of all) await target.stop();
      for (const child of [load, upstream]) child.disconnect();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** CPU time of a process once it is idle: recording continues after the response. */
async function cpuWhenIdle(pid: number): Promise<number> {
  let before = cpuMs(pid);
  for (let quiet = 0; quiet < 2;) {
    await pause(150);
    const after = cpuMs(pid);
    quiet = after - before < 0.5 ? quiet + 1 : 0;
    before = after;
  }
  return before;
}
