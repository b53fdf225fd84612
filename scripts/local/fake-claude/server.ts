/**
 * A Claude API on loopback that checks requests, sends timed responses and counts tokens with a simulated prompt cache. Used by
 * `npm run demo`, by tests and for trying clients without cost. Responses can be selected in the request (`[fake:name]`, see
 * fake-claude/tags.ts) or scripted.
 */
import { once, setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { ModelResponse } from "./model-response.ts";
import { claimPort } from "../network/ports.ts";
import { batchEndpoints } from "./batches.ts";
import { checkRequest } from "./checks.ts";
import { composeResponse, lastUserText } from "./compose.ts";
import { Connection, readBody, receivedOf } from "./connection.ts";
import { fileEndpoints } from "./files.ts";
import { emptyMessage, messageReply } from "./messages.ts";
import { type OAuthEndpoints, oauthEndpoints } from "./oauth.ts";
import { modelById, modelList } from "./models.ts";
import { countTokens, PromptCache } from "./prompt-cache.ts";
import { digest, randomOf } from "./random.ts";
import { isUnified, RateLimits } from "./rate-limits.ts";
import { behaviourOf, type Treatment } from "./tags.ts";
import { wholeMessage } from "./model-response.ts";
import { errorReply, headerOf, isRecord, jsonOf, type Received, type Reply } from "./http.ts";

export type { ModelResponse } from "./model-response.ts";
export type { LoginFault } from "./oauth.ts";
export { headerOf, type Chunk, type Received, type Reply } from "./http.ts";

export interface FakeClaudeOptions {
  /** Seed of ids, words and delays. */
  seed?: string;
  /** Scales the pauses: 1 = a real model's, 0 (default) = none. */
  speed?: number;
  /** Number of requests kept for tests. Default 10,000. */
  keep?: number;
  /** Clock of cache, rate limits and batches in epoch milliseconds, optionally per request. Default Date.now. */
  now?: (received?: Received) => number;
}

export type Matcher = (received: Received, json: unknown) => boolean;
export type Responder = Reply | ((received: Received, json: unknown) => Reply | Promise<Reply>);

export interface FakeClaude {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  url: string;
  /** Received requests, oldest first. */
  requests: Received[];
  /** Violations as `METHOD path: message`. */
  violations: string[];
  /** Responds to matching requests from now on; the latest script wins. `times` limits it. Returns a function that removes it. */
  script(matcher: Matcher, responder: Responder, options?: { times?: number }): () => void;
  /** Authorize page, token endpoint, and controls for tests. */
  oauth: OAuthEndpoints;
  /** Rejects this secret from now on. */
  revoke(secret: string): void;
  setSpeed(speed: number): void;
  /** Ends all pauses: responses in progress and later ones are sent at once. */
  hurry(): void;
  /** Clears requests, violations, scripts and repetition counts; keeps files, batches and the prompt cache. */
  reset(): void;
  /** Closes all connections and the port. */
  stop(): Promise<void>;
}

interface Script {
  matcher: Matcher;
  responder: Responder;
  left: number;
}

const ORGANISATION = "00000000-0000-4000-8000-00000000c1a0";

const MAX_MESSAGES_BYTES = 32 * 1_048_576;
const TOO_LARGE = errorReply(413, "Request exceeds the maximum size");
const isTooLarge = ({ path }: Received, bytes: number) =>
  /^\/v1\/messages(\/count_tokens)?$/.test(path) && bytes > MAX_MESSAGES_BYTES;

/** Starts it on 127.0.0.1 and resolves once it listens. */
export async function startFakeClaude(options: FakeClaudeOptions = {}): Promise<FakeClaude> {
  const seed = options.seed ?? "fake";
  const now = options.now ?? Date.now;
  let speed = options.speed ?? 0;
  const requests: Received[] = [];
  const violations: string[] = [];
  const scripts: Script[] = [];
  const revoked = new Set<string>();
  const seen = new Map<string, number>();
  const cache = new PromptCache();
  const limits = new RateLimits();
  const hurry = new AbortController();
  // Every response in progress listens to it.
  setMaxListeners(0, hurry.signal);
  let url = "";

  const oauth = oauthEndpoints(seed, now);
  const files = fileEndpoints(seed, now);
  const batches = batchEndpoints({
    seed,
    now,
    origin: () => url,
    readyAfterMs: () => 2_000 * speed,
    resultOf(params) {
      const name = digest(seed, "batch", JSON.stringify(params));
      const { reply, response } = behaviourOf(lastUserText(params), params, name, 0);
      if (reply?.kind === "error")
        return {
          type: "errored",
          error: { type: "error", error: { type: reply.type, message: reply.message } },
        };
      const composed = response ?? composeResponse(params, name);
      const received = { headers: [] } as unknown as Received;
      const message = emptyMessage({ received, request: params, name }, composed);
      const usage = { ...cache.account(params, "batch", now()), service_tier: "batch" };
      return { type: "succeeded", message: wholeMessage(composed, message, usage) };
    },
  });

  const routeOf = async (received: Received, json: unknown): Promise<Reply> => {
    const { method, path } = received;
    const query = new URLSearchParams(received.url.split("?")[1] ?? "");
    const tail = (prefix: string) => path.slice(prefix.length);
    if (path === "/v1/messages/count_tokens" && method === "POST")
      return {
        kind: "json",
        status: 200,
        body: { input_tokens: countTokens(json as Record<string, unknown>) },
      };
    if (/^\/v1\/messages\/batches(\/|$)/.test(path))
      return batches.handle(method, tail("/v1/messages/batches"), query, json);
    if (/^\/v1\/files(\/|$)/.test(path)) return files.handle(received, tail("/v1/files"), query);
    if (path === "/v1/models" && method === "GET") return modelList(query);
    if (path.startsWith("/v1/models/") && method === "GET") return modelById(tail("/v1/models/"));
    return errorReply(404, "Not found");
  };

  /** The secret of a request; also the owner of its cache and limits. */
  const secretOf = (received: Received) => {
    const key = headerOf(received, "x-api-key");
    const bearer = headerOf(received, "authorization")?.replace(/^Bearer /i, "");
    return { secret: key ?? bearer ?? "", unified: isUnified(key, bearer) };
  };

  const send = async (connection: Connection, reply: Reply, extra: Record<string, string>): Promise<void> => {
    switch (reply.kind) {
      case "refuse":
        return connection.refuse();
      case "hang":
        return connection.finish("hang");
      case "raw":
        connection.head(reply.status, reply.vendorHeaders ? { ...reply.headers, ...extra } : reply.headers);
        if (await connection.write(reply.chunks)) await connection.finish(reply.then);
        return;
      case "error":
      case "json": {
        const body =
          reply.kind === "json"
            ? reply.body
            : {
                type: "error",
                error: { type: reply.type, message: reply.message },
                request_id: connection.received.requestId,
              };
        const bytes = Buffer.from(JSON.stringify(body));
        connection.head(reply.status, {
          "content-type": "application/json",
          "content-length": String(bytes.length),
          ...(reply.kind === "error" && reply.headers),
          ...extra,
        });
        if (await connection.write([{ delayMs: 0, bytes }])) await connection.finish();
        return;
      }
      case "response":
        throw new Error("a model response is sent by sendResponse");
    }
  };

  const sendResponse = async (
    connection: Connection,
    json: unknown,
    response: ModelResponse,
    treatment: Treatment,
    name: string,
    pace: number,
  ): Promise<void> => {
    const { received } = connection;
    const request = isRecord(json) ? json : {};
    const { secret, unified } = secretOf(received);
    const usage = cache.account(request, secret, now(received));
    const made = await messageReply({ received, request, name, usage, treatment, speed: pace }, response);
    limits.use(secret, usage, made.outputTokens, now(received));
    if (!(await connection.pause(made.headersAfterMs))) return;
    await send(connection, made.reply, vendorHeaders(received, secret, unified, false));
  };

  const vendorHeaders = (received: Received, secret: string, unified: boolean, rejected: boolean) => ({
    "request-id": received.requestId,
    "anthropic-organization-id": ORGANISATION,
    ...(received.path.startsWith("/v1/messages") && limits.headers(secret, unified, now(received), rejected)),
  });

  const respond = async (connection: Connection): Promise<void> => {
    const { received } = connection;
    if (received.method === "HEAD" && (received.path === "/api/hello" || received.path === "/")) {
      connection.head(200, {});
      return connection.finish();
    }
    const login = oauth.handle(received);
    if (login) return send(connection, login, {});
    const json = jsonOf(received);
    const session = headerOf(received, "x-claude-code-session-id") ?? "";
    // Streamed or not, the same request gets the same text.
    const content = isRecord(json) ? JSON.stringify({ ...json, stream: undefined }) : received.body;
    const identity = digest(seed, session, received.method, received.url, content);
    const nth = seen.get(identity) ?? 0;
    seen.set(identity, nth + 1);
    const name = digest(identity, nth);
    received.requestId = `req_01${digest(name, "request").slice(0, 22)}`;
    const { secret, unified } = secretOf(received);
    const found = checkRequest(received, json);
    received.violations.push(...found.map((violation) => violation.message));
    violations.push(...found.map((violation) => `${received.method} ${received.path}: ${violation.message}`));
    const first = found.find((violation) => violation.status === 401) ?? found[0];
    const extra = (rejected = false) => vendorHeaders(received, secret, unified, rejected);
    if (first) return send(connection, errorReply(first.status, first.message), extra());
    if (revoked.has(secret) || oauth.isOver(secret) || /invalid/i.test(secret))
      return send(
        connection,
        errorReply(401, unified ? "Invalid bearer token" : "invalid x-api-key"),
        extra(),
      );
    if (isTooLarge(received, received.body.length)) return send(connection, TOO_LARGE, extra());

    const script = scripts.findLast((one) => one.left > 0 && one.matcher(received, json));
    if (script) script.left -= 1;
    const scripted = script && (await resolve(script.responder, received, json));
    if (scripted && scripted.kind !== "response")
      return send(connection, scripted, extra(scripted.kind === "error" && scripted.status === 429));
    const request = isRecord(json) ? json : {};
    if (scripted) return sendResponse(connection, json, scripted.response, {}, name, scripted.speed ?? speed);
    if (received.path !== "/v1/messages" || received.method !== "POST")
      return send(connection, await routeOf(received, json), extra());

    const behaviour = behaviourOf(lastUserText(request), request, name, nth);
    if (behaviour.reply) {
      const full = behaviour.reply.kind === "error" && behaviour.reply.status === 429;
      if (
        behaviour.reply.kind !== "refuse" &&
        !(await connection.pause(randomOf(name).between(100, 400) * speed))
      )
        return;
      return send(connection, behaviour.reply, extra(full));
    }
    const response = behaviour.response ?? composeResponse(request, name);
    return sendResponse(connection, json, response, behaviour.treatment, name, speed);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = receivedOf(request);
    requests.push(received);
    if (requests.length > (options.keep ?? 10_000)) requests.shift();
    const connection = new Connection(response, received, hurry.signal);
    if (isTooLarge(received, Number(headerOf(received, "content-length")))) {
      // It keeps reading: closing at once would reset the connection and lose the response.
      request.resume();
      return send(connection, TOO_LARGE, {});
    }
    try {
      received.body = await readBody(request);
      received.bodyEndedAt = Date.now();
    } catch {
      received.abortedAt ??= Date.now();
      response.destroy();
      return;
    }
    await respond(connection);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      violations.push(`the fake itself failed: ${String(error)}`);
      response.destroy();
    });
  });
  // A proxy keeps connections open between requests; closing them early would look like an upstream failure.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  const port = await claimPort(0, "port");
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${port}`;

  return {
    url,
    requests,
    violations,
    script(matcher, responder, { times = Infinity } = {}) {
      const script: Script = { matcher, responder, left: times };
      scripts.push(script);
      return () => {
        const at = scripts.indexOf(script);
        if (at >= 0) scripts.splice(at, 1);
      };
    },
    oauth,
    revoke: (secret) => void revoked.add(secret),
    setSpeed: (value) => void (speed = value),
    hurry: () => hurry.abort(),
    reset() {
      requests.length = 0;
      violations.length = 0;
      scripts.length = 0;
      seen.clear();
    },
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function resolve(responder: Responder, received: Received, json: unknown): Promise<Reply> {
  return typeof responder === "function" ? responder(received, json) : responder;
}
