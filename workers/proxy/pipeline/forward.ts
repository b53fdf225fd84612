/** One request to Claude, until its response headers: time limits, and another try where that cannot do harm. */
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

/** `gone`: the client left before there was anything to tell. */
export type UpstreamResult =
  { kind: "answered"; response: Response } | { kind: "failed"; error: ProxyError } | { kind: "gone" };

/**
 * Fetches. `abort` is what ends the exchange from our side; this sets a limit on it that holds until the headers are there.
 * A status, whatever it says, is an answer and never tried again. Only a connection that fails early and without an answer
 * is, and only when the body is at hand: one that dies late has probably been working on the answer.
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
        return { kind: "answered", response: await send(request, abort.signal) };
      } catch (thrown) {
        const { host } = new URL(request.url);
        if (hasTimedOut)
          return { kind: "failed", error: { reason: "upstream_timeout", host, milliseconds: limit } };
        if (abort.signal.aborted) return { kind: "gone" };
        log.warn("forward: no answer", { host, attempt, error: errorText(thrown) });
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
    body: body.kind === "held" ? body.bytes : body.kind === "streamed" ? body.up : null,
    redirect: "manual",
    signal,
  });
}
