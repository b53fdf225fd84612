/** The official clients of the Model Context Protocol and its conformance suite against `/mcp` of one local stack. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { apiJson } from "../support/api-calls.ts";
import { childEnvironment } from "../support/child-environment.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { startTestStack } from "../support/local-stack.ts";
import { waitFor } from "../support/wait.ts";

/** What the tests use of the clients, whose types are installed with them only. */
interface Client {
  connect(transport: unknown): Promise<void>;
  close(): Promise<void>;
  getServerVersion(): { name: string } | undefined;
  listPrompts(): Promise<{ prompts: { name: string; arguments?: { name: string }[] }[] }>;
  getPrompt(params: object): Promise<{ messages: { content: { text: string } }[] }>;
  complete(params: object): Promise<{ completion: { values: string[] } }>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: object): Promise<{ isError?: boolean; content: { text: string }[] }>;
}
interface ClientModule {
  Client: new (info: { name: string; version: string }, options?: object) => Client;
  StreamableHTTPClientTransport: new (url: URL, options: object) => object;
}

const installed = createRequire(new URL("../../scripts/tools/mcp-clients/package.json", import.meta.url));
const load = <T>(module: string): T => {
  try {
    return installed(module) as T;
  } catch (error) {
    throw new Error("The clients are missing: run `node scripts/install.js mcp-clients`.", { cause: error });
  }
};
/** The folder of an installed package. */
const folderOf = (name: string, main: string) => dirname(dirname(installed.resolve(`${name}/${main}`)));

const DOMAIN = "team.example.com";
/** As the conformance suite expects them, and one in a folder. */
const PROMPTS = [
  {
    name: "team/plan",
    description: "A plan.",
    template: "Plan {{topic}}.",
    arguments: [{ name: "topic", required: true, values: ["short", "long"] }],
  },
  {
    name: "test_prompt_with_arguments",
    description: "With arguments.",
    template: "Prompt with arguments: arg1='{{arg1}}', arg2='{{arg2}}'",
    arguments: [
      { name: "arg1", required: true },
      { name: "arg2", required: true },
    ],
  },
  {
    name: "test_simple_prompt",
    description: "Simple.",
    template: "This is a simple prompt for testing.",
    arguments: [],
  },
];

type HttpServer = Awaited<ReturnType<typeof startHttpServer>>;

let stack: LocalStack;
let key: string;
/** Passes requests on to the domain, which clients cannot name on loopback; with the client key where they send none. */
let front: HttpServer;
let url: string;
let prompts: HttpServer;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "nexus-mcp-"));
  prompts = await startHttpServer((_, response) => void response.end(JSON.stringify(PROMPTS)));
  stack = await startTestStack({
    variables: { LOCAL_PROMPTS: prompts.url, MCP_TOOLS_ENABLED: "true" },
  });
  const api = <T>(method: string, path: string, body?: unknown) => apiJson<T>(stack, path, { method, body });
  await api("PUT", `/api/domains/${DOMAIN}`, {
    accountId: "acc-mcp",
    credential: { type: "passthrough" },
  });
  ({ key } = await api<{ key: string }>("POST", `/api/domains/${DOMAIN}/client-keys`, { name: "mcp" }));
  const { hostname, port } = new URL(stack.proxyUrl);
  front = await startHttpServer((incoming, outgoing) => {
    const { authorization = `Bearer ${key}`, ...headers } = incoming.headers;
    const onward = httpRequest(
      {
        hostname,
        port,
        path: incoming.url,
        method: incoming.method,
        headers: { ...headers, authorization, host: DOMAIN },
      },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      },
    );
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  url = `${front.url}/mcp`;
});

afterAll(async () => {
  await front.stop();
  await stack.stop();
  await prompts.stop();
  await rm(home, { recursive: true, force: true });
});

const V1 = () => ({
  ...load<Pick<ClientModule, "Client">>("@modelcontextprotocol/sdk/client/index.js"),
  ...load<Pick<ClientModule, "StreamableHTTPClientTransport">>(
    "@modelcontextprotocol/sdk/client/streamableHttp.js",
  ),
});
const V2 = () => load<ClientModule>("@modelcontextprotocol/client");
const INFO = { name: "test", version: "1" };
const headersOf = (token: string) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } });

/** The versions of the protocol that requests of a client have named in their header. */
function watchVersions(): Set<string> {
  const versions = new Set<string>();
  front.server.on("request", ({ headers }: { headers: Record<string, string | undefined> }) => {
    const version = headers["mcp-protocol-version"];
    if (version !== undefined) versions.add(version);
  });
  return versions;
}

/** What every client can do. */
async function useAll(client: Client): Promise<void> {
  expect(client.getServerVersion()?.name).toBe("claude-nexus-edge");
  const { prompts } = await client.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(PROMPTS.map(({ name }) => name));
  const plan = await client.getPrompt({ name: "team/plan", arguments: { topic: "costs" } });
  expect(plan.messages[0]?.content.text).toBe("Plan costs.");
  await expect(client.getPrompt({ name: "team/plan" })).rejects.toThrow("needs topic");
  await expect(client.getPrompt({ name: "nope" })).rejects.toMatchObject({ code: -32602 });
  const { completion } = await client.complete({
    ref: { type: "ref/prompt", name: "team/plan" },
    argument: { name: "topic", value: "l" },
  });
  expect(completion.values).toEqual(["long"]);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("usage_now");
  const usage = await client.callTool({ name: "usage_now", arguments: {} });
  expect(usage.content[0]?.text).toContain("this key: ");
}

