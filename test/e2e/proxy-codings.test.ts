/** Responses in content-codings: the client gets one that it accepts, the archive the decoded bytes. Over real sockets. */
import { buffer } from "node:stream/consumers";
import * as zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { headerOf, type Chunk, type Reply } from "../../scripts/local/fake-claude/server.ts";
import { proxyHarnessOfFile } from "../support/proxy-harness-of-file.ts";
import type { ProxyHarness, Sent, Tenant } from "../support/proxy-harness.ts";
import { quickestOf, waitFor } from "../support/wait.ts";

let harness: ProxyHarness;
let tenant: Tenant;
proxyHarnessOfFile((started) => ({ harness, tenant } = started));

/** Guaranteed, because tokens cost money: upstream sees a disconnect this soon. */
const HANG_UP_MS = 200;
const EVENTS = Array.from({ length: 6 }, (_, n) => `event: ping\ndata: {"n":${n}}\n\n`);
const TEXT = EVENTS.join("");
const CODERS: Record<string, (data: Buffer) => Buffer> = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  GZIP: zlib.gzipSync,
  deflate: zlib.deflateSync,
  "raw deflate": zlib.deflateRawSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
  identity: (data) => data,
  "gzip, br": (data) => zlib.brotliCompressSync(zlib.gzipSync(data)),
  "deflate, zstd": (data) => zlib.zstdCompressSync(zlib.deflateSync(data)),
};
const coded = (
  coding: string,
  data: Buffer | Chunk[],
  type = "text/event-stream",
  status = 200,
  more: Record<string, string> = {},
): Reply => ({
  kind: "raw",
  status,
  headers: {
    ...more,
    "content-type": type,
    "content-encoding": coding.replace("raw ", ""),
    "request-id": "req_1",
    ...(Buffer.isBuffer(data) ? { "content-length": String(data.length) } : {}),
  },
  chunks: Buffer.isBuffer(data) ? [{ delayMs: 0, bytes: data }] : data,
});
const send = (accepted: string | null) =>
  tenant.send({
    path: "/v1/things",
    body: "{}",
    headers: accepted === null ? {} : { "accept-encoding": accepted },
  });

async function expectDecoded(sent: Sent, text = TEXT) {
  expect(sent.status).toBe(200);
  expect(sent.headers["content-encoding"]).toBeUndefined();
  expect(sent.headers["content-length"]).toBeUndefined();
  expect([sent.body.toString(), sent.isComplete]).toEqual([text, true]);
  const { response } = await harness.recorded(sent.id);
  expect(response.metadata).toMatchObject({ outcome: "complete", status: 200, bodyCoding: "identity" });
  expect(response.body.toString()).toBe(text);
}

it.each(["gzip", "br"])(
  "a coding that the client accepts %s reaches it, and the archive decoded",
  async (coding) => {
    harness.respondWith(coded(coding, CODERS[coding]!(Buffer.from(TEXT))));
    const sent = await send("gzip, deflate, br, zstd");
    expect(sent.headers["content-encoding"]).toBe(coding);
    const decode = coding === "gzip" ? zlib.gunzipSync : zlib.brotliDecompressSync;
    expect(decode(sent.body).toString()).toBe(TEXT);
    const { response } = await harness.recorded(sent.id);
    expect([response.body.toString(), response.metadata.bodyCoding]).toEqual([TEXT, "identity"]);
  },
);

it.each([
  ["zstd", "zstd"],
  ["deflate", "deflate, gzip"],
  ["x-gzip", "gzip"],
  ["gzip, br", "br, gzip"],
  ["zstd", "*"],
])(
  "a coding that the client accepts %s reaches it unmodified under %s, and the archive names it",
  async (coding, accepted) => {
    const data = CODERS[coding]!(Buffer.from(TEXT));
    harness.respondWith(coded(coding, data));
    const sent = await send(accepted);
    expect(sent.headers["content-encoding"]).toBe(coding);
    expect(sent.body.equals(data)).toBe(true);
    const { response } = await harness.recorded(sent.id);
    expect([response.body.equals(data), response.metadata.bodyCoding]).toEqual([true, coding]);
  },
);

