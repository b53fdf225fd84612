/**
 * `npm run record:dashboard`: records the API's responses for the tests of the dashboard's pages. Plays the demo's day and
 * the conversation of test/fixtures/dashboard/conversation.json through the proxy, visits the pages, and writes what they
 * fetched to test/fixtures/dashboard/{recorded,empty}.json, lists cut. See test/support/replayed-api.ts.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { loadDashboardApp } from "../scripts/lib/dashboard-app.ts";
import { startDemo, type Demo } from "../scripts/local/demo/demo.ts";
import { send } from "../scripts/local/demo/send.ts";
import { startFakeClaude } from "../scripts/local/fake-claude/server.ts";
import { startTestStack, temporaryDirectory } from "./support/local-stack.ts";
import { type Block, responseStream } from "./support/response-stream.ts";
import { type Recording, recordedKey } from "./support/recording.ts";

const FIXTURES = join(import.meta.dirname, "fixtures/dashboard");
const EXCHANGES = 60;
/** Rows of a list that are kept. */
const MAX_ROWS = 12;
const LISTS = ["requests", "conversations", "analyses", "entries"];
/** Milliseconds between the events of the last response, and the pauses before two of them, by number from 0. */
const EVENT_MS = 15;
const PAUSES_MS: Readonly<Record<number, number>> = { 3: 900, 31: 2_400 };
const SESSION = "11111111-2222-4333-8444-555555555555";

interface Message {
  role: string;
  content: readonly Block[];
}
interface Script {
  request: object;
  main: Message[];
  fork: Message[];
  subtasks: Message[][];
}

const PAGES = [
  "/", "/requests", "/requests?status=429", "/requests?status=529", "/conversations", "/usage",
  "/usage.csv?by=model", "/errors", "/prompts", "/analyses", "/domains", "/domains/new", "/accounts", "/audit", "/settings",
]; // prettier-ignore

const app = await loadDashboardApp();

/** Fetches everything that the pages of `paths` fetch; `and` are API paths beside those. */
async function record(
  stack: { proxyUrl: string; dashboardKey: string },
  paths: readonly string[],
  and: readonly string[] = [],
): Promise<Recording["responses"]> {
  const responses: Recording["responses"] = {};
  const fetchApi = async (request: Request) => {
    const url = new URL(request.url);
    const { method } = request;
    const response = await fetch(stack.proxyUrl + url.pathname + url.search, {
      method,
      headers: { "x-dashboard-key": stack.dashboardKey, "content-type": "application/json" },
      ...(method !== "GET" && { body: await request.text() }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    responses[recordedKey(method, url)] = {
      status: response.status,
      body: isJson ? cut(JSON.parse(text)) : text,
    };
    return new Response(text, { status: response.status, headers: response.headers });
  };
  const who = {
    result: "known",
    role: "administrator",
    actor: "session:1a2b3c4d",
    via: "session",
    readOnly: false,
  };
  const API = {
    fetch: fetchApi,
    whoAmI: () => Promise.resolve(who),
    authenticate: () => Promise.resolve({ whoAmI: () => Promise.resolve(who), fetch: fetchApi }),
  };
  for (const path of paths)
    await (
      await app.fetch(
        new Request(`http://localhost:8788${path}`, { headers: { cookie: "nexus_session=x" } }),
        { API },
      )
    ).text();
  for (const path of and) await fetchApi(new Request(`http://localhost${path}`));
  return responses;
}

function cut(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]: [string, unknown]) => [
      name,
      LISTS.includes(name) && Array.isArray(value) ? value.slice(0, MAX_ROWS) : value,
    ]),
  );
}

/** Plays one branch: a request for each message of the user, with the message after it as its response. */
async function play(demo: Demo, base: object, messages: readonly Message[], from = 0): Promise<string> {
  let id = "";
  for (let n = from; n + 1 < messages.length; n += 2) {
    const isLast = n + 2 >= messages.length && from === 0 && messages.length > 6;
    const text = responseStream(messages[n + 1]!, {
      id: `msg_${n}`,
      model: "claude-opus-5-5",
      ...(isLast && { deltaCharacters: 6 }),
      usage: {
        input_tokens: 40 + n,
        cache_read_input_tokens: 18_000 + 900 * n,
        cache_creation_input_tokens: 700,
      },
    });
    const events = text.split(/(?<=\n\n)/);
    const chunks = (isLast ? events : [text]).map((event, at) => ({
      delayMs: isLast ? (PAUSES_MS[at] ?? EVENT_MS) : 5,
      bytes: Buffer.from(event),
    }));
    const replies = [
      ...(n === 6
        ? [{ kind: "error" as const, status: 529, type: "overloaded_error", message: "Overloaded" }]
        : []),
      {
        kind: "raw" as const,
        status: 200,
        headers: { "content-type": "text/event-stream; charset=utf-8", "request-id": `req_recorded_${n}` },
        chunks,
      },
    ];
    for (const reply of replies) {
      demo.fake.script(() => true, reply, { times: 1 });
      const sent = await send({
        baseUrl: demo.stack.proxyUrl,
        method: "POST",
        path: "/v1/messages?beta=true",
        headers: {
          "content-type": "application/json",
          "x-api-key": "sk-ant-api03-recorded",
          "anthropic-version": "2023-06-01",
          "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
          "user-agent": "claude-cli/2.1.330 (external, cli)",
          "x-claude-code-session-id": SESSION,
        },
        body: JSON.stringify({ model: "claude-opus-5-5", ...base, messages: messages.slice(0, n + 1) }),
      });
      id = sent.headers["x-nexus-request-id"] ?? "";
      await untilStored(id);
    }
  }
  return id;
}

