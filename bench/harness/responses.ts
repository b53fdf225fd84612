/** Responses of the upstream, with the shapes and event order of the Messages API. */
import { createCipheriv, createHash } from "node:crypto";
import type { Socket } from "node:net";
import { now } from "./clock.ts";
import { lorem } from "./lorem.ts";

/**
 * `stream <events> <ms between two>`: server-sent events, the first at once, each written on its own.
 * `json <bytes>`: one message of about that size. `words <characters>`: one with that many characters of random words. `status <code>`: an error with its vendor headers.
 * `echo <bytes>`: the SHA-256 of the request's body as `x-body-sha256`, bytes of any value, and their SHA-256 as `x-answer-sha256`.
 */
export type ResponseSpec =
  `stream ${number} ${number}` | `json ${number}` | `words ${number}` | `status ${number}` | `echo ${number}`;

/** Counts since the last report. */
export interface UpstreamReport {
  calls: number;
  bodyBytes: number;
  /** Times (clock.ts) at which a connection closed before the end of a response. */
  hangUps: number[];
}

const VENDOR = [
  "request-id: req_011CSHoEeqs5C35K2UUqR7Fy",
  "anthropic-organization-id: 9d1b5b7e-6a0c-4b3f-8f0e-2b7f7a3f1c11",
  "anthropic-ratelimit-unified-status: allowed",
  "anthropic-ratelimit-unified-5h-utilization: 0.31",
  "anthropic-ratelimit-unified-5h-reset: 1798000000",
  "anthropic-ratelimit-unified-7d-utilization: 0.12",
  "x-envoy-upstream-service-time: 412",
  "cf-ray: 9a1b2c3d4e5f6071-FRA",
].join("\r\n");

/** Writes a response and calls `done` when it is complete. The returned function aborts it. */
export function writeResponse(socket: Socket, spec: string, bodyHash: string, done: () => void): () => void {
  const [kind, first = "0", second = "0"] = spec.split(" ");
  if (kind === "stream") return stream(socket, Number(first), Number(second), done);
  done();
  if (kind === "json") socket.write(message("x".repeat(Number(first))));
  else if (kind === "words") socket.write(message(lorem(Number(first))));
  else if (kind === "status") socket.write(error(Number(first)));
  else socket.write(echo(Number(first), bodyHash));
  return () => undefined;
}

function stream(socket: Socket, events: number, everyMs: number, done: () => void): () => void {
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n${VENDOR}\r\ntransfer-encoding: chunked\r\n\r\n` +
      chunk(event("message_start", `"message":{"type":"message","usage":{"input_tokens":9},"content":[]}`)),
  );
  let sent = 1;
  const timer = setInterval(() => {
    sent++;
    if (sent < events) {
      socket.write(chunk(event("content_block_delta", DELTA)));
      return;
    }
    clearInterval(timer);
    done();
    socket.write(`${chunk(event("message_stop", `"end":true`))}0\r\n\r\n`);
  }, everyMs);
  return () => clearInterval(timer);
}

const DELTA = `"index":0,"delta":{"type":"text_delta","text":"some words of an answer, thirty bytes or so"}`;

function event(type: string, rest: string): string {
  return `event: ${type}\ndata: {"type":"${type}","at":${now().toFixed(4)},${rest}}\n\n`;
}

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

function message(text: string): string {
  const body = JSON.stringify({
    type: "message",
    role: "assistant",
    at: now(),
    content: [{ type: "text", text }],
    usage: { input_tokens: 9, output_tokens: 9 },
  });
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${VENDOR}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

function error(status: number): string {
  const body = `{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}`;
  return `HTTP/1.1 ${status} No\r\ncontent-type: application/json\r\n${VENDOR}\r\nretry-after: 7\r\nx-should-retry: true\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

function echo(bytes: number, bodyHash: string): Buffer {
  const body = anyBytes(bytes, 7);
  const hash = createHash("sha256").update(body).digest("hex");
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n${VENDOR}\r\nx-body-sha256: ${bodyHash}\r\nx-answer-sha256: ${hash}\r\ncontent-length: ${bytes}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Pseudorandom bytes of every value, determined by the seed: the key stream of a cipher. */
export function anyBytes(length: number, seed: number): Buffer {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}
