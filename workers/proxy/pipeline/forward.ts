/** Sends one request to Claude and waits for its response headers, with time limits and a retry where that is safe. */
import type { Config } from "../../runtime/config.ts";
import {
  CONNECT_RETRY_DELAY_MS,
  CONNECT_RETRY_WINDOW_MS,
  MAX_CONNECT_RETRIES,
} from "../../runtime/constants.ts";
import type { ProxyError } from "../../runtime/anthropic-errors.ts";
import { errorText, log } from "../../runtime/log.ts";
import type { RequestBody } from "../body/request-body.ts";

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
 * `abort` ends the exchange; this aborts it too when the headers take longer than the limit.
 * A response is never retried, whatever its status. A connection that fails without a response is retried only early
 * and only when the body is in memory: one that fails late may have been processed.
 */
export async function forward(
  request: UpstreamRequest,
  config: Config,
  abort: AbortController,
): Promise<UpstreamResult> {
  const limit = Math.min(config.CLAUDE_API_TIMEOUT, config.PROXY_SERVER_TIMEOUT);
  let hasTimedOut = false;
  const timer = setTimeout(() => {
    hasTimedOut = true;
    abort.abort();
  }, limit);
  const started = Date.now();
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        return { kind: "response", response: await send(request, abort.signal) };
      } catch (thrown) {
        const { host } = new URL(request.url);
        if (hasTimedOut)
          return { kind: "failed", error: { reason: "upstream_timeout", host, milliseconds: limit } };
        if (abort.signal.aborted) return { kind: "client_gone" };
        log.warn("forward: no response", { host, attempt, error: errorText(thrown) });
        const mayRetry =
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
