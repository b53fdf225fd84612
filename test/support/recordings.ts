/**
 * The recorded Claude Code traffic (test/fixtures/claude-code): loads it, and replays it through an address against the fake
 * Claude with the recorded responses, comparing every byte and header on both sides.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  headerOf,
  type Chunk,
  type FakeClaude,
  type Received,
} from "../../scripts/local/fake-claude/server.ts";
import { send, type Sent } from "../../scripts/local/demo/send.ts";

/** A request and its response. Request bodies are objects; the body of a streamed response is its SSE text. */
export interface Recording {
  file: string;
  seq: number;
  label: string;
  /** ISO 8601, when it was sent. */
  t: string;
  ms: number;
  request: { method: string; url: string; headers: Record<string, string>; body: Record<string, unknown> };
  /** Status 499: upstream returned 200 and the client disconnected during the response. */
  response: { status: number; headers: Record<string, string | number>; body: unknown };
}

/** The expected link of a recording. Numbers are `seq` of the same file. */
export interface ExpectedLink {
  file: string;
  seq: number;
  session: string;
  agent: string;
  kind: "root" | "turn" | "retry" | "fork" | "resume" | "compact-ask" | "compact" | "subtask" | "aux";
  parent: number | null;
  taskParent: number | null;
  toolUseId: string | null;
}

const FOLDER = new URL("../fixtures/claude-code/", import.meta.url);

