/**
 * Types of the fake Claude: a received request (`Received`, read by tests) and a response to send (`Reply`, returned by scripts).
 */
import type { ModelResponse } from "./model-response.ts";

/** A received request. Times are epoch milliseconds. */
export interface Received {
  /** The `request-id` of the response. */
  requestId: string;
  method: string;
  /** Path and query exactly as on the request line. */
  url: string;
  /** Path alone. */
  path: string;
  /** Names and values as received, in order, in their original case. */
  headers: [name: string, value: string][];
  body: Buffer;
  bodyEndedAt: number | null;
  /** When the client disconnected before the end; null if it did not. */
  abortedAt: number | null;
  status: number | null;
  /** Bytes of the response body written. */
  bytesSent: number;
  violations: string[];
}

/** A chunk of a body, written at once after a pause. */
export interface Chunk {
  delayMs: number;
  bytes: Uint8Array;
}

export type Reply =
  /** A model response; streamed or sent whole, as requested, with its tokens counted. */
  | { kind: "response"; response: ModelResponse; speed?: number }
  | {
      kind: "error";
      status: number;
      type: string;
      message: string;
      headers?: Record<string, string>;
    }
  | { kind: "json"; status: number; body: unknown }
  | RawReply
  /** The connection is closed before any header. */
  | { kind: "refuse" }
  /** Nothing is sent until the client disconnects or the fake stops. */
  | { kind: "hang" };

/** Exact bytes. `vendorHeaders` adds the headers of every response (request-id, organisation, rate limits). */
export interface RawReply {
  kind: "raw";
  status: number;
  headers: Record<string, string>;
  chunks: Chunk[];
  /** After the last chunk: end properly, keep the connection open, or reset it. Default "end". */
  then?: "end" | "hang" | "reset";
  vendorHeaders?: boolean;
}

/** First value of a header, name in any case. */
export function headerOf(received: Pick<Received, "headers">, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return received.headers.find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** The body as JSON; undefined if it is not JSON. */
export function jsonOf(received: Pick<Received, "body">): unknown {
  try {
    return JSON.parse(received.body.toString("utf8"));
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** An error in Anthropic's shape; the type follows from the status. https://docs.claude.com/en/api/errors */
export function errorReply(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Reply & { kind: "error" } {
  const type = TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { kind: "error", status, type, message, headers };
}
