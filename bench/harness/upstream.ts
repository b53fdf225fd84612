/**
 * The upstream of a run as a process: raw sockets, to use little CPU beside the measured processes. The request header
 * `x-bench-answer` selects the response (`ResponseSpec`). Every event carries the time at which it was written; the load generator
 * computes its delay from that.
 */
import { createHash, type Hash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { writeResponse, type UpstreamReport } from "./responses.ts";
import { now } from "./clock.ts";

const report: UpstreamReport = { calls: 0, bodyBytes: 0, hangUps: [] };

process.on("message", (message: "report") => {
  if (message !== "report") return;
  process.send?.({ ...report });
  report.calls = report.bodyBytes = 0;
  report.hangUps = [];
});
process.on("disconnect", () => process.exit());

const server = createServer({ noDelay: true }, serve);
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : 0 });
});

/** Serves the requests of one connection in sequence. */
function serve(socket: Socket): void {
  let head: Buffer = Buffer.alloc(0);
  let body: Body | null = null;
  let spec = "";
  let stop: (() => void) | null = null;
  socket.on("error", () => undefined);
  socket.on("close", () => {
    if (stop) report.hangUps.push(now());
    stop?.();
  });
  socket.on("data", (bytes: Buffer) => {
    let rest = bytes;
    if (!body) {
      head = head.length ? Buffer.concat([head, bytes]) : bytes;
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const text = head.toString("latin1", 0, end + 2);
      rest = head.subarray(end + 4);
      head = Buffer.alloc(0);
      spec = field(text, "x-bench-answer") ?? "json 500";
      body = new Body(text, spec.startsWith("echo"));
      report.calls++;
    }
    if (!body.take(rest)) return;
    report.bodyBytes += body.bytes;
    const hash = body.hash?.digest("hex") ?? "";
    body = null;
    stop = writeResponse(socket, spec, hash, () => {
      stop = null;
    });
  });
}

const field = (head: string, name: string) => new RegExp(`^${name}: *(.*)\r$`, "im").exec(head)?.[1];

/** Counts a request's body until it is complete; both framings of HTTP/1.1. */
class Body {
  bytes = 0;
  readonly hash: Hash | null;
  readonly #isChunked: boolean;
  #left: number;
  /** Unread bytes of a chunked body. */
  #unread: Buffer = Buffer.alloc(0);

  constructor(head: string, isHashed: boolean) {
    this.hash = isHashed ? createHash("sha256") : null;
    this.#isChunked = /chunked/i.test(field(head, "transfer-encoding") ?? "");
    this.#left = this.#isChunked ? 0 : Number(field(head, "content-length") ?? 0);
  }

  /** True when the body is complete. */
  take(bytes: Buffer): boolean {
    if (this.#isChunked) return this.#takeChunked(bytes);
    this.#count(bytes);
    this.#left -= bytes.length;
    return this.#left <= 0;
  }

  #takeChunked(bytes: Buffer): boolean {
    let unread = this.#unread.length ? Buffer.concat([this.#unread, bytes]) : bytes;
    for (;;) {
      const lineEnd = unread.indexOf("\r\n");
      const size = lineEnd < 0 ? -1 : parseInt(unread.toString("latin1", 0, lineEnd), 16);
      if (size < 0 || unread.length < lineEnd + 4 + size) {
        this.#unread = Buffer.from(unread);
        return false;
      }
      if (size === 0) return true;
      this.#count(unread.subarray(lineEnd + 2, lineEnd + 2 + size));
      unread = unread.subarray(lineEnd + 4 + size);
    }
  }

  #count(bytes: Buffer): void {
    this.bytes += bytes.length;
    this.hash?.update(bytes);
  }
}
