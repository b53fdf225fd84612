/**
 * A scripted API behind the dashboard: the same methods as the Worker's entrypoint, believable data, and the states that
 * are hard to bring about (nothing yet, hostile texts, a database that is down). For tests, screenshots and design work.
 */
import type { Caller } from "../../workers/schemas/api/session.ts";
import type { RequestDetail, RequestRow } from "../../workers/schemas/api/requests.ts";
import type { ApiBinding } from "../src/context/environment.ts";
import { accountsAnswer } from "./accounts.ts";
import { conversationDetailOf, conversationsOf, type Look, transcriptOf, treeOf } from "./conversations.ts";
import { busyAnswer, busyRequestBody, busyStream, busyTimes } from "./conversation.ts";
import { hostileAnswer, hostileRequestBody, hostileRows, MALICIOUS_STRINGS } from "./hostile.ts";
import { busyRows } from "./rows.ts";
import { alertsOf, environmentOf, linkingOf } from "./settings.ts";
import { errorsOf, hourlyOf, overviewOf, statusOf } from "./sums.ts";
import { windowDetailOf, windowsOf } from "./windows.ts";

export type Scenario = "busy" | "long" | "empty" | "hostile" | "down";

export interface FakeApi extends ApiBinding {
  /** What was asked, as "GET /api/…", in order. */
  readonly asked: string[];
  /** Bodies of what was sent with PUT and POST. */
  readonly sent: unknown[];
  scenario: Scenario;
  /** Who anybody with the session "good" is. */
  caller: Caller;
  rows: RequestRow[];
}

export const ADMINISTRATOR: Caller = {
  role: "administrator",
  actor: "session:1a2b3c4d",
  via: "session",
  readOnly: false,
};
export const VIEWER: Caller = { role: "viewer", actor: "session:5e6f7a8b", via: "session", readOnly: true };
export const ANYBODY: Caller = { role: "viewer", actor: "anybody", via: "read_only", readOnly: true };

/** The key that signs in, and the session it gives. */
export const GOOD_KEY = "the-right-key";
export const GOOD_SESSION = "s".repeat(43);

export function fakeApi(
  scenario: Scenario = "busy",
  now = Date.now(),
  caller: Caller = ADMINISTRATOR,
): FakeApi {
  const rows =
    scenario === "busy" || scenario === "long" || scenario === "down"
      ? busyRows(now)
      : scenario === "hostile"
        ? hostileRows(now)
        : [];
  let wrongKeys = 0;
  const api: FakeApi = {
    asked: [],
    sent: [],
    scenario: scenario,
    caller,
    rows,
    async signIn({ key }) {
      if (wrongKeys >= 5)
        return { result: "slow_down", retryAfterSeconds: 30, message: "Too many wrong keys." };
      if (key !== GOOD_KEY) {
        wrongKeys++;
        return { result: "wrong", message: "That is not a key of this dashboard." };
      }
      return {
        result: "signed_in",
        token: GOOD_SESSION,
        role: "administrator",
        expiresAt: new Date(now + 604_800_000).toISOString(),
      };
    },
    async signOut() {},
    async whoAmI(headers) {
      if (api.caller.via === "read_only") return { result: "known", ...api.caller };
      const key = headers["x-dashboard-key"];
      if (key !== undefined) {
        return key === GOOD_KEY
          ? { result: "known", role: "administrator", actor: "dashboard-key", via: "key", readOnly: false }
          : { result: "refused", message: "That key is not valid." };
      }
      return headers["x-nexus-session"] === GOOD_SESSION || headers["cf-access-jwt-assertion"] === "good"
        ? { result: "known", ...api.caller }
        : { result: "nobody", message: "Sign in first." };
    },
    async authenticate(headers) {
      return { whoAmI: () => api.whoAmI(headers), fetch: (request) => api.fetch(request) };
    },
    async fetch(request) {
      const url = new URL(request.url);
      api.asked.push(`${request.method} ${url.pathname}${url.search}`);
      const hasBody = request.method === "PUT" || request.method === "POST";
      const sent: unknown = hasBody ? await request.json() : undefined;
      if (hasBody) api.sent.push(sent);
      if (api.scenario === "down") {
        return Response.json(
          { error: { code: "unavailable", message: "The database cannot be reached just now." } },
          { status: 503 },
        );
      }
      return answer(api, request.method, url, sent, now);
    },
  };
  return api;
}