describe("a coding that the client does not accept", () => {
  const accepted: (string | null)[] = [null, "identity", "unheard-of", "*;q=0, identity"];
  const cases = Object.keys(CODERS)
    .filter((coding) => coding !== "identity")
    .flatMap((coding) => accepted.map((accept) => [coding, accept] as const));

  it.each(cases)("%s is decoded for %j", async (coding, accept) => {
    harness.respondWith(coded(coding, CODERS[coding]!(Buffer.from(TEXT))));
    await expectDecoded(await send(accept));
  });

  it.each([
    ["zstd", "gzip, zstd;q=0"],
    ["br", "gzip, br;q=0"],
    ["gzip, br", "gzip"],
  ])("%s is decoded for %j", async (coding, accept) => {
    harness.respondWith(coded(coding, CODERS[coding]!(Buffer.from(TEXT))));
    await expectDecoded(await send(accept));
  });

  it.each(["zstd", "deflate", "x-gzip"])("%s of a large JSON body is decoded whole", async (coding) => {
    const text = JSON.stringify({ data: Array.from({ length: 100_000 }, (_, n) => n * n) });
    harness.respondWith(coded(coding, CODERS[coding]!(Buffer.from(text)), "application/json"));
    await expectDecoded(await send("identity"), text);
  });

  it("to HEAD is left out of the headers", async () => {
    harness.respondWith(coded("unheard-of", []));
    const sent = await tenant.send({ method: "HEAD", path: "/v1/things" });
    expect([sent.status, sent.headers["content-encoding"]]).toEqual([200, undefined]);
  });
});

describe("a stream in a coding that the client does not accept", () => {
  /** Each event as its own chunk, flushed by the coder. */
  async function flushed(coding: string, delayMs: number): Promise<Chunk[]> {
    const [coder, flush] = {
      zstd: [zlib.createZstdCompress(), zlib.constants.ZSTD_e_flush] as const,
      "x-gzip": [zlib.createGzip(), zlib.constants.Z_SYNC_FLUSH] as const,
      deflate: [zlib.createDeflate(), zlib.constants.Z_SYNC_FLUSH] as const,
      "raw deflate": [zlib.createDeflateRaw(), zlib.constants.Z_SYNC_FLUSH] as const,
    }[coding]!;
    const chunks: Chunk[] = [];
    for (const event of EVENTS) {
      coder.write(event);
      await new Promise<void>((resolve) => coder.flush(flush, resolve));
      chunks.push({ delayMs: chunks.length === 0 ? 0 : delayMs, bytes: coder.read() as Buffer });
    }
    coder.end();
    return [...chunks, { delayMs: 0, bytes: await buffer(coder) }];
  }
  const STREAMED = ["zstd", "x-gzip", "deflate", "raw deflate"];

  it.each(STREAMED)("%s arrives event by event", async (coding) => {
    harness.respondWith(coded(coding, await flushed(coding, 80)));
    const sent = await send("identity");
    expect(sent.chunks.map(({ bytes }) => bytes.toString())).toEqual(EVENTS);
    expect(sent.chunks.at(-1)!.at - sent.chunks[0]!.at).toBeGreaterThan(300);
    await expectDecoded(sent);
  });

  it.each(STREAMED)(
    "%s that upstream breaks is broken for the client, and what came is kept",
    async (coding) => {
      const chunks = (await flushed(coding, 30)).slice(0, 3);
      harness.respondWith({ ...coded(coding, chunks), then: "reset" } as Reply);
      const sent = await send("identity");
      expect([sent.status, sent.isComplete]).toEqual([200, false]);
      const { response } = await harness.recorded(sent.id);
      expect(response.metadata).toMatchObject({
        outcome: "upstream_failed",
        status: 200,
        bodyCoding: "identity",
      });
      expect(response.body.toString()).toBe(EVENTS.slice(0, 3).join(""));
    },
  );

  it.each(STREAMED)("%s that ends too early is broken for the client", async (coding) => {
    harness.respondWith(coded(coding, (await flushed(coding, 30)).slice(0, 3)));
    const sent = await send("identity");
    expect([sent.status, sent.isComplete]).toEqual([200, false]);
    expect((await harness.recorded(sent.id)).response.metadata.outcome).toBe("upstream_failed");
  });

  it.each([
    ["in the middle", "end" as const],
    ["while upstream is silent", "hang" as const],
  ])("tells upstream within 200 ms of a client that disconnects %s", async (_, then) => {
    const chunks = await flushed("zstd", then === "hang" ? 0 : 100);
    let id = "";
    const quickest = await quickestOf(HANG_UP_MS, async () => {
      harness.claude.reset();
      harness.respondWith({ ...coded("zstd", then === "hang" ? chunks.slice(0, 2) : chunks), then } as Reply);
      let left = 0;
      let gone: () => void = () => undefined;
      const resetWhen = new Promise<void>((resolve) => (gone = resolve)).then(() => (left = Date.now()));
      ({ id } = await tenant.send({
        path: "/v1/things",
        body: "{}",
        resetWhen,
        leave: (received) => {
          if (received >= EVENTS[0]!.length) gone();
          return false;
        },
      }));
      const abortedAt = await waitFor(() => {
        const at = harness.claude.requests[0]?.abortedAt;
        if (!at) throw new Error("still connected");
        return at;
      }, 10);
      return abortedAt - left;
    });
    expect(quickest).toBeLessThanOrEqual(HANG_UP_MS);
    const { response } = await harness.recorded(id);
    expect(response.metadata).toMatchObject({ outcome: "client_gone", status: 200 });
    expect(response.body.toString().startsWith(EVENTS[0]!)).toBe(true);
  });
});

