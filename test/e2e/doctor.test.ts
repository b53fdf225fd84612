/** `npx nexus doctor` against the local stack, and each check against the fault it looks for, which a server before the stack makes. */
import { readFileSync } from "node:fs";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { withClient } from "../../scripts/local/database/client.ts";
import { startHttpServer } from "../../scripts/local/network/http-server.ts";
import { connect } from "../../scripts/nexus/api.ts";
import { CHECKS, CONSUMERS } from "../../scripts/nexus/doctor/checks.ts";
import type { Target } from "../../scripts/nexus/doctor/context.ts";
import { type CheckResult, runChecks } from "../../scripts/nexus/doctor/doctor.ts";
import type { Environment } from "../../workers/schemas/api/settings.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { Diagnosis } from "../../workers/schemas/api/upkeep.ts";
import { startClaudeStack, type ClaudeStack } from "../support/local-stack.ts";
import { nexus } from "../support/nexus-command.ts";

interface Fault {
  /** Changes the headers of a request. */
  request?: (headers: Record<string, unknown>) => void;
  /** Responds itself; undefined: does not. */
  reply?: (path: string) => { status: number; body: string } | undefined;
  /** Changes the JSON of a response. */
  status?: (body: Status) => void;
  environment?: (body: Environment) => void;
  diagnosis?: (body: Diagnosis) => void;
  /** Changes the chunks of `/v1/…`. */
  chunk?: (text: string) => string;
  isBuffering?: boolean;
  /** Reads on when the client has left. */
  ignoresHangUp?: boolean;
}

let stack: ClaudeStack;
let fault: Fault = {};
const before = await startHttpServer((incoming, outgoing) => void forward(incoming, outgoing));

beforeAll(async () => {
  stack = await startClaudeStack();
  // A stream takes half a second.
  stack.claude.setSpeed(0.4);
});
beforeEach(() => void (fault = {}));
afterAll(async () => {
  await before.stop();
  await stack.stop({ finish: false });
});

async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const path = incoming.url ?? "";
  const own = fault.reply?.(path);
  if (own) {
    incoming.resume();
    outgoing.writeHead(own.status).end(own.body);
    return;
  }
  const headers: Record<string, unknown> = { ...incoming.headers };
  fault.request?.(headers);
  const passed = request(stack.proxyUrl + path, {
    method: incoming.method ?? "GET",
    headers: headers as never,
    agent: false,
  });
  passed.on("error", () => outgoing.destroy());
  if (!fault.ignoresHangUp) outgoing.on("close", () => passed.destroy());
  incoming.pipe(passed);
  passed.on("response", (response) => {
    const edit = response.statusCode === 200 ? editOf(path) : undefined;
    const isWhole = edit !== undefined || fault.isBuffering;
    const sent = { ...response.headers };
    if (edit) delete sent["content-length"];
    outgoing.writeHead(response.statusCode ?? 0, sent);
    let text = "";
    response.on("data", (chunk: Buffer) => {
      const passing = path.startsWith("/v1/") && fault.chunk ? fault.chunk(chunk.toString()) : chunk;
      if (isWhole) text += passing.toString();
      else outgoing.write(passing);
    });
    response.on("end", () => outgoing.end(edit ? edit(text) : text));
  });
}

function editOf(path: string): ((text: string) => string) | undefined {
  const edit = { "/api/status": fault.status, "/api/environment": fault.environment, "/api/admin/diagnose": fault.diagnosis }[path]; // prettier-ignore
  if (!edit) return undefined;
  return (text) => {
    const body = JSON.parse(text) as never;
    edit(body);
    return JSON.stringify(body);
  };
}

it("is green against the local stack", async () => {
  const variables = {
    DASHBOARD_API_KEY: stack.dashboardKey,
    NEXUS_UPSTREAM_KEY: "sk-ant-api03-of-a-test",
    NEXUS_CLIENT_KEY: "cnp_live_x",
  };
  // Its header, such as that of the version to be proved, is in each request; keys of clients are only in theirs.
  const seen = new Set<string>();
  fault = {
    request: ({ "cloudflare-workers-version-overrides": version, "x-nexus-key": client, "x-api-key": api }) =>
      void seen.add([version, client, api].join(" ")),
  };
  const header = 'Cloudflare-Workers-Version-Overrides: nexus="1"';
  const run = () => nexus(["doctor", before.url, "--json", "--header", header], variables);
  let ran = await run();
  // A busy machine delays what has to be done in time.
  for (let again = 0; again < 2 && ran.code !== 0; again++) ran = await run();
  expect([...seen].sort()).toEqual(['nexus="1"  ', 'nexus="1" cnp_live_x sk-ant-api03-of-a-test']);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const { checks } = JSON.parse(ran.stdout) as { checks: CheckResult[] };
  expect(checks.filter(({ result }) => result !== "ok")).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual(CHECKS.map(({ name }) => name));
  expect(checks.find(({ name }) => name === "early 413")!.detail).toBe("before the body was sent");
  const open = await withClient(stack.databaseUrl, (client) =>
    client.query("SELECT 1 FROM sessions WHERE revoked_at IS NULL"),
  );
  expect(open.rowCount).toBe(0);
});

it("without a key checks what is seen from outside, and says how to see the rest", async () => {
  const ran = await nexus(["doctor", stack.proxyUrl], { DATA_DIR: "/nowhere", NEXUS_CLIENT_KEY: "" });
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^ok +reachable .*\nok +database .*\nskipped +clock +set DASHBOARD_API_KEY/);
  const keyed = await nexus(["doctor", stack.proxyUrl], { DASHBOARD_API_KEY: stack.dashboardKey });
  expect(keyed.stdout).toMatch(/^skipped +streaming +give a --client-key/m);
});

