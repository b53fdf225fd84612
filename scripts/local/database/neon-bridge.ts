/**
 * Lets the Worker's Neon driver reach any Postgres: one loopback server that speaks Neon's HTTP protocol (`POST /sql`)
 * and Neon's WebSocket tunnel (`/v2?address=host:port`, bytes of the Postgres protocol both ways). Deployed Workers
 * talk to Neon itself. Only the given databases are reachable, and browsers are rejected: a web page must not reach a
 * database through a loopback port.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { createWebSocketStream, WebSocketServer, type WebSocket } from "ws";
import { HttpQueries } from "./neon-http-queries.ts";
import { addressOf, openTarget, postgresTarget, type PostgresTarget } from "./postgres-target.ts";
import { fatalMessage } from "./wire-messages.ts";
import { reasonOf } from "../../lib/local-error.ts";

export interface NeonBridge {
  /** `127.0.0.1:port`, the value of NEON_BRIDGE. */
  address: string;
  /** Closes all connections. */
  close(): Promise<void>;
}

export interface NeonBridgeOptions {
  /** The databases that may be reached (DATABASE_URL, DATABASE_READONLY_URL). */
  databaseUrls: string[];
  /** 0 or absent: a free port. */
  port?: number;
}

/** Starts the bridge on 127.0.0.1. Throws when a connection string is unusable. */
export async function startNeonBridge(options: NeonBridgeOptions): Promise<NeonBridge> {
  const targets = new Map<string, PostgresTarget>();
  for (const url of options.databaseUrls) {
    const target = postgresTarget(url);
    targets.set(addressOf(target), target);
  }
  const queries = new HttpQueries(targets);
  const server = createServer((request, response) => {
    if (isFromBrowser(request) || request.method !== "POST" || request.url !== "/sql") refuse(response);
    else void queries.handle(request, response);
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 30 });
  server.on("upgrade", (request, socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://bridge");
    const address = searchParams.get("address") ?? "";
    if (isFromBrowser(request) || pathname !== "/v2") {
      socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      void tunnel(webSocket, address, targets.get(address));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const client of sockets.clients) client.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, queries.close()]);
    },
  };
}

/** Pipes the WebSocket to the database. An unreachable database is reported as a Postgres error, so that drivers show it. */
async function tunnel(webSocket: WebSocket, address: string, target: PostgresTarget | undefined) {
  const stream = createWebSocketStream(webSocket);
  stream.on("error", () => webSocket.terminate());
  try {
    if (!target) throw new Error("the bridge does not know this database");
    const database = await openTarget(target);
    pipeline(stream, database, stream, () => {
      database.destroy();
      webSocket.close();
    });
  } catch (error) {
    const why = reasonOf(error);
    stream.end(fatalMessage("08001", `could not connect to Postgres at ${address}: ${why}`));
  }
}

/** Browsers send `Origin` with every cross-origin request and WebSocket; workerd never does. */
function isFromBrowser(request: IncomingMessage): boolean {
  return request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined;
}

function refuse(response: ServerResponse): void {
  response.writeHead(404, { "content-type": "text/plain" }).end("Neon bridge: POST /sql or WebSocket /v2\n");
}
