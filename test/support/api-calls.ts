/** Calls of a running stack: its API as an administrator, and messages through its proxy. */
import type { LocalStack } from "../../scripts/local/local-stack.ts";

type Address = Pick<LocalStack, "proxyUrl" | "dashboardKey">;

interface Call {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
}

export function callApi(
  { proxyUrl, dashboardKey }: Address,
  path: string,
  { method = "GET", body }: Call = {},
): Promise<Response> {
  return fetch(proxyUrl + path, {
    method,
    headers: { "x-dashboard-key": dashboardKey, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

/** The JSON of a successful response. */
export async function apiJson<T>(stack: Address, path: string, call: Call = {}): Promise<T> {
  const response = await callApi(stack, path, call);
  if (!response.ok)
    throw new Error(`${call.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Sends a user message with an API key of the caller's own. `fields` go into the request body. */
export function sendMessage(
  { proxyUrl }: Pick<LocalStack, "proxyUrl">,
  content: string,
  fields: Record<string, unknown> = {},
  headers: Record<string, string> = { "x-api-key": "sk-ant-api03-of-a-test" },
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${proxyUrl}/v1/messages`, {
    method: "POST",
    signal: signal ?? null,
    headers: { "content-type": "application/json", "anthropic-version": "2023-06-01", ...headers },
    body: JSON.stringify({
      model: "claude-haiku-4-5",
      max_tokens: 200,
      messages: [{ role: "user", content }],
      ...fields,
    }),
  });
}
