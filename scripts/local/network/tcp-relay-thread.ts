/**
 * The relay of front.ts, in a thread of its own: the host's is busy with Postgres at times, and a stream must not notice that.
 * Bytes go both ways as they come; what it adds is the one thing workerd does not hear, see front.ts.
 */
import { connect, createServer, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import type { RelayOptions, RelayReport } from "./tcp-relay.ts";

/** A client that says no more this soon after its last byte only half-closes: it has asked and waits for the answer. */
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
