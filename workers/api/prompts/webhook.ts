/**
 * `POST /api/mcp/webhook`: GitHub reports a push. Needs no key: the body is signed. A failed delivery is not sent again by GitHub, but the
 * next sync by interval finds what was pushed. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
import { z } from "zod";
import { fromHex } from "../../domain/bytes.ts";
import { loadConfig } from "../../runtime/config.ts";
import { reportDatabaseUse } from "../../runtime/database-use.ts";
import { errorText, log } from "../../runtime/log.ts";
import { readBody } from "../../runtime/read-body.ts";
import { promptSource } from "../../store/prompts/source.ts";
import { acceptPush, syncAfterPush } from "../../store/prompts/sync.ts";
import { slowDownWrongKey } from "../auth/key-guard.ts";
import { ApiError, errorResponse } from "../http/errors.ts";

/** GitHub sends up to 25 MB; larger pushes than this wait for the interval. */
const MAX_BODY_BYTES = 1_000_000;
/** Deliveries that are read at once in an isolate, and how long: anybody may send what turns out to have no signature. */
const MAX_READ = 4;
const READ_TIMEOUT_MS = 10_000;
/** With their times, because an invocation whose client leaves never comes to remove its own. */
const reading = new Set<{ since: number }>();
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;
const Push = z.object({ ref: z.string(), repository: z.object({ full_name: z.string() }) });
/** So many of the signature name a delivery, and are not enough to send it again. */
const NAME_CHARACTERS = 32;

export async function handlePromptWebhook(
  request: Request,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
): Promise<Response> {
  const config = loadConfig(env);
  const source = promptSource(config);
  const secret = config.MCP_GITHUB_WEBHOOK_SECRET;
  if (!source || secret === undefined)
    return errorResponse(
      new ApiError("not_found", "There is no webhook: MCP_GITHUB_WEBHOOK_SECRET is not set."),
    );
  const signature = SIGNATURE.exec(request.headers.get("x-hub-signature-256") ?? "")?.[1];
  if (signature === undefined) return errorResponse(WRONG_SIGNATURE);
  if (isCrowded(Date.now()))
    return errorResponse(new ApiError("unavailable", "Too many deliveries at once."));
  const isLong = Number(request.headers.get("content-length")) > MAX_BODY_BYTES;
  const body = isLong ? null : await readDelivery(request);
  if (!body)
    return reply(413, "The delivery is too large or slow. The next sync by interval reads what was pushed.");
  if (!(await isSigned(body, signature, secret))) {
    const address = request.headers.get("cf-connecting-ip") ?? "unknown";
    const tooMany = await slowDownWrongKey(env, config, { address, way: "webhook" }, Date.now());
    if (!tooMany) return errorResponse(WRONG_SIGNATURE);
    const headers = { "retry-after": String(tooMany.retryAfterSeconds) };
    return errorResponse(new ApiError("rate_limited", "Too many wrong signatures.", { headers }));
  }
  const event = request.headers.get("x-github-event");
  if (event === "ping") return reply(200, "The webhook works.");
  if (event !== "push") return reply(200, "Ignored: only the event push is of use.");
  const push = Push.safeParse(payloadOf(body, request.headers.get("content-type")));
  if (!push.success)
    return errorResponse(
      new ApiError("invalid_request", "The delivery is no push: ref and repository.full_name are missing."),
    );
  const name = `${source.owner}/${source.repository}`;
  // GitHub's names are the same in upper and lower case.
  if (push.data.repository.full_name.toLowerCase() !== name.toLowerCase())
    return reply(200, `Ignored: prompts come from ${name}. If that has another name now, set it.`);
  if (push.data.ref !== `refs/heads/${source.branch}`)
    return reply(200, `Ignored: prompts come from the branch ${source.branch}.`);
  try {
    if (!(await acceptPush(config, source, signature.slice(0, NAME_CHARACTERS))))
      return reply(200, "Ignored: this delivery was received before.");
  } catch (thrown) {
    log.warn("prompts: a delivery was not accepted", { error: errorText(thrown) });
    return errorResponse(new ApiError("unavailable", "The database is not available."));
  }
  ctx.waitUntil(reportDatabaseUse(env, Date.now()));
  ctx.waitUntil(
    syncAfterPush(env, config).catch((thrown: unknown) => {
      log.warn("prompts: not synced after a push", { error: errorText(thrown) });
    }),
  );
  return reply(202, "Accepted: the prompts are synced now.");
}

const WRONG_SIGNATURE = new ApiError("unauthorized", "The signature is missing or wrong.");

function isCrowded(now: number): boolean {
  for (const one of reading) if (one.since <= now - READ_TIMEOUT_MS) reading.delete(one);
  return reading.size >= MAX_READ;
}

/** Null where it is too large or does not come. */
async function readDelivery({ body }: Request): Promise<Uint8Array | null> {
  const own = { since: Date.now() };
  reading.add(own);
  try {
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
    return await readBody(body && body.pipeThrough(new TransformStream(), { signal }), MAX_BODY_BYTES);
  } catch {
    return null;
  } finally {
    reading.delete(own);
  }
}

const reply = (status: number, message: string): Response =>
  Response.json({ message }, { status, headers: { "cache-control": "no-store" } });

/** Compares in constant time. */
async function isSigned(body: Uint8Array, signature: string, secret: string): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "verify",
  ]);
  return crypto.subtle.verify(algorithm, key, fromHex(signature), body);
}

/** GitHub sends JSON as the body or as a form field, as the webhook is set up. */
function payloadOf(body: Uint8Array, contentType: string | null): unknown {
  const text = new TextDecoder().decode(body);
  const isForm = contentType?.startsWith("application/x-www-form-urlencoded");
  try {
    return JSON.parse(isForm ? (new URLSearchParams(text).get("payload") ?? "") : text);
  } catch {
    return null;
  }
}
