/**
 * No secret is stored or logged in clear: a stack gets a secret in every place that takes one and uses all of them. Then KV, R2, Durable
 * Objects and Postgres are searched as files, Postgres as rows, bodies as API responses, and every log line; in clear, in base64 of
 * any alignment, in base64url and in hexadecimal.
 */
import { randomBytes } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import { send } from "../../scripts/local/demo/send.ts";
import { headerOf } from "../../scripts/local/fake-claude/server.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { apiJson, callApi } from "../support/api-calls.ts";
import { opinionOnly } from "../../scripts/local/fake-spark.ts";
import { startClaudeStack, preparedDataDirectory, type ClaudeStack } from "../support/local-stack.ts";
import { waitFor } from "../support/wait.ts";

const mark = () => randomBytes(18).toString("base64url");
const secrets = {
  apiKey: `sk-ant-api03-${mark()}`,
  accessToken: `sk-ant-oat01-${mark()}`,
  refreshToken: "",
  webhook: mark(),
  otherField: mark(),
  clientKey: `cnp_live_${mark()}`,
  wrongClientKey: `cnp_live_${mark()}`,
  ownKey: `sk-ant-api03-${mark()}`,
  ownBearer: `sk-ant-oat01-${mark()}`,
  cookie: mark(),
  mcpToken: mark(),
  grant: mark(),
  wrongDashboardKey: mark(),
  sparkKey: `spark-${mark()}`,
};
/** Secrets that clients send and upstream returns in bodies, queries and headers, by place. */
const planted: Record<string, string> = {};
const plant = (place: string) => (planted[place] = `${mark()}${mark()}`);
/** A text that the search must find. */
const prompt = `a question of ${mark()}`;

let stack: ClaudeStack;
let dataDir: string;
/** A Spark that returns what it was sent, in an error. */
let spark: Awaited<ReturnType<typeof startHttpServer>>;
/** The keys that it got, and what the API returned. */
const sparkCalls: { keys: (string | undefined)[]; responses: string[] } = { keys: [], responses: [] };
const lines: string[] = [];

