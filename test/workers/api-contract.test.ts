/** Every route responds as the OpenAPI document describes it, over data of every kind. */
import { beforeAll, describe, expect, it } from "vitest";
import { messageStream, makeExchange, messageRequest, errorResponse } from "../support/exchanges.ts";
import { type JsonSchema, schemaViolations } from "../support/json-schema.ts";
import { resetDatabase } from "../support/worker-database.ts";
import { assistant, storeConversation, user } from "../support/worker-linked-conversation.ts";
import {
  ADMINISTRATOR_KEY,
  apiJson,
  type ApiResponse,
  call,
  forgetWrongKeys,
  store,
  VIEWER_KEY,
} from "../support/worker-api.ts";

interface Operation {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema: JsonSchema }[];
  requestBody?: object;
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>;
}
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: object };
};

const OPERATIONS = [
  "GET /api/accounts",
  "DELETE /api/accounts/{accountId}",
  "GET /api/accounts/{accountId}",
  "PUT /api/accounts/{accountId}",
  "GET /api/accounts/{accountId}/oauth",
  "GET /api/accounts/{accountId}/oauth/login",
  "POST /api/accounts/{accountId}/oauth/login",
  "POST /api/accounts/{accountId}/oauth/login/code",
  "POST /api/accounts/{accountId}/oauth/refresh",
  "POST /api/admin/diagnose",
  "POST /api/admin/project",
  "POST /api/admin/reprice",
  "POST /api/admin/reseal",
  "GET /api/alerts",
  "GET /api/analyses",
  "POST /api/analyses",
  "POST /api/analyses/fail-stuck",
  "GET /api/analyses/reader",
  "GET /api/analyses/trends",
  "GET /api/analyses/{conversationId}/{branchId}",
  "GET /api/analyses/{conversationId}/{branchId}/plan",
  "POST /api/analyses/{conversationId}/{branchId}/regenerate",
  "GET /api/analytics/token-usage/sliding-window",
  "GET /api/audit",
  "GET /api/choices",
  "GET /api/dashboard/stats",
  "GET /api/conversations",
  "GET /api/conversations/{id}",
  "GET /api/conversations/{id}/messages",
  "GET /api/conversations/{id}/messages/{position}",
  "GET /api/conversations/{id}/tree",
  "GET /api/domains",
  "DELETE /api/domains/{domain}",
  "GET /api/domains/{domain}",
  "PUT /api/domains/{domain}",
  "GET /api/domains/{domain}/analysis",
  "PUT /api/domains/{domain}/analysis",
  "POST /api/domains/{domain}/client-keys",
  "DELETE /api/domains/{domain}/client-keys/{id}",
  "GET /api/domains/{domain}/other-fields",
  "POST /api/domains/{domain}/slack-test",
  "GET /api/environment",
  "GET /api/errors",
  "GET /api/live",
  "GET /api/mcp/prompts",
  "POST /api/mcp/prompts/render",
  "GET /api/mcp/prompts/{name}",
  "POST /api/mcp/sync",
  "GET /api/mcp/sync/status",
  "GET /api/overview",
  "GET /api/quality/linking",
  "POST /api/relink",
  "GET /api/requests",
  "GET /api/requests/{id}",
  "GET /api/requests/{id}/body",
  "GET /api/requests/{id}/response",
  "GET /api/search",
  "POST /api/spark/feedback",
  "POST /api/spark/feedback/batch",
  "GET /api/spark/sessions/{sessionId}/feedback",
  "GET /api/stats",
  "GET /api/status",
  "GET /api/token-usage/accounts",
  "GET /api/token-usage/current",
  "GET /api/token-usage/daily",
  "GET /api/token-usage/time-series",
  "GET /api/usage/requests/hourly",
  "GET /api/usage/tokens/hourly",
  "GET /api/windows",
  "GET /api/windows/{accountId}",
  "PUT /api/windows/{accountId}",
  "POST /api/windows/{accountId}/reconcile",
  "GET /token-stats",
];

const ADMINISTRATORS_ONLY = new Set([
  "GET /api/environment",
  "GET /api/audit",
  "GET /api/accounts/{accountId}/oauth/login",
  "GET /api/domains/{domain}/other-fields",
]);

/** They only read. */
const POSTS_FOR_VIEWERS = new Set(["POST /api/mcp/prompts/render", "POST /api/spark/feedback/batch"]);

const isForViewers = (name: string) =>
  name.startsWith("GET") ? !ADMINISTRATORS_ONLY.has(name) : POSTS_FOR_VIEWERS.has(name);

