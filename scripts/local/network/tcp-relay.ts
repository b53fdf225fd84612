/**
 * The proxy's public port in the local stack. workerd detects a disconnected client only when it has written twice or when the connection
 * is reset: while Claude thinks, it would not notice for minutes. On Cloudflare the edge notifies the Worker; this relay resets its own
 * connection to workerd instead. See docs/adr/0006-relay-local-connections-to-see-disconnects.md.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { LocalStackError } from "../../lib/local-error.ts";

export interface RelayOptions {
  /** Addresses to listen on. */
  hosts: string[];
  port: number;
  /** Port of workerd on 127.0.0.1. */
  targetPort: number;
}

/** Message of the thread. */
export type RelayReport = "listening" | { failed: string };

/** Resolves when it listens, to a function that stops it. Rejects with a LocalStackError when it cannot listen. */
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