beforeAll(async () => {
  dataDir = await preparedDataDirectory();
  spark = await startHttpServer(({ headers, method }, response) => {
    sparkCalls.keys.push(headers.authorization);
    response.statusCode = method === "GET" ? 400 : 500;
    response.end(JSON.stringify({ detail: `There is no key ${headers.authorization}`, headers }));
  });
  stack = await startClaudeStack({
    dataDir,
    variables: {
      DEBUG: "true",
      DEBUG_SQL: "true",
      SPARK_API_KEY: secrets.sparkKey,
      SPARK_API_URL: spark.url,
    },
    log: (_level, line) => void lines.push(line),
  });
});
afterAll(async () => {
  await stack.stop();
  await spark.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const api = <T>(method: string, path: string, body?: unknown) => apiJson<T>(stack, path, { method, body });

async function post(host: string, path: string, credential: Record<string, string>, body: object) {
  const headers = { "anthropic-version": "2023-06-01", "content-type": "application/json", ...credential };
  const sent = { host, path, headers, method: "POST", body: JSON.stringify(body) };
  return (await send({ baseUrl: stack.proxyUrl, ...sent })).status;
}
const question = (more: object = {}) => ({
  model: "claude-haiku-4-5",
  max_tokens: 20,
  messages: [{ role: "user", content: prompt }],
  ...more,
});

/** Uses every secret. */
async function runTraffic(): Promise<number> {
  const pair = stack.claude.oauth.issue();
  secrets.refreshToken = pair.refreshToken;
  const bearer = { authorization: `Bearer ${secrets.clientKey}` };
  const slack = { webhook_url: `http://127.0.0.1:1/services/${secrets.webhook}`, channel: "#a" };
  await api("PUT", "/api/domains/key.example", {
    accountId: "acc_key",
    credential: { type: "api_key", api_key: secrets.apiKey },
    slack,
    endpoints: ["/v1/messages", "/v1/oauth/*"],
    otherFields: { note: secrets.otherField },
  });
  await api("PUT", "/api/domains/login.example", {
    accountId: "acc_login",
    credential: {
      type: "oauth",
      ...pair,
      accessToken: secrets.accessToken,
      expiresAt: Date.now() + 3_600_000,
    },
    slack,
  });
  await api("POST", "/api/domains/key.example/client-keys", { name: "x", key: secrets.clientKey });
  const made = await api<{ key: string }>("POST", "/api/domains/login.example/client-keys", { name: "y" });
  stack.claude.revoke(secrets.accessToken);
  const mcp = { type: "url", name: "m", url: "https://mcp.example", authorization_token: secrets.mcpToken };
  const beta = { "anthropic-beta": "mcp-client-2025-04-04", cookie: `session=${secrets.cookie}` };
  const statuses = [
    await post(
      "key.example",
      "/v1/messages",
      { ...bearer, ...beta },
      question({ mcp_servers: [mcp], stream: true }),
    ),
    await post("key.example", "/v1/oauth/token", bearer, { grant_type: "x", code: secrets.grant }),
    // Claude rejects this token: it is renewed and the request is sent again.
    await post("login.example", "/v1/messages", { "x-api-key": made.key }, question()),
    await post("localhost", "/v1/messages", { "x-api-key": secrets.ownKey }, question()),
    await post("localhost", "/v1/messages", { authorization: `Bearer ${secrets.ownBearer}` }, question()),
  ];
  expect(statuses).toEqual([200, 400, 200, 200, 401]);
  expect(await post("key.example", "/v1/messages", { "x-api-key": secrets.wrongClientKey }, question())).toBe(
    401,
  );
  const planting = await runPlantedTraffic(bearer);
  await api("POST", "/api/accounts/acc_login/oauth/refresh", {});
  const { url } = await api<{ url: string }>("POST", "/api/accounts/acc_new/oauth/login", {});
  const code = stack.claude.oauth.agree(url);
  await api("POST", "/api/accounts/acc_new/oauth/login/code", { code });
  await callApi({ ...stack, dashboardKey: secrets.wrongDashboardKey }, "/api/domains");
  for (const call of [
    callApi(stack, "/api/spark/sessions/s/feedback"),
    callApi(stack, "/api/spark/feedback", {
      method: "POST",
      body: { session_id: "s", feedback: opinionOnly(4, "Good.") },
    }),
  ])
    sparkCalls.responses.push(await (await call).text());
  Object.assign(secrets, { madeKey: made.key, code: code.split("#")[0], dashboardKey: stack.dashboardKey });
  return statuses.length + planting;
}

/** Endpoints that take and return credentials. */
const CREDENTIAL_PATHS = [
  "/v1/vaults/v/credentials",
  "/v1/environments/e/work/poll",
  "/v1/environments/e/keys",
  "/v1/sessions",
  "/v1/sessions/s/resources",
  "/v1/deployments",
  "/v1/tunnels/t/reveal_token",
  "/v1/user_profiles/u/enrollment_url",
  "/v1/vaults%20;x/v",
];

/** Sends a secret in every place of requests and responses that may hold one. Returns the number of requests. */
async function runPlantedTraffic(bearer: Record<string, string>): Promise<number> {
  const raw = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const sent = {
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      ...bearer,
      ...headers,
    };
    return send({
      baseUrl: stack.proxyUrl,
      host: "planted.example",
      path,
      headers: sent,
      method: "POST",
      body,
    });
  };
  await api("PUT", "/api/domains/planted.example", {
    accountId: "acc_key",
    credential: { type: "api_key", api_key: secrets.apiKey },
    endpoints: ["/v1/*"],
  });
  const key = await api<{ key: string }>("POST", "/api/domains/planted.example/client-keys", { name: "z" });
  Object.assign(bearer, { authorization: `Bearer ${key.key}` });
  let count = 0;
  for (const path of CREDENTIAL_PATHS) {
    const body = JSON.stringify({ id: "x", any_name: plant(`the response of ${path}`) });
    const headers = { "content-type": "application/json" };
    const undo = stack.claude.script((received) => received.path === path, {
      kind: "raw",
      status: 200,
      headers,
      chunks: [{ delayMs: 0, bytes: Buffer.from(body) }],
    });
    const { status } = await raw(path, JSON.stringify({ any_name: plant(`the request of ${path}`) }));
    expect(status).toBe(200);
    undo();
    count++;
  }
  const server = (more: object) =>
    JSON.stringify(question({ mcp_servers: [{ type: "url", name: "m", ...more }] }));
  const bodies = [
    server({ authorization_token: { value: plant("a token as an object") } }),
    server({ auth: { oauth: [{ access_token: plant("a nested token") }] } }),
    server({
      headers: { Authorization: `Bearer ${plant("a header")}`, "X-Custom": plant("a custom header") },
    }),
    server({ url: `https://me:${plant("userinfo")}@mcp.example/?apiKey=${plant("the query of a URL")}` }),
    JSON.stringify(question({ extra: JSON.stringify({ client_secret: plant("JSON in a string") }) })),
    server({ authorization_token: plant("broken JSON") }).slice(0, -1),
    server({ headers: { "X-A": plant("cut JSON") } }).slice(0, -6),
    JSON.stringify({
      requests: [{ params: question({ mcp_servers: [{ a: { token: plant("a batch") } }] }) }],
    }),
    `grant_type=x&client_secret=${plant("a form")}`,
  ];
  for (const body of bodies) {
    await raw("/v1/messages", body);
    count++;
  }
  const query = `?tok%65n=${plant("an encoded parameter")}&u=https%3A%2F%2Fa%3A${plant("a URL in a query")}%40b.example`;
  await raw(`/v1/messages${query}`, JSON.stringify(question()), {
    "anthropic-custom": plant("a header with a prefix"),
    "x-claude-code-thing": plant("a header of Claude Code's prefix"),
    "x-stainless-helper-key": plant("a header of the SDK's prefix"),
    "user-agent": `me/1.0 (password=${plant("a user agent")})`,
  });
  return count + 1;
}

/** All secrets that the fake has received or issued. */
function rotatedSecrets(): string[] {
  return stack.claude.requests.flatMap((received) => {
    const bearer = headerOf(received, "authorization")?.replace("Bearer ", "") ?? "";
    const sent = /"(?:refresh_token|code_verifier)":"([^"]+)"/.exec(received.body.toString())?.[1] ?? "";
    return [bearer, sent].filter((text) => text.length > 20);
  });
}