const DOMAIN_NAMES = ["team-a.claude.example.com", "team-b.claude.example.com", "ci.claude.example.com"];

function answer(api: FakeApi, method: string, url: URL, sent: unknown, now: number): Response {
  const path = decodeURIComponent(url.pathname);
  const time = (name: string, otherwise: number) => Date.parse(url.searchParams.get(name) ?? "") || otherwise;
  if (path === "/api/overview") {
    return Response.json(overviewOf(api.rows, time("from", now - 86_400_000), time("to", now)));
  }
  if (path === "/api/choices") return Response.json(choicesOf(api));
  if (path === "/api/status") return Response.json(statusOf(api.rows, now, api.scenario === "hostile"));
  if (path === "/api/requests") return Response.json(list(api, url, time("from", 0), time("to", Infinity)));
  const conversation = /^\/api\/conversations(?:\/([^/]+)(\/messages|\/tree)?)?$/.exec(path);
  if (conversation) return conversations(api, conversation[1], conversation[2], url);
  if (path === "/api/usage/tokens/hourly") return Response.json(hourlyOf(api.rows));
  if (path === "/api/live") return new Response(null, { status: 204 });
  if (path === "/api/windows") return Response.json({ windows: windowsOf(api.scenario, now) });
  const account = /^\/api\/windows\/([^]+)$/.exec(path)?.[1];
  if (account) {
    const detail = windowDetailOf(api.scenario, now, account);
    if (detail) return Response.json(detail);
  }
  if (path === "/api/errors") return Response.json(errorsOf(api.rows, time("from", 0), time("to", now)));
  if (path === "/api/alerts") return Response.json(alertsOf(api.scenario, now));
  if (path === "/api/quality/linking") return Response.json(linkingOf(api.scenario, now));
  if (path === "/api/environment") return Response.json(environmentOf(api.scenario));
  if (path === "/api/audit") return Response.json(audit(api, url, now));
  const ofAccount = accountsAnswer(api.scenario, method, path, sent, now);
  if (ofAccount) return ofAccount;
  if (path === "/api/domains") return Response.json({ domains: domains(api) });
  const request = /^\/api\/requests\/([^/]+)(\/body|\/response)?$/.exec(path);
  if (request) return oneRequest(api, request[1]!, request[2]);
  const keys = /^\/api\/domains\/(.+)\/client-keys(\/.+)?$/.exec(path);
  if (keys && method === "POST") {
    return Response.json(
      { id: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6072", name: "build server", key: `cnp_live_${"k".repeat(43)}` },
      { status: 201 },
    );
  }
  if (/^\/api\/domains\/.+\/slack-test$/.test(path)) {
    const message = "Slack rejected the message: Slack responded 404: no_service. Check the webhook URL.";
    return Response.json({ delivered: false, message });
  }
  const domain = /^\/api\/domains\/([^/]+)$/.exec(path)?.[1];
  if (method === "DELETE") return new Response(null, { status: 204 });
  if (domain && method === "GET" && domain.startsWith("new."))
    return Response.json(
      { error: { code: "not_found", message: "The domain is not configured." } },
      { status: 404 },
    );
  if (domain && /[^a-z0-9.:<>-]/.test(domain) && method === "GET" && api.scenario === "busy")
    return Response.json(
      {
        error: {
          code: "invalid_request",
          message: "domain: is not allowed; allowed: a host name.",
          details: [
            {
              in: "path",
              parameter: "domain",
              problem: "is not allowed",
              allowed: "a host name without port",
            },
          ],
        },
      },
      { status: 400 },
    );
  if (domain) return Response.json(domainDetail(domain, now), { status: method === "PUT" ? 201 : 200 });
  return Response.json({ error: { code: "not_found", message: "There is no such thing." } }, { status: 404 });
}

function choicesOf({ rows }: FakeApi) {
  const distinct = (of: (row: RequestRow) => string | null) =>
    [...new Set(rows.map(of).filter((name) => name !== null))].sort();
  return {
    domains: distinct((row) => row.domain),
    accounts: distinct((row) => row.accountId),
    models: distinct((row) => row.model),
    requestTypes: distinct((row) => row.requestType),
  };
}

const hasStatus = (filter: string | null, status: number | null) =>
  filter === null ||
  (filter.endsWith("xx") ? String(status).startsWith(filter[0]!) : String(status) === filter);

function conversations(api: FakeApi, id: string | undefined, part: string | undefined, url: URL): Response {
  const look: Look = api.scenario === "hostile" || api.scenario === "long" ? api.scenario : "busy";
  const all = conversationsOf(api.rows, look === "hostile");
  if (id === undefined) {
    const shown = all.slice(0, 50);
    const pagination = { total: null, limit: 50, offset: null, hasMore: false, page: null, totalPages: null };
    return Response.json({ conversations: shown, nextCursor: null, pagination });
  }
  const row = all.find((one) => one.conversationId === id);
  if (!row) {
    const error = { code: "not_found", message: "There is no such conversation." };
    return Response.json({ error }, { status: 404 });
  }
  if (part === "/tree") return Response.json(treeOf(row, look));
  if (part === undefined) return Response.json(conversationDetailOf(row, look));
  const asked = url.searchParams;
  return Response.json(transcriptOf(row, look, asked.get("branch"), Number(asked.get("cursor") ?? 1)));
}

function list(api: FakeApi, url: URL, from: number, to: number) {
  const wanted = (name: string, value: string | null) => {
    const filter = url.searchParams.get(name);
    return filter === null || filter === value;
  };
  const limit = Number(url.searchParams.get("limit") ?? 100);
  const offset = Number(url.searchParams.get("cursor") ?? 0);
  const found = api.rows.filter(
    (row) =>
      Date.parse(row.timestamp) >= from &&
      Date.parse(row.timestamp) < to &&
      wanted("domain", row.domain) &&
      wanted("model", row.model) &&
      wanted("accountId", row.accountId) &&
      wanted("sessionId", row.sessionId) &&
      wanted("outcome", row.outcome) &&
      wanted("requestType", row.requestType) &&
      hasStatus(url.searchParams.get("status"), row.responseStatus),
  );
  const isMore = found.length > offset + limit;
  return {
    requests: found.slice(offset, offset + limit),
    nextCursor: isMore ? String(offset + limit) : null,
    pagination: { total: null, limit, offset: null, hasMore: isMore },
  };
}

function oneRequest(api: FakeApi, id: string, part: string | undefined): Response {
  const row = api.rows.find((candidate) => candidate.requestId === id);
  if (!row)
    return Response.json(
      { error: { code: "not_found", message: "There is no such request." } },
      { status: 404 },
    );
  const isHostile = api.scenario === "hostile";
  const model = row.model ?? "";
  if (part) {
    const text = part === "/body" ? JSON.stringify(busyRequestBody(model)) : busyStream(model);
    return new Response(text, {
      headers: { "content-type": "application/octet-stream", "content-disposition": "attachment" },
    });
  }
  const failed = (row.responseStatus ?? 0) >= 400;
  const detail: RequestDetail = {
    ...row,
    query: "?beta=true",
    requestBody: isHostile ? hostileRequestBody() : busyRequestBody(model),
    requestBodyState: "whole",
    responseBody: isHostile
      ? hostileAnswer()
      : failed
        ? { type: "error", error: { type: row.errorType, message: row.error } }
        : busyAnswer(model, row.outcome !== "complete"),
    responseBodyState: "whole",
    usageData: { input_tokens: row.inputTokens, output_tokens: row.outputTokens, service_tier: "standard" },
    rateLimit: {
      "anthropic-ratelimit-unified-5h-utilization": "0.68",
      "anthropic-ratelimit-unified-5h-reset": "1795435200",
    },
    requestHeaders: {
      "user-agent": isHostile ? MALICIOUS_STRINGS.join(" ") : "claude-cli/2.1.330 (external, cli)",
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
    },
    responseHeaders: {
      "content-type": "text/event-stream; charset=utf-8",
      "request-id": row.upstreamRequestId ?? "",
    },
    // Every other stream is timed.
    ...(row.stream && !failed && api.rows.indexOf(row) % 2 === 0
      ? {
          streamTiming: { resolutionMs: isHostile ? 1_024 : 1 },
          streamingChunks: busyTimes(
            busyStream(model),
            Date.parse(row.timestamp),
            row.timeToFirstByteMs ?? 0,
            row.durationMs ?? 0,
          ),
        }
      : { streamTiming: null, streamingChunks: [] }),
    storedAt: row.timestamp,
  };
  return Response.json(detail);
}

function domains(api: FakeApi) {
  const names = api.scenario === "hostile" ? MALICIOUS_STRINGS : api.scenario === "empty" ? [] : DOMAIN_NAMES;
  return [
    ...names.map((domain, index) => ({
      domain,
      accountId: api.scenario === "hostile" ? domain : index === 0 ? "acc_research" : "acc_platform",
      configured: true,
      credentialType: index === 2 ? ("passthrough" as const) : ("api_key" as const),
      requestCount: api.rows.filter((row) => row.domain === domain).length,
    })),
    ...(names.length > 0
      ? [{ domain: "localhost", accountId: null, configured: false, credentialType: null, requestCount: 12 }]
      : []),
  ];
}

function domainDetail(domain: string, now: number) {
  return {
    domain,
    accountId: "acc_research",
    credential: { type: "api_key" as const, state: "ready" as const },
    clientKeys: [
      {
        id: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
        name: "ann",
        createdAt: new Date(now - 86_400_000 * 12).toISOString(),
        revokedAt: null,
      },
      {
        id: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6073",
        name: "build server",
        createdAt: new Date(now - 86_400_000 * 90).toISOString(),
        revokedAt: new Date(now - 86_400_000).toISOString(),
      },
    ],
    slack: {
      webhook_set: true,
      channel: "#claude-team-a",
      username: null,
      icon_emoji: ":robot_face:",
      enabled: true,
      messages: false,
    },
    endpoints: ["/v1/messages", "/v1/messages/*"],
  };
}

function audit(api: FakeApi, url: URL, now: number) {
  const entry = (id: string, minutes: number, action: string, target: string) => ({
    id,
    at: new Date(now - minutes * 60_000).toISOString(),
    actor: "session:1a2b3c4d",
    role: "administrator",
    action,
    target,
    details:
      action === "domain.put" ? { created: true, credentialType: "api_key", slack: { webhook: "set" } } : {},
  });
  if (api.scenario === "empty") return { entries: [], nextCursor: null };
  const entries = [
    entry(
      "3",
      4,
      "transcript.open",
      api.scenario === "hostile" ? MALICIOUS_STRINGS.join(" ") : "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071",
    ),
    entry("2", 90, "client_key.create", DOMAIN_NAMES[0]!),
    entry("1", 3_000, "domain.put", DOMAIN_NAMES[0]!),
  ];
  const wanted = ["actor", "action", "target"] as const;
  return {
    entries: entries.filter((one) =>
      wanted.every((name) => (url.searchParams.get(name) ?? one[name]) === one[name]),
    ),
    nextCursor: url.searchParams.has("cursor") ? null : "2",
  };
}
