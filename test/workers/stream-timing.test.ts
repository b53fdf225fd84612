/** Chunk timing of a stream from the journal to the API. */
import { beforeEach, describe, expect, it } from "vitest";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { messageStream, type ExchangeOptions, makeExchange } from "../support/exchanges.ts";
import { ask } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal, messageOf, ACKNOWLEDGED, ingest } from "../support/worker-ingest.ts";

beforeEach(resetStorage);

const timing = { resolutionMs: 1, gapsMs: [430, 12, 640], bytes: [100, 220, 40] };
const chunks = [
  { chunkIndex: 0, timestamp: "2026-11-22T12:00:00.430Z", offsetMs: 430, endByte: 100 },
  { chunkIndex: 1, timestamp: "2026-11-22T12:00:00.442Z", offsetMs: 442, endByte: 320 },
  { chunkIndex: 2, timestamp: "2026-11-22T12:00:01.082Z", offsetMs: 1_082, endByte: 360 },
];
const UNTIMED = { streamTiming: null, streamingChunks: [] };

async function stored(
  responseMetadata: ExchangeOptions["responseMetadata"],
  responseBody = messageStream("Well."),
) {
  const exchange = makeExchange({ responseMetadata, responseBody });
  expect(await ingest(exchange)).toEqual(ACKNOWLEDGED);
  return ask<RequestDetail>(`/api/requests/${exchange.id}`);
}

describe("a stream that was timed", () => {
  it("lists its chunks with time and end", async () => {
    expect(await stored({ timing })).toMatchObject({
      streamTiming: { resolutionMs: 1 },
      streamingChunks: chunks,
      responseBodyState: "whole",
    });
  });

  it("states the resolution of the times", async () => {
    expect((await stored({ timing: { ...timing, resolutionMs: 64 } })).streamTiming).toEqual({
      resolutionMs: 64,
    });
  });

  it("keeps them when its message is delivered again, and loses them with its bytes", async () => {
    const exchange = makeExchange({ responseMetadata: { timing } });
    const path = `/api/requests/${exchange.id}`;
    for (let time = 0; time < 2; time++) {
      await ingest(exchange);
      expect(await ask(path)).toMatchObject({ streamingChunks: chunks });
    }
    await queryRows("DELETE FROM response_bodies");
    expect(await ask(path)).toMatchObject({ ...UNTIMED, responseBodyState: "removed" });
  });

  it("has them when R2 took it late, and none while only its metadata is known", async () => {
    const exchange = makeExchange({ responseMetadata: { timing } });
    const body = { recorded: "none" as const, bytes: 0, sha256: null };
    const response = {
      ...exchange.response.metadata,
      outcome: "unrecorded" as const,
      body,
      timing: undefined,
    };
    const path = `/api/requests/${exchange.id}`;
    await deliver([messageOf(exchange, { request: { ...exchange.request.metadata, body }, response })]);
    expect(await ask(path)).toMatchObject({ ...UNTIMED, outcome: "unrecorded" });
    await journal(exchange);
    await deliver([messageOf(exchange, { rungBy: "sweep" })]);
    expect(await ask(path)).toMatchObject({ outcome: "complete", streamingChunks: chunks });
  });
});

it("times are described in the OpenAPI document", async () => {
  const { paths } = await ask<{ paths: Record<string, { get: object }> }>("/api/openapi.json");
  const document = JSON.stringify(paths["/api/requests/{id}"]!.get);
  for (const word of [
    '"streamTiming"',
    '"streamingChunks"',
    '"offsetMs"',
    '"endByte"',
    "STREAM_TIMING_SAMPLE",
  ])
    expect(document).toContain(word);
});

describe("times", () => {
  it("are absent where the stream was not timed", async () => {
    expect(await stored({})).toMatchObject(UNTIMED);
  });

  it.each([
    ["more times than pieces", { ...timing, bytes: [1] }],
    ["negative gaps", { ...timing, gapsMs: [5, -1, 2] }],
    ["too many pieces", { resolutionMs: 1, gapsMs: Array(4_001).fill(1), bytes: Array(4_001).fill(1) }],
    ["something else", "soon" as unknown as typeof timing],
  ])("are better than an exchange that is not stored: %s", async (_, given) => {
    expect(await stored({ timing: given })).toMatchObject({ ...UNTIMED, outcome: "complete" });
  });

  it("are absent for encoded bytes, which are not stored", async () => {
    expect(await stored({ timing, bodyCoding: "deflate" })).toMatchObject(UNTIMED);
  });

  it("are absent where they are invalid", async () => {
    const { requestId } = await stored({ timing });
    await queryRows("UPDATE response_bodies SET timing = '\\x01ff'");
    expect(await ask(`/api/requests/${requestId}`)).toMatchObject({ ...UNTIMED, responseBodyState: "whole" });
  });
});