/** Encodings of a text: in clear, hexadecimal, and the part of its base64 that does not depend on the surrounding bytes. */
function encodings(text: string): Buffer[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).toString("base64");
    return encoded.replace(/=+$/, "").slice(offset === 0 ? 0 : 4, -2);
  });
  const all = [text, ...base64, ...base64.map((one) => one.replaceAll("+", "-").replaceAll("/", "_"))];
  return [...all, Buffer.from(text).toString("hex")].map((one) => Buffer.from(one));
}

async function everyFile(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    // The local stack's own secrets, readable only by the owner.
    if (!entry.isFile() || entry.name === "secrets.json") continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path, await readFile(path));
  }
  return files;
}

const everyRow = () =>
  withClient(stack.databaseUrl, async (client) => {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const rows: string[] = [];
    for (const { name } of tables.rows) {
      const { rows: found } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      rows.push(...found.map(({ row }) => row));
    }
    return Buffer.from(rows.join("\n"));
  });

async function everyBody(): Promise<Buffer> {
  const { requests } = await api<{ requests: { requestId: string }[] }>("GET", "/api/requests?limit=100");
  const texts = [];
  for (const { requestId } of requests)
    for (const part of ["", "/body", "/response"])
      texts.push(await (await callApi(stack, `/api/requests/${requestId}${part}`)).text());
  return Buffer.from(texts.join("\n"));
}

/** API paths that show the configuration. */
const API_PATHS = [
  "/api/accounts",
  "/api/alerts",
  "/api/audit?limit=500",
  "/api/domains",
  "/api/domains/key.example",
  "/api/environment",
  "/api/errors",
  "/api/status",
  "/api/windows",
];

it("no secret is in anything that the product stores, returns or logs", async () => {
  const exchanges = await runTraffic();
  await waitFor(async () => {
    const { requests } = await api<{ requests: unknown[] }>("GET", "/api/requests?limit=100");
    expect(requests.length).toBeGreaterThanOrEqual(exchanges);
  }, 200);
  const places = new Map([
    ["rows", await everyRow()],
    ["bodies", await everyBody()],
    ["responses about Spark", Buffer.from(sparkCalls.responses.join("\n"))],
  ]);
  expect(sparkCalls.keys).toEqual([`Bearer ${secrets.sparkKey}`, `Bearer ${secrets.sparkKey}`]);
  for (const path of API_PATHS)
    places.set(path, Buffer.from(JSON.stringify(await api<unknown>("GET", path))));
  await stack.stop({ finish: true });
  for (const [path, bytes] of await everyFile(dataDir)) places.set(path, bytes);
  places.set("log", Buffer.from(lines.join("\n")));

  const foundIn = (text: string) =>
    [...places]
      .filter(([, bytes]) => encodings(text).some((one) => bytes.includes(one)))
      .map(([place]) => place);
  // Text that is not secret is found in bodies, rows, files and log.
  expect(foundIn(prompt)).toContain("bodies");
  const seen = foundIn("key.example").join();
  for (const place of ["rows", "bodies", "/postgres", "/cloudflare"]) expect(seen).toContain(place);
  expect(lines.length).toBeGreaterThan(20);

  const needles = [
    ...Object.entries(secrets),
    ...Object.entries(planted),
    ...rotatedSecrets().map((text, n) => [`rotated ${n}`, text] as const),
  ];
  expect(rotatedSecrets().length).toBeGreaterThan(4);
  for (const [name, text] of needles) {
    expect(text.length, name).toBeGreaterThan(10);
    expect([name, foundIn(text)]).toEqual([name, []]);
  }
});

it("the search finds a text in each encoding", () => {
  const secret = `sk-ant-${mark()}`;
  for (const before of ["", "a", "ab", "abc"]) {
    const text = Buffer.from(`${before}${secret} and more`);
    for (const coding of ["utf8", "base64", "base64url", "hex"] as const) {
      const place = Buffer.from(text.toString(coding));
      expect(
        encodings(secret).some((one) => place.includes(one)),
        `${before} ${coding}`,
      ).toBe(true);
    }
  }
});
