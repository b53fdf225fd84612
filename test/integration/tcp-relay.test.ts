/** The relay in front of workerd: bytes in both directions, and disconnects reach workerd at once. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { startTcpRelay } from "../../scripts/local/network/tcp-relay.ts";
import { claimPort } from "../../scripts/local/network/ports.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { waitUntil } from "../support/wait.ts";

const REQUEST = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server behind the relay; `resetAt` has the times of connection resets in epoch milliseconds. */
async function relayed(respond: RequestListener) {
  const resetAt: number[] = [];
  const { server, port: targetPort, stop } = await startHttpServer(respond);
  server.on("connection", (socket: Socket) => socket.on("error", () => resetAt.push(Date.now())));
  closers.push(stop);
  const port = await claimPort(0, "PORT");
  closers.push(await startTcpRelay({ hosts: ["127.0.0.1"], port, targetPort }));
  return { port, resetAt };
}

async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  closers.push(() => socket.destroy());
  return socket;
}

it.each(["before the response", "during the response"])(
  "a disconnect %s resets the connection within 200 ms",
  async (when) => {
    const { port, resetAt } = await relayed((_, response) => {
      if (when !== "before the response") response.write("a beginning");
    });
    const socket = await client(port);
    socket.write(REQUEST);
    await pause(250); // as a person who changes their mind
    const left = Date.now();
    socket.destroy();
    await waitUntil(() => resetAt.length > 0, 5);
    expect(resetAt[0]! - left).toBeLessThanOrEqual(200);
  },
);

it("a client that half-closes gets its response", async () => {
  const { port } = await relayed((_, response) => void setTimeout(() => response.end("here it is"), 300));
  const socket = await client(port);
  socket.end(REQUEST.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
  expect(await text(socket)).toContain("here it is");
});

it("large bodies pass whole in both directions, and a broken response stays broken", async () => {
  const body = Buffer.alloc(5_000_000, "0123456789abcdef");
  const { port } = await relayed((request, response) => {
    if (request.url === "/broken") {
      response.writeHead(200, { "content-length": "10" }).write("four");
      setTimeout(() => request.socket.resetAndDestroy(), 50);
    } else request.pipe(response);
  });
  const url = `http://127.0.0.1:${port}`;
  const echoed = await fetch(url, { method: "POST", body });
  expect(Buffer.from(await echoed.arrayBuffer()).equals(body)).toBe(true);
  await expect(fetch(`${url}/broken`).then((response) => response.text())).rejects.toThrow();
});

it("rejects when it cannot listen", async () => {
  const { port } = await relayed(() => undefined);
  await expect(startTcpRelay({ hosts: ["127.0.0.1"], port, targetPort: 1 })).rejects.toThrow(/PROXY_PORT/);
});
