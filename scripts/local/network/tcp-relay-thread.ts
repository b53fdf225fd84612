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
  let lastByteAt = Date.now();
  client.setNoDelay(true);
  client.on("data", () => (lastByteAt = Date.now()));
  client.on("end", () => {
    if (Date.now() - lastByteAt > HALF_CLOSE_MS) worker.resetAndDestroy();
  });
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
