/** One HTTP exchange of the fake Claude: reads the request, writes timed chunks, detects a disconnect. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Chunk, Received } from "./http.ts";

/** Messages and count_tokens accept 32 MB, files more; no test sends a larger body. */
const MAX_BODY_BYTES = 512 * 1_048_576;
const RESET_AFTER_MS = 60;

export function receivedOf(request: IncomingMessage): Received {
  const url = request.url ?? "/";
  const headers: [string, string][] = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    headers.push([request.rawHeaders[at]!, request.rawHeaders[at + 1]!]);
  return {
    requestId: "",
    method: request.method ?? "GET",
    url,
    path: url.split("?")[0]!,
    headers,
    body: Buffer.alloc(0),
    bodyEndedAt: null,
    abortedAt: null,
    status: null,
    bytesSent: 0,
    violations: [],
  };
}

/** The whole body; throws when the client disconnects before its end. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) throw new Error("the request body is too large for the fake");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Resolves after a pause, or at once when a signal fires; false if it was `gone`. */
function pause(ms: number, gone: AbortSignal, hurry: AbortSignal): Promise<boolean> {
  if (gone.aborted) return Promise.resolve(false);
  if (ms <= 0 || hurry.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", done);
      hurry.removeEventListener("abort", done);
      resolve(!gone.aborted);
    };
    const timer = setTimeout(done, ms);
    gone.addEventListener("abort", done);
    hurry.addEventListener("abort", done);
  });
}

/** Resolves when the client has disconnected or the fake is stopped. */
function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve()),
  );
}

/** The response side of one exchange. `signal` fires when the connection closes. */
export class Connection {
  readonly received: Received;
  readonly signal: AbortSignal;
  readonly #response: ServerResponse;
  readonly #hurry: AbortSignal;
  readonly #closed: Promise<void>;
  /** True once the fake breaks the connection: then the client has not disconnected. */
  #ownEnd = false;

  /** When `hurry` fires, pauses end. */
  constructor(response: ServerResponse, received: Received, hurry: AbortSignal) {
    this.#response = response;
    this.#hurry = hurry;
    this.received = received;
    const controller = new AbortController();
    this.signal = controller.signal;
    this.#closed = gone(this.signal);
    response.on("close", () => {
      if (!response.writableFinished && !this.#ownEnd) received.abortedAt = Date.now();
      controller.abort();
    });
    response.on("error", () => undefined);
  }

  pause(ms: number): Promise<boolean> {
    return pause(ms, this.signal, this.#hurry);
  }

  head(status: number, headers: Record<string, string>): void {
    if (this.signal.aborted) return;
    this.received.status = status;
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  /** Writes the timed chunks; false if the client disconnected before the last one. */
  async write(chunks: Chunk[]): Promise<boolean> {
    for (const chunk of chunks) {
      if (!(await this.pause(chunk.delayMs)) || this.signal.aborted) return false;
      this.received.bytesSent += chunk.bytes.length;
      // Waits for the write: chunks stay separate on the wire, and memory stays small with a slow reader.
      const written = new Promise<void>((resolve) => this.#response.write(chunk.bytes, () => resolve()));
      await Promise.race([written, this.#closed]);
    }
    return !this.signal.aborted;
  }

  async finish(then: "end" | "hang" | "reset" = "end"): Promise<void> {
    if (this.signal.aborted) return;
    if (then === "hang") return this.#closed;
    if (then === "reset") {
      // A reset discards unread data: what was sent must arrive first.
      if (!(await this.pause(RESET_AFTER_MS))) return;
      this.#ownEnd = true;
      this.#response.socket?.resetAndDestroy();
      return this.#closed;
    }
    this.#ownEnd = true;
    await new Promise<void>((resolve) => {
      this.#response.on("close", () => resolve());
      this.#response.end(() => resolve());
    });
  }

  refuse(): Promise<void> {
    this.#ownEnd = true;
    this.#response.destroy();
    return this.#closed;
  }
}
