/** The thread of tcp-relay.ts: the main thread is busy with Postgres at times and would delay streams. */
import { connect, createServer, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import type { RelayOptions, RelayReport } from "./tcp-relay.ts";

/** A client that ends its side within this time after its last byte half-closes: it waits for the response. */
const HALF_CLOSE_MS = 100;

const { hosts, port, targetPort } = workerData as RelayOptions;
const report = (message: RelayReport) => parentPort?.postMessage(message);

function relay(client: Socket): void {
  const worker = connect({ host: "127.0.0.1", port: targetPort, noDelay: true, allowHalfOpen: true });
  let isWaiting = false;
  let waits: NodeJS.Immediate | undefined;
  // The immediate runs after what has arrived is read, also where this thread has not run for longer than the limit.
  const timer = setTimeout(() => (waits = setImmediate(() => (isWaiting = true))), HALF_CLOSE_MS);
  client.setNoDelay(true);
  client.on("data", () => {
    clearImmediate(waits);
    isWaiting = false;
    timer.refresh();
  });
  client.on("end", () => {
    if (isWaiting) worker.resetAndDestroy();
  });
  client.on("close", () => clearTimeout(timer));
  client.on("error", () => worker.resetAndDestroy());
  client.on("close", () => worker.resetAndDestroy());
  worker.on("error", () => client.resetAndDestroy());
  worker.on("end", () => client.end());
  worker.on("close", () => client.end());
  client.pipe(worker, { end: false });
  worker.pipe(client, { end: false });
}

let listening = 0;
for (const host of hosts) {
  const server = createServer({ allowHalfOpen: true }, relay);
  server.on("error", (error: NodeJS.ErrnoException) =>
    report({ failed: `${host}: ${error.code ?? error.message}` }),
  );
  server.listen(port, host, () => {
    listening += 1;
    if (listening === hosts.length) report("listening");
  });
}
