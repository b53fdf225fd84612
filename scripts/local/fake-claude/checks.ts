/**
 * Checks what a Claude API request must and must not contain. Every finding is recorded as a violation and returned as an error in
 * Anthropic's shape, so that tests notice a proxy that leaks or drops something.
 */
import { headerOf, isRecord, type Received } from "./http.ts";

export interface Violation {
  status: 400 | 401;
  message: string;
}

/** Headers of one hop, of Cloudflare or of browsers: a proxy must not forward them. */
const MUST_NOT_TRAVEL =
  /^(x-nexus-.*|cf-.*|cdn-loop|x-forwarded-.*|forwarded|x-real-ip|true-client-ip|cookie|keep-alive|proxy-.*|te|trailer|upgrade|via)$/i;

/** Body fields that need a beta header; upstream rejects one without the other. */
const FIELD_NEEDS_BETA: Record<string, string> = {
  context_management: "context-management-",
  mcp_servers: "mcp-client-",
};

function credentialProblems(received: Received): Violation[] {
  const key = headerOf(received, "x-api-key");
  const authorization = headerOf(received, "authorization");
  const bearer = authorization?.match(/^Bearer (\S+)$/i)?.[1];
  if (authorization !== undefined && bearer === undefined)
    return [{ status: 401, message: "authorization is not a Bearer token" }];
  // A key helper sends one secret in both headers; two different ones mean that the proxy did not remove one.
  if (key !== undefined && bearer !== undefined && key !== bearer)
    return [{ status: 401, message: "two different credentials: x-api-key and authorization" }];
  const secret = key ?? bearer;
  if (secret === undefined || secret === "")
    return [{ status: 401, message: "x-api-key header is required" }];
  if (/^sk-ant-oat/.test(secret)) {
    if (bearer === undefined) return [{ status: 401, message: "invalid x-api-key" }];
    if (!headerOf(received, "anthropic-beta")?.includes("oauth-2025-04-20"))
      return [{ status: 401, message: "OAuth authentication is currently not supported." }];
  }
  return [];
}

function bodyProblems(received: Received, json: unknown): Violation[] {
  if (!isRecord(json)) return [{ status: 400, message: "The request body is not valid JSON" }];
  const required = received.path.endsWith("/count_tokens")
    ? ["model", "messages"]
    : ["model", "messages", "max_tokens"];
  const found: Violation[] = required
    .filter((field) => json[field] === undefined)
    .map((field) => ({ status: 400, message: `${field}: Field required` }));
  if (json.messages !== undefined && !(Array.isArray(json.messages) && json.messages.length > 0))
    found.push({ status: 400, message: "messages: at least one message is required" });
  if (json.model !== undefined && typeof json.model !== "string")
    found.push({ status: 400, message: "model: Input should be a valid string" });
  const max = json.max_tokens;
  if (max !== undefined && !(Number.isInteger(max) && Number(max) >= 0))
    found.push({ status: 400, message: "max_tokens: Input should be a valid integer" });
  for (const [field, beta] of Object.entries(FIELD_NEEDS_BETA)) {
    if (json[field] !== undefined && !headerOf(received, "anthropic-beta")?.includes(beta))
      found.push({ status: 400, message: `${field}: Extra inputs are not permitted` });
  }
  return found;
}

/** Violations of a request under /v1/. */
export function checkRequest(received: Received, json: unknown): Violation[] {
  const found: Violation[] = [];
  for (const [name, value] of received.headers) {
    if (MUST_NOT_TRAVEL.test(name))
      found.push({ status: 400, message: `header ${name.toLowerCase()} must not be sent upstream` });
    if (name.toLowerCase() === "connection" && !/^(keep-alive|close)$/i.test(value))
      found.push({ status: 400, message: "header connection names other headers" });
    if (value.includes("cnp_live_"))
      found.push({ status: 401, message: `header ${name.toLowerCase()} carries a proxy's client key` });
  }
  found.push(...credentialProblems(received));
  if (!headerOf(received, "anthropic-version"))
    found.push({ status: 400, message: "anthropic-version: header is required" });
  if (received.method === "POST" && /^\/v1\/messages(\/count_tokens)?$/.test(received.path))
    found.push(...bodyProblems(received, json));
  return found;
}
