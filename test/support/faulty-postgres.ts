/** A TCP relay in front of Postgres that can be down or slow. The Worker's database address in fault tests. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** `down`: connections are closed and refused. A number: clients' bytes arrive this many milliseconds later. */
export type PostgresFault = "down" | number;

export async function startFaultyPostgres(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let fault: PostgresFault | null = null;
  const server = createServer((client) => {
    if (fault === "down") return client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    // Keeps the order of bytes with changing delays.
    let sending = Promise.resolve();
    client.on("data", (bytes: Buffer) => {
      const delay = typeof fault === "number" ? fault : 0;
      sending = sending
        .then(() => (delay > 0 ? new Promise<void>((resolve) => setTimeout(resolve, delay)) : undefined))
        .then(() => void (upstream.destroyed || upstream.write(bytes)));
    });
    upstream.on("data", (bytes: Buffer) => client.write(bytes));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    /** The connection string with the relay's address. */
    url: url.href,
    setFault(next: PostgresFault | null) {
      fault = next;
      if (next === "down") for (const socket of sockets) socket.destroy();
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
