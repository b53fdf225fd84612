/** Calls `/mcp` of the Worker under test: as a client with a key of a domain, or on the open localhost of the local stack. */
import { env } from "cloudflare:workers";
import { handleFetch } from "../../workers/app.ts";
import { toHex } from "../../workers/domain/bytes.ts";
import { sha256 } from "../../workers/domain/sha256.ts";
import { projectClientKey, projectDomain } from "../../workers/store/tenants/kv-read.ts";
import type { Bindings } from "./worker-api.ts";

export const LEGACY = "2025-11-25";
export const MODERN = "2026-07-28";
const META = "io.modelcontextprotocol/";
/** `params._meta` of every request of the newest version. */
export const MODERN_META = {
  [`${META}protocolVersion`]: MODERN,
  [`${META}clientCapabilities`]: {},
  [`${META}clientInfo`]: { name: "test", version: "1" },
};
/** Its headers. */
export const modernHeaders = (method: string, name?: string) => ({
  "mcp-protocol-version": MODERN,
  "mcp-method": method,
  ...(name !== undefined && { "mcp-name": name }),
});

export interface McpCall {
  method?: string;
  /** Sent as JSON; a string or stream as it is. */
  body?: unknown;
  /** Of `grantKey`; null: none, on the open localhost. */
  key?: string | null;
  domain?: string;
  headers?: Record<string, string>;
  bindings?: Bindings;
  path?: string;
}

export interface McpResponse {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
}

/** Makes a client key of a domain; returns it. `id` is the key's id. */
export async function grantKey(domain: string, id: string, accountId: string | null = "acc_1") {
  const key = `cnp_live_${id}`;
  const credentialType = accountId === null ? ("passthrough" as const) : ("oauth" as const);
  await projectDomain(env, {
    v: 1,
    domain,
    accountId,
    credentialType,
    credential: null,
    endpoints: ["/v1/messages"],
  });
  await projectClientKey(env, toHex(sha256(key)), { v: 1, id, domain });
  return key;
}

export async function mcp({
  method = "POST",
  body,
  key = null,
  domain = "localhost",
  headers = {},
  bindings,
  path = "/mcp",
}: McpCall): Promise<McpResponse> {
  const sent = new Headers(method === "POST" ? { "content-type": "application/json" } : {});
  if (key !== null) sent.set("authorization", `Bearer ${key}`);
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  const isRaw = typeof body === "string" || body instanceof ReadableStream;
  const request = new Request(`http://${domain}${path}`, {
    method,
    headers: sent,
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
  });
  // What continues is not waited for: counters of refused requests are sent after ten seconds.
  const ctx = { waitUntil: () => undefined } as unknown as ExecutionContext;
  const given = { ...env, LOCAL_WORLD: "true", ...bindings };
  const response = await handleFetch(request, given, ctx);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

/** One request of an older version of the protocol, and of the newest with `modern`. */
export const rpc = (
  method: string,
  params: object = {},
  options: McpCall & { modern?: string | true } = {},
) => {
  const { modern, ...call } = options;
  if (modern === undefined) return mcp({ ...call, body: { jsonrpc: "2.0", id: 1, method, params } });
  return mcp({
    ...call,
    headers: { ...modernHeaders(method, modern === true ? undefined : modern), ...call.headers },
    body: { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: MODERN_META } },
  });
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
