/** Sends one request to Claude and waits for its response headers, with time limits and a retry where that is safe. */
import {
  CONNECT_RETRY_DELAY_MS,
  CONNECT_RETRY_WINDOW_MS,
  MAX_CONNECT_RETRIES,
} from "../../runtime/constants.ts";
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { RequestBody } from "../body/request-body.ts";
import type { Exchange } from "../exchange.ts";

export interface UpstreamRequest {
  url: string;
  method: string;
  headers: Headers;
  body: RequestBody;
}

/** `client_gone`: the client disconnected before there was a response. */
export type UpstreamResult =
  { kind: "response"; response: Response } | { kind: "failed"; error: ProxyError } | { kind: "client_gone" };

/**
 * The methods that RFC 9110 9.2.1 calls safe. A failed `fetch` does not show whether upstream has read the request, so the
 * others are never sent again (RFC 9110 9.2.2). The runtime itself sends a request once, on a reused connection too.
 */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Aborts the exchange when the headers take longer than the limit, and counts each attempt in `upstreamAttempts`.
 * A response is never retried, whatever its status. A connection that fails early without a response is retried when
 * the method is safe and the body is at hand.
 */
export async function forward(request: UpstreamRequest, exchange: Exchange): Promise<UpstreamResult> {
  const { config, abort } = exchange;
  const limit = Math.min(config.CLAUDE_API_TIMEOUT, config.PROXY_SERVER_TIMEOUT);
  let hasTimedOut = false;
  const timer = setTimeout(() => {
    hasTimedOut = true;
    abort.abort();
  }, limit);
  const started = Date.now();
  try {
    for (let attempt = 0; ; attempt++) {
      exchange.upstreamAttempts++;
      try {
        return { kind: "response", response: await send(request, abort.signal) };
      } catch (thrown) {
        const { host } = new URL(request.url);
        if (hasTimedOut)
          return { kind: "failed", error: { reason: "upstream_timeout", host, milliseconds: limit } };
        if (abort.signal.aborted) return { kind: "client_gone" };
        log.warn("forward: no response", { host, attempt, error: errorText(thrown) });
        const mayRetry =
          SAFE_METHODS.has(request.method) &&
          request.body.kind !== "streamed" &&
          attempt < MAX_CONNECT_RETRIES &&
          Date.now() - started < CONNECT_RETRY_WINDOW_MS;
        if (!mayRetry) return { kind: "failed", error: { reason: "upstream_unreachable", host } };
        await scheduler.wait(CONNECT_RETRY_DELAY_MS * 2 ** attempt);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function send({ url, method, headers, body }: UpstreamRequest, signal: AbortSignal): Promise<Response> {
  return fetch(url, {
    method,
    headers,
    body: body.kind === "buffered" ? body.bytes : body.kind === "streamed" ? body.toUpstream : null,
    redirect: "manual",
    signal,
  });
}
