/** Files larger than the isolate's memory: readers at their own pace, an archive that keeps the head. Over real sockets. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { RECORDED_HEAD_BYTES } from "../../workers/runtime/constants.ts";
import type { Reply } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Tenant } from "../support/proxy-harness.ts";
import { waitUntil } from "../support/wait.ts";

const MEGABYTE = 1_048_576;
const PIECE = Buffer.alloc(MEGABYTE, "0123456789abcdef");
/** Upper bound of what sockets and the runtime buffer of an unread file. */
const IN_BUFFERS = 30 * MEGABYTE;
/** The Recorder reads up to the 32 MB that it may have to keep, plus garbage. A file in memory would be 200 MB. */
const MAX_GROWTH = 128 * MEGABYTE;

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

const file = (megabytes: number, headers: Record<string, string>): Reply => ({
  kind: "raw",
  status: 200,
  headers,
  chunks: Array.from({ length: megabytes }, () => ({ delayMs: 0, bytes: PIECE })),
});
const declared = (megabytes: number) =>
  file(megabytes, {
    "content-type": "application/octet-stream",
    "content-length": String(megabytes * MEGABYTE),
  });

/** Requests a file without reading it. */
async function asked(): Promise<Socket> {
  const socket = connect(harness.port, "127.0.0.1");
  const head = `GET /v1/files/f/content HTTP/1.1\r\nhost: ${tenant.domain}\r\nx-api-key: ${tenant.key}\r\n`;
  socket.write(`${head}connection: close\r\nanthropic-version: 2023-06-01\r\n\r\n`);
  await once(socket, "readable");
  return socket;
}

/** How much upstream has sent when it is blocked. */
async function sentWithoutReading(): Promise<number> {
  let sent = -1;
  await waitUntil(() => {
    const before = sent;
    sent = harness.claude.requests[0]?.bytesSent ?? 0;
    return sent > 0 && sent === before;
  }, 500);
  return sent;
}

/** Peak memory of workerd so far, in bytes. */
function peakMemory(): number {
  const peaks = readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
      const isOurs = field("Name") === "workerd" && field("PPid") === String(process.pid);
      return isOurs ? [Number(field("VmHWM")) * 1_024] : [];
    } catch {
      return []; // has ended
    }
  });
  expect(peaks).not.toEqual([]);
  return Math.max(...peaks);
}

it.runIf(process.platform === "linux")(
  "a slow reader of 200 MB slows upstream, without the file in memory; others continue; the archive has its head",
  async () => {
    harness.respondWith(declared(200));
    const socket = await asked();
    const before = peakMemory();
    expect(await sentWithoutReading()).toBeLessThan(IN_BUFFERS);

    harness.respondWith(file(1, { "content-type": "application/json", "content-length": String(MEGABYTE) }));
    const started = Date.now();
    const other = await tenant.send({ path: "/v1/things", body: "{}" });
    expect(other.body.equals(PIECE)).toBe(true);
    expect(Date.now() - started).toBeLessThan(3_000);

    let received = 0;
    const hash = createHash("sha256");
    let head = "";
    for await (const bytes of socket as AsyncIterable<Buffer>) {
      const from = head.endsWith("\r\n\r\n") ? 0 : bytes.indexOf("\r\n\r\n") + 4;
      if (from > 0) head += bytes.subarray(0, from).toString("latin1");
      received += bytes.length - from;
      hash.update(bytes.subarray(from));
    }
    const sha256 = hash.digest("hex");
    expect([received, sha256]).toEqual([200 * MEGABYTE, sha256OfPieces(200)]);
    expect(peakMemory() - before).toBeLessThan(MAX_GROWTH);

    const id = /x-nexus-request-id: (\S+)/i.exec(head)?.[1] ?? "";
    await harness.notification(id);
    const { response } = await harness.recorded(id);
    expect(response.metadata).toMatchObject({ outcome: "complete", status: 200 });
    expect(response.metadata.body).toEqual({ recorded: "head", bytes: received, sha256 });
    expect(response.body.equals(PIECE)).toBe(true);
    expect(PIECE).toHaveLength(RECORDED_HEAD_BYTES);
  },
);

it.each([
  ["of declared length", declared(80)],
  ["of unknown length", file(80, { "content-type": "application/x-jsonl" })],
])("a reader who leaves a file %s is reported upstream, and what came is recorded", async (_, reply) => {
  harness.respondWith(reply);
  const known = new Set(await harness.journalIds());
  const socket = await asked();
  expect(await sentWithoutReading()).toBeLessThan(IN_BUFFERS);
  socket.resetAndDestroy();
  await waitUntil(() => harness.claude.requests[0]?.abortedAt, 10);
  const { response } = await harness.recorded(await harness.newJournalId(known));
  expect(response.metadata).toMatchObject({ outcome: "client_gone", status: 200 });
  expect(response.metadata.body.bytes).toBeLessThan(IN_BUFFERS);
});

function sha256OfPieces(count: number): string {
  const hash = createHash("sha256");
  for (let n = 0; n < count; n++) hash.update(PIECE);
  return hash.digest("hex");
}