const script = JSON.parse(await readFile(join(FIXTURES, "conversation.json"), "utf8")) as Script;
const dataDir = await temporaryDirectory();
const login = await startFakeClaude();
const variables = {
  CLAUDE_OAUTH_TOKEN_URL: `${login.url}/v1/oauth/token`,
  CLAUDE_OAUTH_AUTHORIZE_URL: `${login.url}/oauth/authorize`,
  STREAM_TIMING_SAMPLE: "1",
};
const demo = await startDemo({
  stack: { dataDir, variables },
  live: false,
  turns: EXCHANGES,
  speed: 0.01,
  print: console.log,
});
const { stack } = demo;

async function api<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(stack.proxyUrl + path, {
    method,
    headers: { "x-dashboard-key": stack.dashboardKey, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (response.status === 204 ? null : await response.json()) as T;
}
async function untilStored(id: string): Promise<void> {
  while ((await api<{ requestId?: string }>("GET", `/api/requests/${id}`)).requestId === undefined)
    await wait(50);
}

demo.fake.setSpeed(0);
await demo.played;
const requestId = await play(demo, script.request, script.main);
for (const messages of script.subtasks) await play(demo, script.request, messages);
await play(demo, script.request, script.fork, 10);
for (;;) {
  const { journal, searchWaiting } = await api<{ journal: { entries: number }; searchWaiting: number }>(
    "GET",
    "/api/status",
  );
  if (journal.entries === 0 && searchWaiting === 0) break;
  await stack.runCron("* * * * *");
  await wait(500);
}

const scopes = ["org:create_api_key", "user:profile", "user:inference"];
async function setUpLogin(domain: string, accountId: string, refreshToken: string): Promise<void> {
  const expiresAt = Date.now() + 8 * 3_600_000;
  const credential = { type: "oauth", accessToken: "sk-ant-oat01-recorded", refreshToken, expiresAt, scopes };
  await api("PUT", `/api/domains/${domain}`, { accountId, credential });
}
await api("PUT", "/api/domains/checkout.claude.example", {
  accountId: "acc_checkout",
  slack: {
    webhook_url: "https://hooks.slack.com/services/T0/B0/recorded",
    channel: "#claude-team-a",
    enabled: true,
  },
});
await setUpLogin("maya.claude.example", "acc_maya", login.oauth.issue().refreshToken);
await setUpLogin("old.claude.example", "acc_old-login", "sk-ant-ort01-unknown");
await api("POST", "/api/accounts/acc_old-login/oauth/refresh");
await api("POST", "/api/accounts/acc_old-login/oauth/login");

const { conversationId } = await api<{ conversationId: string }>("GET", `/api/requests/${requestId}`);
const { conversations } = await api<{ conversations: { conversationId: string; compactBranchCount: number; subtaskBranchCount: number }[] }>("GET", "/api/conversations?limit=200"); // prettier-ignore
const compacted = conversations.toSorted((left, right) => right.compactBranchCount - left.compactBranchCount || right.subtaskBranchCount - left.subtaskBranchCount)[0]!.conversationId; // prettier-ignore
const { branches } = await api<{ branches: { branchId: string; kind: string; branchKey: string }[] }>("GET", `/api/conversations/${conversationId}`); // prettier-ignore
const { requests } = await api<{ requests: { requestId: string; responseStatus: number }[] }>("GET", "/api/requests?limit=200&status=529"); // prettier-ignore
const fork = branches.find(({ kind }) => kind === "branch")!.branchId;
const { accounts } = await api<{ accounts: { accountId: string }[] }>("GET", "/api/accounts");
const talk = `/conversations/${conversationId}`;
const responses = await record(stack, [
  ...PAGES,
  ...[conversationId, compacted].flatMap((id) => ["", "?view=tree", "?view=timeline", "/preview"].map((look) => `/conversations/${id}${look}`)),
  talk + "?view=analysis", `/conversations/${compacted}?view=analysis`,
  ...[`?branch=${fork}`, `?compare=${fork}`, `/export?branch=${fork}`, `/export?branch=${fork}&format=json`].map((look) => talk + look),
  ...branches.map(({ branchKey }) => `${talk}?branch=${branchKey}`),
    ...["?branch=nothing", "?requestId=x"].map((look) => talk + look),
  ...["", "?tab=raw", "?tab=headers", "?tab=stream"].map((tab) => `/requests/${requestId}${tab}`),
  `/requests/${requests[0]!.requestId}`,
  ...accounts.flatMap(({ accountId }) => [`/accounts/${accountId}`, `/usage?accountId=${accountId}`]),
  "/accounts/acc_maya/login", "/accounts/acc_old-login/login", "/domains/checkout.claude.example",
  "/settings?show=linking",
], [`/api/requests/${requestId}/body`, "/api/environment", "/api/alerts", "/api/mcp/prompts/review"]); // prettier-ignore
await writeFile(
  join(FIXTURES, "recorded.json"),
  `${JSON.stringify({ ids: { conversation: conversationId, compacted, request: requestId, failed: requests[0]!.requestId, fork }, responses }, null, 1)}\n`,
);
await demo.stop();
await login.stop();
await rm(dataDir, { recursive: true, force: true });

const empty = await startTestStack();
const { ids } = { ids: {} };
await writeFile(
  join(FIXTURES, "empty.json"),
  `${JSON.stringify({ ids, responses: await record(empty, PAGES) }, null, 1)}\n`,
);
await empty.stop();
process.exit(0);
