/** Chunk timing of a stream from the journal to the API. */
import { beforeEach, describe, expect, it } from "vitest";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";
import { messageStream, type ExchangeOptions, makeExchange, notRecorded } from "../support/exchanges.ts";
import { apiJson } from "../support/worker-api.ts";
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
  return apiJson<RequestDetail>(`/api/requests/${exchange.id}`);
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
    const { streamTiming } = await stored({ timing: { ...timing, resolutionMs: 64 } });
    expect(streamTiming).toEqual({ resolutionMs: 64 });
  });

  it("keeps its times when its message is delivered again, and loses them with its bytes", async () => {
    const exchange = makeExchange({ responseMetadata: { timing } });
    const path = `/api/requests/${exchange.id}`;
    for (let time = 0; time < 2; time++) {
      await ingest(exchange);
      expect(await apiJson(path)).toMatchObject({ streamingChunks: chunks });
    }
    await queryRows("DELETE FROM response_bodies");
    expect(await apiJson(path)).toMatchObject({ ...UNTIMED, responseBodyState: "removed" });
  });

  it("has times when R2 stores it late, and none while only its metadata is known", async () => {
    const exchange = makeExchange({ responseMetadata: { timing } });
    const unrecorded = { outcome: "unrecorded" as const, body: notRecorded(), timing: undefined };
    const response = { ...exchange.response.metadata, ...unrecorded };
    const request = { ...exchange.request.metadata, body: notRecorded() };
    const path = `/api/requests/${exchange.id}`;
    await deliver([messageOf(exchange, { request, response })]);
    expect(await apiJson(path)).toMatchObject({ ...UNTIMED, outcome: "unrecorded" });
    await journal(exchange);
    await deliver([messageOf(exchange, { rungBy: "sweep" })]);
    expect(await apiJson(path)).toMatchObject({ outcome: "complete", streamingChunks: chunks });
  });
});

it("times are described in the OpenAPI document", async () => {
  const { paths } = await apiJson<{ paths: Record<string, { get: object }> }>("/api/openapi.json");
  const document = JSON.stringify(paths["/api/requests/{id}"]!.get);
  for (const name of ["streamTiming", "streamingChunks", "offsetMs", "endByte"])
    expect(document).toContain(`"${name}"`);
  expect(document).toContain("STREAM_TIMING_SAMPLE");
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
  ])("that are invalid are dropped, and the exchange is stored: %s", async (_, given) => {
    expect(await stored({ timing: given })).toMatchObject({ ...UNTIMED, outcome: "complete" });
  });

  it("are absent for encoded bytes, which are not stored", async () => {
    expect(await stored({ timing, bodyCoding: "deflate" })).toMatchObject(UNTIMED);
  });

  it("are absent where they are invalid", async () => {
    const { requestId } = await stored({ timing });
    await queryRows("UPDATE response_bodies SET timing = '\\x01ff'");
    expect(await apiJson(`/api/requests/${requestId}`)).toMatchObject({
      ...UNTIMED,
      responseBodyState: "whole",
    });
  });
});
