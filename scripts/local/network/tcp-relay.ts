/**
 * The proxy's public port in the local world. Behind it is workerd, which hears that a client has left only when it writes
 * twice, or when the connection is reset: of a client that closes its connection while Claude thinks it would not hear for
 * minutes, and Claude would go on. On Cloudflare the edge stands here and tells the Worker; this relay does it by resetting
 * its own connection to workerd.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { LocalStackError } from "../../lib/local-error.ts";

export interface RelayOptions {
  /** Where it listens. */
  hosts: string[];
  port: number;
  /** Where workerd listens, on 127.0.0.1. */
  targetPort: number;
}

/** What the thread says. */
export type RelayReport = "listening" | { failed: string };

/** Resolves when it listens, to how to end it. Rejects with a LocalWorldError when it cannot listen. */
export async function startTcpRelay(options: RelayOptions): Promise<() => Promise<void>> {
  const thread = new Worker(new URL("./tcp-relay-thread.ts", import.meta.url), { workerData: options });
  const [report] = (await once(thread, "message")) as [RelayReport];
  const stop = async () => void (await thread.terminate());
  if (report === "listening") return stop;
  await stop();
  throw new LocalStackError(
    `Port ${options.port} cannot be listened on (${report.failed}). Set PROXY_PORT to another.`,
  );
}
