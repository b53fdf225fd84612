/** Endings of responses over real sockets, byte for byte as an upstream sends them, and what API and page say of each. */
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Errors } from "../../workers/schemas/api/failures.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type { RequestList, RequestRow } from "../../workers/schemas/api/requests.ts";
import { apiJson, sendMessage } from "../support/api-calls.ts";
import { messageStream } from "../support/exchanges.ts";
import { startTestStack } from "../support/local-stack.ts";
import { waitUntil } from "../support/wait.ts";

const TIMEOUT_MS = 2_000;
/** Within 100 ms of its last byte the local stack takes a client that leaves for one that waits (tcp-relay-thread.ts). */
const LEAVES_AFTER_MS = 300;
const WHOLE = messageStream("Hello there.");
const until = (event: string) => WHOLE.slice(0, WHOLE.indexOf(`event: ${event}`));
const ERROR =
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';
const JSON_BODY =
  '{"type":"message","role":"assistant","model":"claude-haiku-4-5","content":[],"usage":{"input_tokens":9,"output_tokens":1}}';

const head = (status: number, headers: readonly string[]) =>
  [`HTTP/1.1 ${status} X`, ...headers, "", ""].join("\r\n");
const SSE = "content-type: text/event-stream";
const JSON_TYPE = "content-type: application/json";
/** The end of the connection is that of the body, so that a cut cannot be seen. */
const byClose = (type: string, body: string) => head(200, [type, "connection: close"]) + body;
const byLength = (status: number, type: string, body: string, length = Buffer.byteLength(body)) =>
  head(status, [type, `content-length: ${length}`, "connection: close"]) + body;
const chunked = (body: string, last = "0\r\n\r\n") =>
  head(200, [SSE, "transfer-encoding: chunked", "connection: close"]) +
  (body && `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`) +
  last;

type Cost = "priced" | "free" | "unpriced";
type Ending = readonly [
  outcome: string,
  status: number | null,
  errorType: string | null,
  failed: boolean,
  cost: Cost,
  badge: string,
];
const OK = ["complete", 200, null, false, "priced", "200"] as const;
const early = (cost: Cost) =>
  ["upstream_failed", 200, "stream_ended_early", true, cost, "200 ended early"] as const;
const unexpected = (status: number, cost: Cost) =>
  ["upstream_failed", status, "unexpected_response", true, cost, `${status} unexpected response`] as const;
const broken = (cost: Cost) =>
  ["upstream_failed", 200, null, true, cost, "200 upstream disconnected"] as const;

