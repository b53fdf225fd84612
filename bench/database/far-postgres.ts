/** An embedded PostgreSQL that is a round trip away. */
import { connect, createServer, type AddressInfo } from "node:net";
import { startPostgres } from "../../scripts/local/database/embedded-postgres.ts";

/** Runs `measure` with a connection string whose database answers `roundTripMs` later, and one without the delay. */
export async function withFarPostgres<T>(
  roundTripMs: number,
  measure: (farUrl: string, nearUrl: string) => Promise<T>,
): Promise<T> {
  const postgres = await startPostgres();
  const near = new URL(postgres.url);
  const server = createServer((client) => {
    const database = connect(Number(near.port), near.hostname);
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      from.setNoDelay(true);
      // Timers of one length end in order, and bytes on their way do not wait for each other.
      from.on("data", (bytes) => setTimeout(() => to.destroyed || to.write(bytes), roundTripMs / 2));
      from.on("error", () => from.destroy());
      from.on("close", () => setTimeout(() => to.destroy(), roundTripMs / 2));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const far = new URL(near);
  far.port = String((server.address() as AddressInfo).port);
  try {
    return await measure(far.href, near.href);
  } finally {
    server.close();
    await postgres.stop();
  }
}