describe("a body that cannot be decoded", () => {
  it.each([
    ["an unknown coding", "unheard-of", Buffer.from("?")],
    ["an unknown coding below a known one", "unheard-of, gzip", zlib.gzipSync("?")],
    ["bytes that are not zstd", "zstd", Buffer.from(TEXT)],
    ["bytes that are not zlib's", "deflate", Buffer.from("xyz".repeat(99))],
    ["bytes that are not gzip", "x-gzip", Buffer.from(TEXT)],
    ["bytes that are not gzip, decoded by the runtime", "gzip", Buffer.from(TEXT)],
    ["a coding that is not below the other", "gzip, br", zlib.brotliCompressSync(TEXT)],
    ["five codings", "gzip, gzip, gzip, gzip, gzip", Buffer.from("?")],
  ])("is a 502 that says why: %s", async (_, coding, data) => {
    harness.respondWith(coded(coding, data));
    const sent = await send("identity");
    expect(sent.status).toBe(502);
    const { error } = JSON.parse(sent.body.toString()) as { error: { type: string; message: string } };
    expect(error.type).toBe("api_error");
    expect(error.message).toContain(`content-coding "${coding}"`);
    expect(harness.claude.requests).toHaveLength(1);
    const { response } = await harness.recorded(sent.id);
    expect(response.metadata).toMatchObject({
      outcome: "upstream_failed",
      status: 502,
      errorType: "api_error",
      bodyCoding: "identity",
    });
    expect(response.metadata.headers["request-id"]).toBe("req_1");
    expect(response.body.equals(sent.body)).toBe(true);
  });

  it.each([
    [529, "overloaded_error", "unheard-of", Buffer.from("?")],
    [429, "rate_limit_error", "unheard-of, gzip", zlib.gzipSync("?")],
    [400, "invalid_request_error", "zstd", Buffer.from(TEXT)],
    [500, "api_error", "gzip", Buffer.from(TEXT)],
    [302, "api_error", "unheard-of", Buffer.from("?")],
  ])("leaves its status %i and its headers to the client", async (status, type, coding, data) => {
    const headers = {
      "retry-after": "17",
      "x-should-retry": "true",
      "anthropic-ratelimit-requests-remaining": "0",
      etag: '"coded"',
      location: "https://elsewhere.example/",
    };
    harness.respondWith(coded(coding, data, "application/json", status, headers));
    const sent = await send("identity");
    const { etag: _, ...kept } = headers;
    expect(sent.headers).toMatchObject({ ...kept, "request-id": "req_1", "x-nexus-request-id": sent.id });
    for (const name of ["content-encoding", "etag"]) expect(sent.headers[name]).toBeUndefined();
    const body = JSON.parse(sent.body.toString()) as { error: { message: string } };
    expect([sent.status, body]).toMatchObject([status, { error: { type }, request_id: "req_1" }]);
    expect(body.error.message).toContain(`content-coding "${coding}"`);
    const { metadata } = (await harness.recorded(sent.id)).response;
    expect(metadata).toMatchObject({ outcome: "upstream_failed", status, errorType: type });
    expect(metadata.headers).toMatchObject({ "retry-after": "17", "request-id": "req_1" });
    expect(metadata.timeToFirstByteMs, "upstream's").not.toBeNull();
  });

  it("passes to a client that accepts the unknown coding", async () => {
    harness.respondWith(coded("unheard-of", Buffer.from("?")));
    const sent = await send("unheard-of");
    expect([sent.status, sent.headers["content-encoding"], sent.body.toString()]).toEqual([
      200,
      "unheard-of",
      "?",
    ]);
  });
});

it.each([
  ["identity", "gzip, identity;q=0", "gzip"],
  ["zstd", "gzip, identity;q=0", "gzip"],
  ["deflate", "br, *;q=0", "br"],
])(
  "a client that refuses a body without coding gets %s under %j as %s",
  async (coding, accepted, expected) => {
    harness.respondWith(coded(coding, CODERS[coding]!(Buffer.from(TEXT))));
    const sent = await send(accepted);
    expect(headerOf(harness.claude.requests[0]!, "accept-encoding")).toBe(accepted);
    expect(sent.headers["content-encoding"]).toBe(expected);
    const decode = expected === "gzip" ? zlib.gunzipSync : zlib.brotliDecompressSync;
    expect(decode(sent.body).toString()).toBe(TEXT);
    const { response } = await harness.recorded(sent.id);
    expect([response.body.toString(), response.metadata.bodyCoding]).toEqual([TEXT, "identity"]);
  },
);