let document: Document;
let ids: string[];
let keyId: string;
const CONVERSATION = "aaaaaaaa-0000-5000-8000-000000000000";

beforeAll(async () => {
  await resetDatabase();
  document = await apiJson<Document>("/api/openapi.json");
  const tools = [{ name: "Read", input_schema: { type: "object" } }];
  const made = await store(
    makeExchange(),
    makeExchange({
      requestBody: messageRequest("<b>hostile</b> \u0000 \ud83e\udd8a", { tools, system: "s" }),
    }),
    makeExchange({ responseBody: messageStream("x", { input_tokens: 1, cache_read_input_tokens: 5 }) }),
    makeExchange(errorResponse(529, "overloaded_error", "busy")),
    makeExchange({
      responseBody: "",
      responseMetadata: { outcome: "client_gone", status: null, timeToFirstByteMs: null },
    }),
    makeExchange({
      requestBody: "not JSON",
      requestMetadata: { path: "/v1/files", accountId: null, credentialType: "passthrough" },
    }),
  );
  ids = made.map(({ id }) => id);
  await storeConversation(CONVERSATION, [
    { name: "root", at: 100, messages: [user("Hello")], response: "Hi." },
    {
      name: "turn",
      at: 110,
      messages: [user("Hello"), assistant("Hi."), user("x".repeat(9_000))],
      parent: "root",
    },
  ]);
  const body = {
    accountId: "acc_1",
    credential: { type: "api_key", api_key: "k" },
    slack: { channel: "#a" },
  };
  await apiJson("/api/domains/team.example", { method: "PUT", body });
  const post = { method: "POST", body: { name: "x" } };
  ({ id: keyId } = await apiJson<{ id: string }>("/api/domains/team.example/client-keys", post));
});

/** Fails unless the operation documents this status, type and shape. */
function expectDocumented(operation: Operation, response: ApiResponse): void {
  const documented = operation.responses[String(response.status)];
  if (!documented) throw new Error(`status ${response.status} is not documented: ${response.text}`);
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  if (!documented.content) return expect(response.text).toBe("");
  const content = documented.content[type];
  if (!content) throw new Error(`${type} is not documented for ${response.status}`);
  if (type === "application/json") expect(schemaViolations(response.json, content.schema)).toEqual([]);
}

const operationOf = (name: string): Operation => {
  const [method, path] = name.split(" ") as [string, string];
  return document.paths[path]![method.toLowerCase()]!;
};

describe("the description", () => {
  it("names every operation, and no other", () => {
    const named = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(named.sort()).toEqual([...OPERATIONS].sort());
    expect(document.openapi).toBe("3.1.0");
    expect(document.components.securitySchemes).toMatchObject({ dashboardKey: { name: "X-Dashboard-Key" } });
  });

  it("has the summary, the path parameters and the errors of each operation", () => {
    for (const name of OPERATIONS) {
      const { summary, parameters = [], responses } = operationOf(name);
      expect(summary, name).toBeTruthy();
      for (const status of ["400", "401", "403", "503"]) expect(responses, name).toHaveProperty([status]);
      for (const match of name.matchAll(/\{(\w+)\}/g))
        expect(parameters.find((one) => one.in === "path" && one.name === match[1])?.required, name).toBe(
          true,
        );
    }
  });

  it("lists the filters with their bounds", () => {
    const parameters = operationOf("GET /api/requests").parameters ?? [];
    expect(parameters.map((parameter) => parameter.name)).toEqual(
      "domain accountId model requestType status outcome failed from to sessionId conversationId limit cursor offset".split(
        " ",
      ),
    );
    const limit = parameters.find(({ name }) => name === "limit")?.schema;
    expect(limit).toMatchObject({ type: "integer", minimum: 1, maximum: 500, default: 100 });
  });
});

it("the checker of this file finds what does not fit", () => {
  const object = { type: "object", properties: { a: { type: ["integer", "null"] } }, required: ["a"] };
  const schema: JsonSchema = { type: "object", properties: { list: { type: "array", items: object } } };
  expect(schemaViolations({ list: [{ a: 1 }, { a: null }] }, schema)).toEqual([]);
  expect(schemaViolations({ list: [{ a: 1.5 }, {}, { a: 1, b: 2 }], more: 1 }, schema)).toHaveLength(4);
});

