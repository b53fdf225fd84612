/**
 * One HTTP request over node:http with any Host (fetch does not allow it), the given headers and the received bytes unchanged. Used
 * by demo, recordings and tests.
 */
import http from "node:http";

export interface SendOptions {
  /** Where to connect: `http://127.0.0.1:8787`. */
  baseUrl: string;
  method: string;
  /** Path with query. */
  path: string;
  /** Sent unchanged; `content-length` is added with a body. */
  headers: Record<string, string>;
  /** The Host header; default that of baseUrl. */
  host?: string;
  body?: string | Uint8Array;
  /** Writes the request; default: the whole body with its `content-length`. */
  write?: (request: http.ClientRequest) => void;
  /** Disconnects at the first chunk for which this returns true; gets the body bytes received so far. */
  leave?: (received: number) => boolean;
  /** Timeout in milliseconds without a byte. Default 60,000. */
  timeoutMs?: number;
  /** False: a connection of its own. */
  agent?: http.Agent | false;
}

export interface Sent {
  status: number;
  /** Names in lower case; a repeated header's values are joined with ", ". */
  headers: Record<string, string>;
  /** As received, in its content-coding. */
  body: Buffer;
  /** The chunks of the body, with milliseconds since sending. */
  chunks: { at: number; bytes: Buffer }[];
  /** True if the client disconnected because of `leave`. */
  hungUp: boolean;
  /** The response was cut off. */
  broken: boolean;
  timeToHeadersMs: number;
  durationMs: number;
}

/** Resolves when the response has ended, was cut off, or the client disconnected. Rejects without a response. */
export function send(options: SendOptions): Promise<Sent> {
  const started = performance.now();
  const { hostname, port, host } = new URL(options.baseUrl);
  const headers: Record<string, string> = { host: options.host ?? host, ...options.headers };
  if (options.body !== undefined && !options.write)
    headers["content-length"] = String(Buffer.byteLength(options.body));
  return new Promise((resolve, reject) => {
    const request = http.request({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port || 80,
      method: options.method,
      path: options.path,
      headers,
      setHost: false,
      ...(options.agent !== undefined && { agent: options.agent }),
    });
    request.setTimeout(options.timeoutMs ?? 60_000, () => {
      request.destroy(
        new Error(`no byte from ${options.method} ${options.path} within ${options.timeoutMs ?? 60_000} ms`),
      );
    });
    let answered = false;
    // After the headers, a failure resolves as a response that was cut off.
    request.on("error", (error) => answered || reject(error));
    request.on("response", (response) => {
      answered = true;
      const timeToHeadersMs = performance.now() - started;
      const chunks: Sent["chunks"] = [];
      let size = 0;
      let hungUp = false;
      const settle = (broken: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headersDistinct).map(([name, values]) => [
              name,
              (values ?? []).join(", "),
            ]),
          ),
          body: Buffer.concat(chunks.map(({ bytes }) => bytes)),
          chunks,
          hungUp,
          broken,
          timeToHeadersMs,
          durationMs: performance.now() - started,
        });
      response.on("data", (bytes: Buffer) => {
        if (hungUp) return;
        chunks.push({ at: performance.now() - started, bytes });
        size += bytes.length;
        if (options.leave?.(size)) {
          hungUp = true;
          settle(false);
          request.destroy();
        }
      });
      response.on("end", () => settle(!response.complete));
      response.on("error", () => settle(true));
      response.on("close", () => settle(!response.complete));
    });
    if (options.write) options.write(request);
    else request.end(options.body);
  });
}