function lines<T>(name: string): T[] {
  const text = readFileSync(new URL(name, FOLDER), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

/** Names of the recordings, `v330-one.jsonl` and so on, sorted. */
export function recordingFiles(): string[] {
  return readdirSync(fileURLToPath(FOLDER))
    .filter((name) => name.endsWith(".jsonl"))
    .sort();
}

/** The recordings of these files (default: all), by file and then in the order sent. */
export function loadRecordings(files: string[] = recordingFiles()): Recording[] {
  return files.flatMap((file) => lines<Omit<Recording, "file">>(file).map((one) => ({ ...one, file })));
}

export function expectedLinks(): ExpectedLink[] {
  return lines<ExpectedLink>("expected-links.ndjson");
}

/** `file#seq`, the common key of recordings and expected links. */
export function recordingKey(one: { file: string; seq: number }): string {
  return `${one.file}#${one.seq}`;
}

export function requestBytes(recording: Recording): Buffer {
  return Buffer.from(JSON.stringify(recording.request.body));
}

export function responseBytes(recording: Recording): Buffer {
  const { body } = recording.response;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** Headers of a connection or a credential, not of the request. */
const NOT_REPLAYED = ["host", "authorization", "x-api-key", "content-length", "connection"];

/** The recorded headers to replay; the caller adds a credential. */
export function replayHeaders(recording: Recording): Record<string, string> {
  return Object.fromEntries(
    Object.entries(recording.request.headers).filter(([name]) => !NOT_REPLAYED.includes(name.toLowerCase())),
  );
}

export interface ReplayTarget {
  /** The proxy's address, or the fake's with `direct`. */
  proxyUrl: string;
  /** Added to every request: the credential, and the Host if it is not the address's own. */
  headers: Record<string, string>;
  /** Sent to the fake itself: no x-nexus-request-id is expected. */
  direct?: boolean;
}

export interface ReplayReport {
  /** Empty where every byte and header was as recorded. */
  differences: string[];
  /** Per recording, in order: its key and the x-nexus-request-id it got (null without one). */
  ids: { key: string; requestId: string | null }[];
}

/** Upstream's further pings after the client has disconnected. */
const PINGS: Chunk[] = Array.from({ length: 100 }, () => ({
  delayMs: 50,
  bytes: Buffer.from('event: ping\ndata: {"type":"ping"}\n\n'),
}));

/** Splits bytes into one chunk per event, as the response was streamed. */
function chunksOf(bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf("\n\n", at);
    const end = found < 0 ? bytes.length : found + 2;
    chunks.push({ delayMs: 0, bytes: bytes.subarray(at, end) });
    at = end;
  }
  return chunks;
}

/** Sends the recordings one by one; the fake responds as recorded. */
export async function replay(
  recordings: readonly Recording[],
  target: ReplayTarget,
  fake: FakeClaude,
): Promise<ReplayReport> {
  const report: ReplayReport = { differences: [], ids: [] };
  for (const recording of recordings) {
    const key = recordingKey(recording);
    const addDifference = (what: string) => report.differences.push(`${key}: ${what}`);
    let requestId: string | null = null;
    try {
      const { sent, received } = await replayOne(recording, target, fake);
      requestId = sent.headers["x-nexus-request-id"] ?? null;
      if (!target.direct && requestId === null) addDifference("the response has no x-nexus-request-id");
      const abandoned = recording.response.status === 499;
      for (const what of compareUpstream(recording, received)) addDifference(what);
      for (const what of compareResponse(recording, sent)) addDifference(what);
      if (abandoned && !(await clientAborted(received)))
        addDifference("the client disconnected and upstream did not notice within 5 s");
    } catch (error) {
      addDifference(`no exchange: ${error instanceof Error ? error.message : String(error)}`);
    }
    report.ids.push({ key, requestId });
  }
  return report;
}

async function replayOne(
  recording: Recording,
  target: ReplayTarget,
  fake: FakeClaude,
): Promise<{ sent: Sent; received: Received }> {
  const session = headerOf(
    { headers: Object.entries(recording.request.headers) },
    "x-claude-code-session-id",
  );
  const body = responseBytes(recording);
  const abandoned = recording.response.status === 499;
  let received: Received | undefined;
  const { "content-length": _length, ...headers } = recording.response.headers;
  const removeScript = fake.script(
    (request) =>
      received === undefined &&
      request.path === recording.request.url.split("?")[0] &&
      headerOf(request, "x-claude-code-session-id") === session,
    (request) => {
      received = request;
      return {
        kind: "raw",
        status: abandoned ? 200 : recording.response.status,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        chunks: abandoned ? [...chunksOf(body), ...PINGS] : chunksOf(body),
        then: abandoned ? "hang" : "end",
      };
    },
  );
  try {
    const { host, ...added } = target.headers;
    const sent = await send({
      baseUrl: target.proxyUrl,
      method: recording.request.method,
      path: recording.request.url,
      headers: { ...replayHeaders(recording), ...added },
      ...(host !== undefined && { host }),
      body: requestBytes(recording),
      timeoutMs: 15_000,
      ...(abandoned && { leave: (received: number) => received >= body.length }),
    });
    if (!received)
      throw new Error(`the request never arrived upstream (${sent.status} ${sent.body.toString()})`);
    return { sent, received };
  } finally {
    removeScript();
  }
}

async function clientAborted(received: Received): Promise<boolean> {
  for (let waited = 0; waited < 5_000 && received.abortedAt === null; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return received.abortedAt !== null;
}

function compareUpstream(recording: Recording, received: Received): string[] {
  const found: string[] = [];
  const { method, url } = recording.request;
  if (received.method !== method || received.url !== url)
    found.push(`upstream saw ${received.method} ${received.url}`);
  const expected = requestBytes(recording);
  if (!received.body.equals(expected))
    found.push(`request bytes differ from byte ${firstDifference(received.body, expected)} on`);
  for (const [name, value] of Object.entries(replayHeaders(recording))) {
    // Each hop negotiates its own content-coding.
    if (name.toLowerCase() === "accept-encoding") continue;
    const seen = headerOf(received, name);
    // The beta of a login may be appended to the client's own.
    const isKept =
      name.toLowerCase() === "anthropic-beta"
        ? seen?.split(/,\s*/).join(",").startsWith(value)
        : seen === value;
    if (!isKept) found.push(`request header ${name}: ${value} arrived as ${seen ?? "nothing"}`);
  }
  return found;
}

function compareResponse(recording: Recording, sent: Sent): string[] {
  const found: string[] = [];
  const status = recording.response.status === 499 ? 200 : recording.response.status;
  if (sent.status !== status) found.push(`status ${sent.status} instead of ${status}`);
  const expected = responseBytes(recording);
  const body = sent.hungUp ? sent.body.subarray(0, expected.length) : sent.body;
  if (!body.equals(expected))
    found.push(`response bytes differ from byte ${firstDifference(body, expected)} on`);
  if (sent.broken) found.push("the response broke off");
  for (const [name, value] of Object.entries(recording.response.headers)) {
    if (name === "content-length") continue;
    if (sent.headers[name] !== String(value))
      found.push(`response header ${name}: ${value} arrived as ${sent.headers[name] ?? "nothing"}`);
  }
  return found;
}

function firstDifference(a: Buffer, b: Buffer): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}