describe("the official client", () => {
  it.each<[name: string, version: string, module: () => ClientModule, options: object]>([
    ["of version 1", "2025-11-25", V1, {}],
    ["of version 2", "2025-11-25", V2, {}],
    ["of version 2 with the newest protocol", "2026-07-28", V2, { versionNegotiation: { mode: "auto" } }],
  ])("%s does all it can, in %s", async (_name, version, module, options) => {
    const { Client, StreamableHTTPClientTransport } = module();
    const versions = watchVersions();
    const client = new Client(INFO, options);
    await client.connect(new StreamableHTTPClientTransport(new URL(url), headersOf(key)));
    await useAll(client);
    await client.close();
    expect([...versions]).toEqual([version]);
  });

  it.each([
    ["of version 1", V1],
    ["of version 2", V2],
  ])("%s with a wrong key gets an error that says so", async (_name, module) => {
    const { Client, StreamableHTTPClientTransport } = module();
    const transport = new StreamableHTTPClientTransport(new URL(url), headersOf("cnp_live_wrong"));
    await expect(new Client(INFO).connect(transport)).rejects.toThrow(/unauthorized|401|client key/i);
  });

  it("on localhost needs no key and gets no tools", async () => {
    const { Client, StreamableHTTPClientTransport } = V1();
    const client = new Client(INFO);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${stack.proxyUrl}/mcp`), {}));
    expect((await client.listPrompts()).prompts).toHaveLength(3);
    await expect(client.listTools()).rejects.toMatchObject({ code: -32601 });
    await client.close();
  });
});

it("mcp-remote serves a client that starts programs, with the line of the documentation", async () => {
  const { Client } = V1();
  const { StdioClientTransport } = load<{ StdioClientTransport: new (options: object) => object }>(
    "@modelcontextprotocol/sdk/client/stdio.js",
  );
  const documented = readFileSync(join(import.meta.dirname, "../../docs/prompts.md"), "utf8");
  const [, config = "{}"] = /^```json\n(\{[^`]*"mcp-remote"[^`]*)^```$/m.exec(documented) ?? [];
  const { mcpServers } = JSON.parse(
    config.replace("YOUR-CLIENT-KEY", key).replace(/https:.*?\/mcp/, url),
  ) as {
    mcpServers: { nexus: { args: string[]; env: Record<string, string> } };
  };
  const [, , ...args] = mcpServers.nexus.args;
  const client = new Client(INFO);
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [join(folderOf("mcp-remote", "dist/proxy.js"), "dist/proxy.js"), ...args],
      env: childEnvironment({ ...mcpServers.nexus.env, HOME: home, MCP_REMOTE_CONFIG_DIR: home }),
      stderr: "ignore",
    }),
  );
  await useAll(client);
  await client.close();
});

it("the inspector's command line lists, gets and calls", async () => {
  const main = "clients/launcher/build/index.js";
  const cli = join(dirname(installed.resolve("@modelcontextprotocol/inspector/package.json")), main);
  const inspect = async (...call: string[]) => {
    const args = [
      cli,
      "--cli",
      url,
      "--transport",
      "http",
      "--header",
      `Authorization: Bearer ${key}`,
      "--method",
      ...call,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: home,
      env: childEnvironment({ HOME: home }),
    });
    return JSON.parse(stdout) as unknown;
  };
  const [list, plan, usage] = await Promise.all([
    inspect("prompts/list"),
    inspect("prompts/get", "--prompt-name", "team/plan", "--prompt-args", "topic=costs"),
    inspect("tools/call", "--tool-name", "usage_now"),
  ]);
  expect(list).toMatchObject({ prompts: PROMPTS.map(({ name }) => ({ name })) });
  expect(plan).toMatchObject({ messages: [{ role: "user", content: { text: "Plan costs." } }] });
  expect(usage).toMatchObject({ content: [{ text: expect.stringContaining("this key: ") as string }] });
});

it("the conformance suite passes", async () => {
  const suite = join(folderOf("@modelcontextprotocol/conformance", "dist/index.js"), "dist/index.js");
  const run = async (scenario: string) => {
    const args = [suite, "server", "--url", url, "--scenario", scenario];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: home });
    return [scenario, /Passed: (\d+)\/\1, 0 failed/.test(stdout) || stdout];
  };
  const results: unknown[] = [];
  for (const pair of [
    ["server-initialize", "ping"],
    ["prompts-list", "prompts-get-simple"],
    ["prompts-get-with-args", "completion-complete"],
    ["tools-list"],
  ])
    results.push(...(await Promise.all(pair.map(run))));
  expect(results).toEqual(
    [
      "server-initialize",
      "ping",
      "prompts-list",
      "prompts-get-simple",
      "prompts-get-with-args",
      "completion-complete",
      "tools-list",
    ].map((scenario) => [scenario, true]),
  );
});

it("what clients got is counted per prompt", async () => {
  await waitFor(async () => {
    const { rows } = await withClient(stack.databaseUrl, (db) =>
      db.query<{ uses: string }>("SELECT sum(uses) AS uses FROM prompt_uses WHERE name = 'team/plan'"),
    );
    expect(Number(rows[0]?.uses)).toBeGreaterThanOrEqual(4);
  }, 100);
});