it("waits for the addresses of a new deployment", async () => {
  let refused = 0;
  fault = { reply: () => (refused++ < 2 ? { status: 522, body: "" } : undefined) };
  const found = (isNew: boolean) =>
    runChecks({ ...target(), isNew, pause: () => Promise.resolve() }, CHECKS.slice(0, 2));
  expect((await found(false)).map(({ result }) => result)).toEqual(["failed", "skipped"]);
  expect((await found(true)).map(({ result }) => result)).toEqual(["ok", "ok"]);
});

const target = (): Target => ({
  url: new URL(before.url),
  headers: {},
  api: connect(before.url, { DASHBOARD_API_KEY: stack.dashboardKey }),
  client: { url: new URL(before.url), headers: { "x-api-key": "sk-ant-api03-x" }, model: "claude-haiku-4-5" },
  plan: "paid",
});
const broken = (path: string, status: number, body: string) => (asked: string) =>
  asked.startsWith(path) ? { status, body } : undefined;
const variable = (name: string, { variables }: Environment) => variables.find((one) => one.name === name)!;

const FAULTS: [what: string, fault: Fault, found: Record<string, RegExp>][] = [
  ["nothing but errors", { reply: broken("/", 502, "Bad gateway") }, { reachable: /responds with 502/ }],
  ["a lost database", { reply: broken("/health/ready", 200, '{"database":"down"}') }, { database: /does not reach/ }],
  [
    "what the Worker finds",
    {
      diagnosis(body) {
        body.now = new Date(Date.parse(body.now) + 60_000).toISOString();
        Object.assign(body.database, { roundTripMs: 900, missingRights: ["writer: INSERT on requests"], maxConnections: 20 });
        body.journal.problem = "no bucket";
        body.kv.isRead = false;
        body.cron.ranAt = "2026-01-01T00:00:00.000Z";
      },
    },
    {
      clock: /(59|60)\.\d s apart/,
      "Postgres round trip": /900 ms/,
      "role rights": /missing: writer: INSERT on requests/,
      R2: /no bucket/,
      KV: /not read after 90 s/,
      cron: /has not run/,
      "plan limits": /20 of 20 connections of the consumers/,
    },
  ],
  [
    "what the API knows",
    {
      status({ versions, sealing }) {
        versions.nexus = "0.0.1";
        sealing!.keys.push({ id: "k0", state: "missing", fields: {} });
      },
    },
    { versions: /Worker 0\.0\.1, expected/, secrets: /lacks k0/ },
  ],
  ["a failing state", { status: (body) => void (body.state = "failing") }, { recording: /failing/ }],
  [
    "other variables",
    {
      environment(body) {
        variable("DASHBOARD_API_KEY", body).isSet = false;
        variable("DASHBOARD_URL", body).value = "http://127.0.0.1:9";
      },
    },
    { secrets: /not set: DASHBOARD_API_KEY/, dashboard: /fetch failed/ },
  ],
  [
    "a key that somebody adds",
    { request: (headers) => void (headers["x-dashboard-key"] ??= stack.dashboardKey) },
    { authentication: /without a key: .*: 200/ },
  ],
  ["a limit of bodies", { reply: broken("/v1/messages", 413, "<h1>Too large</h1>") }, { "early 413": /not in Claude's format/ }],
  ["changed bytes of a short response", { chunk: (text) => `x${text.slice(1)}` }, { gzip: /not JSON/ }],
  [
    "a buffer that filters events",
    { isBuffering: true, chunk: (text) => text.replace(/event: ping\ndata: .*\n\n/, "") },
    { streaming: /arrived within \d+ ms/, pings: /0 of 1 arrived/, "identical bytes": /SHA-256/ },
  ],
  [
    "requests that are not stored",
    { reply: broken("/api/requests/", 404, '{"error":{"code":"not_found","message":"no"}}') },
    { queue: /not stored within 10 s/ },
  ],
  ["a client that only seems to stay", { ignoresHangUp: true }, { "hang-up": /ended as complete/ }],
]; // prettier-ignore

it("says which limits it compares with, and that reading is open", async () => {
  fault = { environment: (body) => void (variable("DASHBOARD_READ_ONLY", body).value = "true") };
  const checks = CHECKS.filter(({ name }) => ["authentication", "dashboard", "plan limits"].includes(name));
  const found = await runChecks({ ...target(), plan: "free" }, checks);
  expect(found.map(({ result, detail }) => [result, detail])).toEqual([
    ["ok", expect.stringContaining("reading is open")],
    ["ok", expect.stringContaining("signed in")],
    ["ok", expect.stringMatching(/^free: 20 of \d+ connections .*, \d+ of 100000 requests a day, /)],
  ]);
  expect(readFileSync("wrangler.toml", "utf8")).toContain(`max_concurrency = ${CONSUMERS} `);
});

it("has a fault for each check", () => {
  const found = new Set(FAULTS.flatMap(([, , names]) => Object.keys(names)));
  expect(found).toEqual(new Set(CHECKS.map(({ name }) => name)));
});

it.each(FAULTS)("%s is found", async (_what, made, found) => {
  fault = made;
  // These would wait for what does not come.
  const impatient = ("KV" in found || "queue" in found) && { pause: () => Promise.resolve() };
  const checks = CHECKS.filter(({ name }) => name in found);
  expect(await runChecks({ ...target(), ...impatient }, checks)).toEqual(
    checks.map(({ name, advice }) => ({
      name,
      result: "failed",
      detail: expect.stringMatching(found[name]!) as string,
      advice,
    })),
  );
});
