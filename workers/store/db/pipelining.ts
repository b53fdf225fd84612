/**
 * Sends each statement of a connection at once, behind those whose responses are still to come: statements that are issued together
 * take one round trip. The protocol allows it (https://www.postgresql.org/docs/current/protocol-flow.html), and the server runs them in
 * order; the driver would wait for each response. Replaces the queue of the driver's client, of whose members this is the only user.
 */
import type { Client } from "@neondatabase/serverless";

interface Query {
  submit(connection: Connection): Error | null;
  handleError(error: unknown, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
}

interface Connection {
  on(event: "readyForQuery" | "errorMessage", listener: () => void): void;
  removeAllListeners(event: "readyForQuery"): void;
}

/** Members of the driver's client that its type does not show. */
interface ClientInternals {
  connection: Connection;
  queryQueue: Query[];
  /** Whether the server has accepted the connection; then always, here. */
  readyForQuery: boolean;
  /** The query whose response comes now. */
  activeQuery: Query | null;
  _pulseQueryQueue(): void;
  _errorAllQueries(error: unknown): void;
}

/** To be called once for a connected client. Returns a function that tells whether a response is still to come. */
export function pipelineStatements(client: Client): () => boolean {
  const internals = client as unknown as ClientInternals;
  const { connection, queryQueue } = internals;
  /** Sent, in order. */
  const inFlight: Query[] = [];
  /** Whether the first of them had an error, which is the end of its response. */
  let hasFailed = false;
  internals._pulseQueryQueue = () => {
    if (!internals.readyForQuery) return;
    for (let query = queryQueue.shift(); query; query = queryQueue.shift()) {
      const unsent = query.submit(connection);
      if (unsent === null) inFlight.push(query);
      else queueMicrotask(() => query.handleError(unsent, connection));
    }
    internals.activeQuery ??= inFlight[0] ?? null;
  };
  internals._errorAllQueries = (error) => {
    const ended = [...inFlight.splice(0), ...queryQueue.splice(0)];
    internals.activeQuery = null;
    queueMicrotask(() => ended.forEach((query) => query.handleError(error, connection)));
  };
  connection.on("errorMessage", () => (hasFailed = true));
  connection.removeAllListeners("readyForQuery");
  connection.on("readyForQuery", () => {
    const ended = inFlight.shift();
    internals.activeQuery = inFlight[0] ?? null;
    if (!hasFailed) ended?.handleReadyForQuery(connection);
    hasFailed = false;
  });
  return () => inFlight.length > 0;
}
