/** Entry point of `/mcp`: HTTP around the Model Context Protocol. https://modelcontextprotocol.io/specification */
import { callRates } from "../domain/auth/call-rate.ts";
import { throttleKey } from "../domain/auth/key-throttle.ts";
import { CORS_HEADERS, isFromOtherSite } from "../domain/http/cors.ts";
import { domainOfHost } from "../domain/http/host.ts";
import { rawHost } from "../domain/http/paths.ts";
import { parseJsonBytes } from "../domain/json/json.ts";
import { admitCaller } from "../proxy/auth/authorize.ts";
import { countRejection, flushCounters } from "../proxy/record/counters.ts";
import { describe } from "../runtime/anthropic-errors.ts";
import { loadConfig } from "../runtime/config.ts";
import { errorText, log } from "../runtime/log.ts";
import { readBody } from "../runtime/read-body.ts";
import { timeoutOrNull } from "../runtime/timeout.ts";
import { servedPrompts } from "../store/prompts/registry.ts";
import type { McpContext } from "./context.ts";

/** JSON-RPC messages are small; the largest are arguments of a prompt. */
const MAX_BODY_BYTES = 256 * 1024;
/** Messages of one request. Newer versions of the protocol allow one. */
const MAX_BATCH = 20;
/** Nested values; requests of the protocol have about five. */
const MAX_DEPTH = 50;

/** Longer than any statement of the tools may take. */
const RESPONSE_TIMEOUT_MS = 60_000;

/** Of the JSON-RPC specification; SERVER_ERROR is what the library uses for errors of HTTP. */
const [PARSE_ERROR, INVALID_REQUEST, INTERNAL_ERROR, SERVER_ERROR] = [-32700, -32600, -32603, -32000];

/** The library of the protocol takes 180 ms of CPU to load, once per isolate: not for callers without a key. */
const loadProtocol = () => import("./protocol.ts");

/** Requests of the last minute by client key, or by address where no key is required. */
const rates = callRates();

/** Always resolves: failures are JSON-RPC errors. */
export async function handleMcp(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  try {
    const response = await handle(request, env, ctx);
    const { status, headers, body } = response;
    const own = new Headers(headers);
    for (const [name, value] of Object.entries(CORS_HEADERS)) own.set(name, value);
    own.set("cache-control", "no-store");
    return new Response(body, { status, headers: own });
  } catch (thrown) {
    log.error("mcp: internal error", { error: errorText(thrown) });
    return rejection(500, INTERNAL_ERROR, "Internal error.");
  } finally {
    flushCounters(env, ctx, Date.now());
  }
}

async function handle(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const config = loadConfig(env);
  const domain = domainOfHost(rawHost(request.url));
  // Also where a key is required, as the specification of the transport requires.
  if (domain !== null && isFromOtherSite(request.headers, domain, config.ALLOWED_ORIGINS)) {
    countRejection({ reason: "other_site" });
    return rejection(
      403,
      SERVER_ERROR,
      "Nexus: pages of other web sites may not use this address. ALLOWED_ORIGINS lists exceptions.",
    );
  }
  const admission = await admitCaller(request, env, config, false);
  if ("error" in admission) {
    countRejection(admission.error);
    const { status, message } = describe(admission.error);
    return rejection(
      status,
      SERVER_ERROR,
      message,
      status === 401 ? { "www-authenticate": "Bearer" } : { "retry-after": "5" },
    );
  }
  const { record, clientKeyId } = admission;
  const context: McpContext = {
    env,
    ctx,
    config,
    caller: { domain: record.domain, accountId: record.accountId, clientKeyId },
    prompts: () => servedPrompts(env, config),
  };
  const tooMany = limitCalls(request, context, 1);
  if (tooMany) return tooMany;
  if (request.method === "GET") {
    // Clients ask whether the server sends messages of its own.
    if (request.headers.get("accept")?.includes("text/event-stream"))
      return rejection(405, SERVER_ERROR, "Nexus: there is no stream here. Send POST.", { allow: "POST" });
    const { describeServer } = await loadProtocol();
    return Response.json(await describeServer(context));
  }
  if (request.method !== "POST")
    return rejection(405, SERVER_ERROR, "Nexus: send POST.", { allow: "GET, POST" });
  return handlePost(request, context);
}

async function handlePost(request: Request, context: McpContext): Promise<Response> {
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get("content-type") ?? ""))
    return rejection(415, SERVER_ERROR, "Nexus: Content-Type must be application/json.");
  const isTooLarge = Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES;
  const bytes = isTooLarge ? null : await readBody(request.body, MAX_BODY_BYTES);
  if (bytes === null)
    return rejection(413, SERVER_ERROR, `Nexus: the body is larger than ${MAX_BODY_BYTES} bytes.`);
  const body = parseJsonBytes(bytes, MAX_DEPTH);
  if (body === undefined) return rejection(400, PARSE_ERROR, "Parse error: the body is not valid JSON.");
  if (Array.isArray(body)) {
    if (body.length === 0 || body.length > MAX_BATCH)
      return rejection(400, INVALID_REQUEST, `A batch has 1 to ${MAX_BATCH} messages.`);
    const tooMany = limitCalls(request, context, body.length - 1);
    if (tooMany) return tooMany;
  }
  const { respond } = await loadProtocol();
  return (
    (await timeoutOrNull(RESPONSE_TIMEOUT_MS, respond(request, body, context))) ??
    rejection(504, SERVER_ERROR, `Nexus: no response within ${RESPONSE_TIMEOUT_MS / 1_000} s.`)
  );
}

function limitCalls(request: Request, { caller, config }: McpContext, calls: number): Response | null {
  const address = request.headers.get("cf-connecting-ip");
  const who = caller.clientKeyId ?? (address === null ? caller.domain : throttleKey(address));
  const wait = calls === 0 ? 0 : rates.take(who, config.MCP_RATE_LIMIT_PER_MINUTE, Date.now(), calls);
  if (wait === 0) return null;
  const seconds = Math.max(1, Math.ceil(wait / 1_000));
  return rejection(429, SERVER_ERROR, `Nexus: too many requests. Try again in ${seconds} s.`, {
    "retry-after": String(seconds),
  });
}

function rejection(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code, message } }, { status, headers });
}
