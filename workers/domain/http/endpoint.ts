/**
 * Names for the endpoints of the Claude API, by method and path. Request rows and keys of rollups hold the
 * name, so names never change. Called by workers/ingest.
 * Source: the API reference and its SDK's list of resources.
 */

type Row = readonly [methods: string, path: string, name: string];

/** `{}` is one segment, `**` any number of segments; the first matching row names the endpoint. `*` = any method. */
const ENDPOINTS = [
  ["POST", "/v1/messages", "messages"],
  ["POST", "/v1/messages/count_tokens", "count_tokens"],
  ["GET POST", "/v1/messages/batches", "batches"],
  ["GET DELETE", "/v1/messages/batches/{}", "batch"],
  ["GET", "/v1/messages/batches/{}/results", "batch_results"],
  ["POST", "/v1/messages/batches/{}/cancel", "batch_cancel"],
  ["POST", "/v1/complete", "complete"],
  ["GET", "/v1/models", "models"],
  ["GET", "/v1/models/{}", "model"],
  ["GET POST", "/v1/files", "files"],
  ["GET DELETE", "/v1/files/{}", "file"],
  ["GET", "/v1/files/{}/content", "file_content"],
  ["GET POST", "/v1/skills", "skills"],
  ["GET POST DELETE", "/v1/skills/{}", "skill"],
  ["GET POST", "/v1/skills/{}/versions", "skill_versions"],
  ["GET DELETE", "/v1/skills/{}/versions/{}", "skill_version"],
  ["GET", "/v1/skills/{}/versions/{}/content", "skill_content"],
  ["*", "/v1/agents", "agents"],
  ["*", "/v1/agents/{}/versions", "agent_versions"],
  ["*", "/v1/agents/{}/**", "agent"],
  ["*", "/v1/sessions", "sessions"],
  ["*", "/v1/sessions/{}/events", "session_events"],
  ["GET", "/v1/sessions/{}/events/stream", "session_stream"],
  ["*", "/v1/sessions/{}/resources/**", "session_resources"],
  ["GET", "/v1/sessions/{}/threads/{}/stream", "session_stream"],
  ["*", "/v1/sessions/{}/threads/{}/events", "session_events"],
  ["*", "/v1/sessions/{}/threads/**", "session_threads"],
  ["*", "/v1/sessions/{}/**", "session"],
  ["*", "/v1/environments", "environments"],
  ["*", "/v1/environments/{}/work/**", "environment_work"],
  ["*", "/v1/environments/{}/**", "environment"],
  ["*", "/v1/deployments/**", "deployments"],
  ["*", "/v1/deployment_runs/**", "deployment_runs"],
  ["*", "/v1/dreams/**", "dreams"],
  ["*", "/v1/memory_stores/**", "memory_stores"],
  ["*", "/v1/vaults/**", "vaults"],
  ["*", "/v1/tunnels/**", "tunnels"],
  ["*", "/v1/user_profiles/**", "user_profiles"],
  ["*", "/v1/organizations/**", "organizations"],
  ["*", "/v1/oauth/**", "oauth"],
] as const satisfies readonly Row[];

/** An endpoint's name; `other` for everything that is not in the list. */
export type Endpoint = (typeof ENDPOINTS)[number][2] | "other";

const PATTERNS = ENDPOINTS.map(([methods, path, name]) => ({
  methods: methods === "*" ? null : methods.split(" "),
  path: new RegExp(`^${path.replaceAll("{}", "[^/]+").replace("/**", "(?:/.*)?")}$`),
  name,
}));

/**
 * The endpoint of a request. `path` is without query; trailing slashes do not matter. HEAD is named like GET. A known path
 * with another method is `other`.
 */
export function endpointOf(method: string, path: string): Endpoint {
  const verb = method.toUpperCase() === "HEAD" ? "GET" : method.toUpperCase();
  const trimmed = withoutTrailingSlashes(path.split("?", 1)[0]!);
  const match = PATTERNS.find((it) => it.path.test(trimmed) && (it.methods?.includes(verb) ?? true));
  return match?.name ?? "other";
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** Statuses of responses that have no body, whatever their headers say. RFC 9110 15 */
const NO_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/** Whether the response to a request of this method has no body. RFC 9110 9.3.2 */
export function hasNoBody(method: string, status: number): boolean {
  return NO_BODY_STATUSES.has(status) || method.toUpperCase() === "HEAD";
}
