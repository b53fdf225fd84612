/** One HTTP request as the network carries it: bytes undecoded, chunks with their times. `fetch` hides both. */
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

const TIMEOUT_MS = 120_000;
/** How long a response to the first part of a body may take. */
const EARLY_MS = 10_000;

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Declares a body of this many bytes and sends `body` of it; the rest, zeros, if there is no response within EARLY_MS. */
  declaredBytes?: number;
  /** Ends the connection after the response's head or its first chunk. */
  until?: "head" | "chunk";
}

/** Times are milliseconds since the request was sent. */
export interface Received {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  firstChunkMs: number;
  endMs: number;
  /** Whether the response began before the whole body was sent. */
  isEarly: boolean;
}

/** Rejects when the connection fails before the response has ended. */
export function send(
  url: URL,
  { method, headers, body = "", declaredBytes, until }: Sent,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const since = () => performance.now() - started;
    let isEarly = declaredBytes !== undefined;
    const outgoing = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: method ?? (body === "" ? "GET" : "POST"),
      headers: {
        ...headers,
        ...(body !== "" && { "content-length": declaredBytes ?? Buffer.byteLength(body) }),
      },
      agent: false,
      timeout: TIMEOUT_MS,
    });
    let waiting: NodeJS.Timeout | undefined;
    if (declaredBytes === undefined) outgoing.end(body);
    else {
      outgoing.write(body);
      waiting = setTimeout(() => {
        isEarly = false;
        outgoing.end(Buffer.alloc(declaredBytes - Buffer.byteLength(body)));
      }, EARLY_MS);
    }
    outgoing.on("response", (incoming: IncomingMessage) => {
      clearTimeout(waiting);
      const chunks: Buffer[] = [];
      let firstChunkMs = Infinity;
      const finish = () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
          firstChunkMs,
          endMs: since(),
          isEarly,
        });
        outgoing.destroy();
      };
      incoming.on("data", (chunk: Buffer) => {
        firstChunkMs = Math.min(firstChunkMs, since());
        chunks.push(chunk);
        if (until === "chunk") finish();
      });
      if (until === "head") finish();
      incoming.on("end", finish);
      // After the end this has no effect.
      incoming.on("error", () => reject(new Error("the connection ended before the response")));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on("error", (error) => {
      clearTimeout(waiting);
      reject(error);
    });
  });
}