const LEAVING = "a client that leaves before the headers";
/** What upstream sends before it closes the connection, and what the row says. Null: it sends nothing and waits. */
const ENDINGS: Readonly<Record<string, readonly [string | null, Ending]>> = {
  "a stream in chunks": [chunked(WHOLE), OK],
  "a stream up to the close": [byClose(SSE, WHOLE), OK],
  "a stream of declared length": [byLength(200, SSE, WHOLE), OK],
  "chunks without message_stop": [chunked(until("message_stop")), early("priced")],
  "a close without message_stop": [byClose(SSE, until("message_stop")), early("priced")],
  "a length without message_delta": [byLength(200, SSE, until("message_delta")), early("priced")],
  "an empty stream in chunks": [chunked(""), early("unpriced")],
  "an empty stream of length 0": [byLength(200, SSE, ""), early("unpriced")],
  "chunks without the last one": [chunked(until("message_stop"), ""), broken("priced")],
  "a stream shorter than its length": [
    byLength(200, SSE, until("message_stop"), WHOLE.length),
    broken("priced"),
  ],
  "an error event": [
    chunked(ERROR),
    ["complete", 200, "overloaded_error", true, "free", "200, error in response"],
  ],
  "an error event in a message": [
    chunked(until("content_block_stop") + ERROR),
    ["upstream_failed", 200, "overloaded_error", true, "priced", "200, error in response"],
  ],
  "an error in JSON": [
    byLength(200, JSON_TYPE, '{"type":"error","error":{"type":"api_error","message":"no"}}'),
    ["complete", 200, "api_error", true, "free", "200, error in response"],
  ],
  "an empty body": [byLength(200, JSON_TYPE, ""), early("unpriced")],
  "JSON cut in the middle": [byClose(JSON_TYPE, JSON_BODY.slice(0, 40)), early("unpriced")],
  "JSON shorter than its length": [
    byLength(200, JSON_TYPE, JSON_BODY.slice(0, 40), JSON_BODY.length),
    broken("unpriced"),
  ],
  "JSON of declared length": [byLength(200, JSON_TYPE, JSON_BODY), OK],
  "a page": [byLength(200, "content-type: text/html", "<html>"), unexpected(200, "unpriced")],
  "other JSON": [byLength(200, JSON_TYPE, '{"code":500}'), unexpected(200, "unpriced")],
  "no content": [head(204, ["connection: close"]), unexpected(204, "unpriced")],
  "a redirect": [head(302, ["location: /x", "content-length: 0"]), unexpected(302, "free")],
  "a 529": [
    byLength(529, JSON_TYPE, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
    ["complete", 529, "overloaded_error", true, "free", "529 overloaded"],
  ],
  "a close without a response": ["", ["upstream_failed", 502, "api_error", true, "unpriced", "502 api"]],
  "no response in time": [null, ["upstream_failed", 504, "timeout_error", true, "unpriced", "504 timeout"]],
  [LEAVING]: [null, ["client_gone", null, null, false, "unpriced", "client disconnected"]],
};

let upstream: Server;
let stack: Awaited<ReturnType<typeof startTestStack>>;
const rows = new Map<string, RequestRow>();
const connections = new Set<Socket>();
const names = Object.keys(ENDINGS);
const sessionOf = (name: string) =>
  `0c1d4f5e-6a7b-4c8d-9e0f-${String(names.indexOf(name)).padStart(12, "0")}`;
const getJson = <T>(path: string) => apiJson<T>(stack, path);

beforeAll(async () => {
  const arrived = new Set<string>();
  upstream = createServer((socket) => {
    connections.add(socket);
    let received = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      const name = /ending:([^"]*)"/.exec(received)?.[1];
      if (name === undefined || arrived.has(name)) return;
      arrived.add(name);
      const [response] = ENDINGS[name]!;
      if (response !== null) socket.end(response);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as { port: number };
  stack = await startTestStack({
    variables: { CLAUDE_API_BASE_URL: `http://127.0.0.1:${port}`, CLAUDE_API_TIMEOUT: String(TIMEOUT_MS) },
  });
  await Promise.all(
    names.map(async (name) => {
      const cut = new AbortController();
      const headers = { "x-api-key": "sk-ant-api03-mine", "x-claude-code-session-id": sessionOf(name) };
      const read = sendMessage(stack, `ending:${name}`, { stream: true }, headers, cut.signal)
        .then((response) => response.arrayBuffer())
        .catch(() => null);
      if (name === LEAVING) {
        await waitUntil(() => arrived.has(name));
        await setTimeout(LEAVES_AFTER_MS);
        cut.abort();
      }
      await read;
    }),
  );
  await waitUntil(async () => {
    const { requests } = await getJson<RequestList>("/api/requests?limit=100");
    for (const name of names) {
      const row = requests.find(({ sessionId }) => sessionId === sessionOf(name));
      if (row) rows.set(name, row);
    }
    return rows.size === names.length;
  });
});

afterAll(async () => {
  await stack.stop();
  for (const socket of connections) socket.destroy();
  upstream.close();
});

it.each(Object.entries(ENDINGS))(
  "%s",
  async (name, [, [outcome, status, errorType, failed, cost, badge]]) => {
    const row = rows.get(name)!;
    const price = row.costUsd === null ? "unpriced" : row.costUsd === "0" ? "free" : "priced";
    expect([row.outcome, row.responseStatus, row.errorType, row.failed, price]).toEqual([
      outcome,
      status,
      errorType,
      failed,
      cost,
    ]);
    const page = await fetch(`${stack.dashboardUrl}/requests/${row.requestId}`, {
      headers: { "x-dashboard-key": stack.dashboardKey },
    });
    const text = await page.text();
    if (status !== null && status >= 400)
      expect(text).toContain(
        `${row.refusedBy === "nexus" ? "The proxy" : "The API"} returned status ${status}.`,
      );
    expect(/<span class="status [a-z]+"[^>]*>.*?<\/svg>(.*?)<\/span>/s.exec(text)?.[1]).toBe(badge);
  },
);

it("are counted alike", async () => {
  const failed = Object.values(ENDINGS).filter(([, ending]) => ending[3]).length;
  const unpriced = Object.values(ENDINGS).filter(([, ending]) => ending[4] === "unpriced").length;
  const { totals } = await getJson<Overview>("/api/overview");
  expect(totals).toMatchObject({ requests: names.length, errors: failed, unpricedCount: unpriced });
  const { total, refusedBy } = await getJson<Errors>("/api/errors");
  expect([total, refusedBy]).toEqual([failed, { upstream: 1, nexus: 2 }]);
});