describe("the responses", () => {
  const path = (name: string, id: string) =>
    name
      .split(" ")[1]!
      .replace("{domain}", "team.example")
      .replace("{accountId}", "acc_1")
      .replace("{id}", id)
      .replace("{conversationId}", CONVERSATION)
      .replace("{branchId}", "main")
      .replace("{position}", "1")
      .replace("{sessionId}", "session-1")
      .replace("{name}", "review");
  /** With every parameter that may not be left out. */
  const query = (name: string) => {
    const required = operationOf(name).parameters?.filter((one) => one.in === "query" && one.required) ?? [];
    return required.map((one) => (one.name === "q" ? "?q=hello" : "?accountId=acc_1")).join("");
  };

  // A stream without end has its own test (live-feed.test.ts).
  it.each(OPERATIONS.filter((name) => name.startsWith("GET") && name !== "GET /api/live"))(
    "of %s are as described",
    async (name) => {
      const perRequest = name.includes("/requests/{id}");
      const perConversation = name.includes("/conversations/{id}");
      for (const id of perRequest ? ids : perConversation ? [CONVERSATION, ids[0]!] : [""]) {
        const key = ADMINISTRATORS_ONLY.has(name) ? ADMINISTRATOR_KEY : VIEWER_KEY;
        const response = await call(path(name, id) + query(name), { key });
        // Spark is not configured here.
        expect(name.includes("/spark/") ? [503] : [200, 404]).toContain(response.status);
        expectDocumented(operationOf(name), response);
      }
    },
  );

  it.each(OPERATIONS)("of %s without a sufficient key are errors as described", async (name) => {
    await forgetWrongKeys();
    const method = name.split(" ")[0]!;
    const body = method === "PUT" || method === "POST" ? { nonsense: true } : undefined;
    const url = path(name, keyId);
    for (const [key, status, code, message] of [
      [null, 401, "unauthorized", ""],
      ["wrong", 403, "forbidden", ""],
      [VIEWER_KEY, 403, "forbidden", "administrator"],
    ] as const) {
      if (key === VIEWER_KEY && isForViewers(name)) continue;
      const response = await call(url, { method, body, key });
      expectDocumented(operationOf(name), response);
      const error = { code, message: expect.stringContaining(message) as string };
      expect(response).toMatchObject({ status, json: { error } });
    }
    if (body) expectDocumented(operationOf(name), await call(url, { method, body }));
  });

  it.each(OPERATIONS)("of %s name a query parameter that it does not know", async (name) => {
    const method = name.split(" ")[0]!;
    const known = (operationOf(name).parameters ?? []).filter((one) => one.in === "query");
    const names = [...known.map((one) => one.name), "domian", "__proto__"];
    const search = new URLSearchParams(names.map((one) => [one, "1"]));
    const body = method === "PUT" || method === "POST" ? {} : undefined;
    const response = await call(`${path(name, keyId)}?${search.toString()}`, { method, body });
    expect(response.status).toBe(400);
    expect(response.json).toMatchObject({
      error: {
        code: "invalid_request",
        message: expect.stringMatching(/^domian: is not a known parameter; allowed: /) as string,
        details: [{ in: "query", parameter: "domian" }, { parameter: "__proto__" }],
      },
    });
  });

  it("accept a period that ends the calendar", async () => {
    const response = await call("/api/stats?since=9999-12-31T23:59:59.999Z");
    expect(response).toMatchObject({ status: 200, json: { totalRequests: 0 } });
    expect((await call("/api/stats?since=9999-12-31T23:59:59-01:00")).status).toBe(400);
  });

  it("of changes are as described", async () => {
    const change = async (name: string, url: string, body?: object) => {
      const response = await call(url, { method: name.split(" ")[0]!, body });
      expect(response.status).toBeLessThan(300);
      expectDocumented(operationOf(name), response);
    };
    const domain = "/api/domains/new.example";
    await change("PUT /api/domains/{domain}", domain, { accountId: "acc_1" });
    const key = { type: "api_key", api_key: "sk-ant-api03-other" };
    await change("PUT /api/accounts/{accountId}", "/api/accounts/acc_1", { credential: key });
    await change("PUT /api/domains/{domain}", domain, { accountId: "acc_1", endpoints: ["/v1/*"] });
    await change("POST /api/domains/{domain}/client-keys", `${domain}/client-keys`, { name: "x" });
    await change(
      "DELETE /api/domains/{domain}/client-keys/{id}",
      `/api/domains/team.example/client-keys/${keyId}`,
    );
    await change("DELETE /api/domains/{domain}", domain);
    await change("POST /api/relink", "/api/relink", { domain: "team.example", dryRun: true });
    await change("PUT /api/windows/{accountId}", "/api/windows/acc_1", { tokenLimit: 5, thresholds: [0.5] });
    await change("POST /api/windows/{accountId}/reconcile", "/api/windows/acc_1/reconcile", {});
  });
});
