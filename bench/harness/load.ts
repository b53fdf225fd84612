/** The load generator of a run as a process: raw sockets and timestamps; reads only what it measures. */
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { anyBytes } from "./responses.ts";
import { now } from "./clock.ts";
import { noMeasurements, type Measured, type LoadSpec } from "./load-spec.ts";

process.on("message", (spec: LoadSpec) => {
  void run(spec).then((measured) => process.send?.(measured));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function run(spec: LoadSpec): Promise<Measured> {
  const measured = noMeasurements();
  const request = requestBytes(spec);
  let left = spec.requests;
  const client = async () => {
    let socket: Socket | null = null;
    while (left-- > 0) {
      socket = socket && !socket.destroyed ? socket : await opened(spec.port);
      await exchange(socket, request, spec, measured);
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: spec.concurrency }, client));
  return measured;
}

function requestBytes({ headers, bodyBytes, response, isChecked }: LoadSpec) {
  const body = isChecked ? anyBytes(bodyBytes, 3) : Buffer.from(messages(bodyBytes));
  const lines = Object.entries({ ...headers, "x-bench-answer": response, "content-length": body.length });
  const head = `POST /v1/messages?beta=true HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const hash = createHash("sha256").update(body).digest("hex");
  return { bytes: Buffer.concat([Buffer.from(head), body]), hash };
}

function messages(bytes: number): string {
  const history = [];
  for (let left = bytes - 200; left > 0; left -= 2_060)
    history.push({
      role: history.length % 2 ? "assistant" : "user",
      content: "w".repeat(Math.min(left, 2_000)),
    });
  return JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 1024, stream: true, messages: history });
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends once and reads the response to its end; never rejects. */
function exchange(
  socket: Socket,
  request: ReturnType<typeof requestBytes>,
  spec: LoadSpec,
  measured: Measured,
): Promise<void> {
  return new Promise((resolve) => {
    const started = now();
    const response = new ResponseReader(spec.isChecked === true);
    let firstAt = 0;
    let reads = 0;
    let events = 0;
    let lastStamp = 0;
    const finish = (failure: string) => {
      socket.off("data", read).off("close", closed).off("error", closed);
      if (failure) {
        measured.failures++;
        measured.failure = failure;
        socket.destroy();
      }
      resolve();
    };
    const closed = () => finish("the connection closed before the response's end");
    const read = (bytes: Buffer) => {
      const at = now();
      response.take(bytes);
      if (!response.hasBody) return;
      if (reads++ === 0) firstAt = at;
      if (spec.response.startsWith("stream")) {
        for (const [, stamp] of bytes.toString("latin1").matchAll(/"at":([\d.]+)/g)) {
          lastStamp = Number(stamp);
          events++;
          measured.delay.push(at - lastStamp);
        }
      }
      if (spec.leaveAfter !== undefined && reads >= spec.leaveAfter) {
        measured.left.push(at);
        socket.destroy();
        return finish("");
      }
      if (!response.isComplete) return;
      measured.firstByte.push(firstAt - started);
      measured.total.push(at - started);
      if (events > 0) {
        measured.end.push(at - lastStamp);
        measured.readsPerEvent.push(reads / events);
        measured.firstShare.push((firstAt - started) / (at - started));
      }
      measured.status = response.status;
      measured.headers = response.headers;
      finish(spec.isChecked ? response.difference(request.hash) : "");
    };
    socket.on("data", read).on("close", closed).on("error", closed);
    socket.write(request.bytes);
  });
}

/** Finds the end of a response; keeps and decodes its body only when it is checked. */
class ResponseReader {
  status = 0;
  headers = "";
  hasBody = false;
  isComplete = false;
  readonly #isKept: boolean;
  readonly #kept: Buffer[] = [];
  #head = "";
  #left = 0;
  #isChunked = false;
  #tail = "";

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  take(bytes: Buffer): void {
    let body = bytes;
    if (this.status === 0) {
      this.#head += bytes.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      body = bytes.subarray(bytes.length - (this.#head.length - end - 4));
      this.headers = this.#head.slice(0, end);
      this.status = Number(this.headers.slice(9, 12));
      this.#isChunked = /^transfer-encoding: *chunked/im.test(this.headers);
      this.#left = Number(/^content-length: *(\d+)/im.exec(this.headers)?.[1] ?? 0);
      if (!this.#isChunked && this.#left === 0) this.isComplete = this.hasBody = true;
    }
    if (body.length === 0) return;
    this.hasBody = true;
    if (this.#isKept) this.#kept.push(body);
    if (this.#isChunked) {
      this.#tail = (this.#tail + body.toString("latin1", Math.max(0, body.length - 5))).slice(-5);
      this.isComplete = this.#tail === "0\r\n\r\n";
    } else {
      this.#left -= body.length;
      this.isComplete = this.#left <= 0;
    }
  }

  /** Empty when the bytes are the same on both sides. */
  difference(requestHash: string): string {
    const value = (name: string) => new RegExp(`^${name}: *(\\w+)`, "im").exec(this.headers)?.[1];
    const body = Buffer.concat(this.#kept);
    const whole = this.#isChunked ? joinedChunks(body) : body;
    if (value("x-body-sha256") !== requestHash) return "the request body differs";
    const hash = createHash("sha256").update(whole).digest("hex");
    return value("x-answer-sha256") === hash ? "" : "the response body differs";
  }
}

function joinedChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = parseInt(body.toString("latin1", at, lineEnd), 16);
    if (!(size > 0)) break;
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
  return Buffer.concat(chunks);
}
