/** The journal in R2: what is written is read back, listed in order, and cleared. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import type { RequestMetadata, ResponseMetadata } from "../../workers/schemas/exchange.ts";
import {
  clearJournal,
  JournalCorrupt,
  journalKey,
  listJournal,
  readJournal,
  writeJournalRequest,
  writeJournalResponse,
  type DraftMetadata,
} from "../../workers/store/journal/objects.ts";
import { makeExchange } from "../support/exchanges.ts";

const bucket = env.JOURNAL;
beforeEach(async () => {
  for (const { key } of (await bucket.list()).objects) await bucket.delete(key);
});

const idAt = (ms: number) => newExchangeId(ms, crypto.getRandomValues(new Uint8Array(10)));
function requestOf(id: string): DraftMetadata<RequestMetadata> {
  const { body: _, ...metadata } = makeExchange({ exchangeId: id, domain: "ü.example" }).request.metadata;
  return metadata;
}
function responseOf(id: string): DraftMetadata<ResponseMetadata> {
  const { body: _, ...metadata } = makeExchange({ exchangeId: id }).response.metadata;
  return metadata;
}
/** First index at which two arrays differ; -1 if they are equal. (`toEqual` takes seconds for megabytes.) */
const firstDifference = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length ? a.findIndex((byte, index) => byte !== b[index]) : Math.min(a.length, b.length);
const bytes = (text: string) => new TextEncoder().encode(text);

describe("an entry", () => {
  it.each([
    ["a body", bytes('{"a":1}')],
    ["no body", new Uint8Array(0)],
    ["a body that is not text", Uint8Array.from([0, 255, 0x4e, 0x58, 0x4a, 0x31])],
    ["a body too large to put in one piece", new Uint8Array(5_000_000).fill(7)],
  ])("with %s is read back as it was, with the metadata of its body", async (_, body) => {
    const id = idAt(1);
    const size = await writeJournalRequest(bucket, requestOf(id), body);
    expect(size).toBe((await bucket.head(journalKey(id, "request")))?.size);
    const { request, response } = await readJournal(bucket, id);
    expect(response).toBeNull();
    expect(firstDifference(request!.body, body)).toBe(-1);
    const whole = { recorded: "whole", bytes: body.length, sha256: null };
    expect(request?.metadata).toEqual({ ...requestOf(id), body: whole });
  });

  it("keeps given body metadata, and fields of a later version", async () => {
    const id = idAt(1);
    const body = { recorded: "head" as const, bytes: 99, sha256: "00" };
    await writeJournalResponse(bucket, { ...responseOf(id), body, later: 1 }, bytes("x"));
    const { response } = await readJournal(bucket, id);
    expect(response?.metadata).toMatchObject({ body, later: 1 });
  });

  it("is gone once cleared, and can be cleared again", async () => {
    const id = idAt(1);
    await writeJournalRequest(bucket, requestOf(id), bytes("x"));
    await writeJournalResponse(bucket, responseOf(id), bytes("x"));
    await clearJournal(bucket, [{ id, parts: ["request", "response"] }]);
    await clearJournal(bucket, [{ id, parts: ["request", "response"] }]);
    expect(await readJournal(bucket, id)).toEqual({ request: null, response: null });
  });

  it.each([
    ["that is cut", bytes("x")],
    ["that is not ours", bytes("some other object, long enough for a footer")],
    ["whose footer lies", Uint8Array.from([1, 2, 255, 255, 255, 255, 0x4e, 0x58, 0x4a, 0x31])],
    ["whose metadata is not JSON", Uint8Array.from([123, 1, 0, 0, 0, 0x4e, 0x58, 0x4a, 0x31])],
    ["whose metadata has no fields", Uint8Array.from([123, 125, 2, 0, 0, 0, 0x4e, 0x58, 0x4a, 0x31])],
  ])("%s is reported with its name", async (_, object) => {
    const id = idAt(1);
    await bucket.put(journalKey(id, "request"), object);
    const reading = readJournal(bucket, id);
    await expect(reading).rejects.toBeInstanceOf(JournalCorrupt);
    await expect(reading).rejects.toThrow(id);
  });
});

it("the listing is in order of time, names the parts, and continues at its cursor", async () => {
  const ids = [idAt(1_000), idAt(2_000), idAt(3_000), idAt(4_000), idAt(5_000)];
  for (const id of ids.toReversed()) await writeJournalRequest(bucket, requestOf(id), bytes("abc"));
  for (const id of [ids[0]!, ids[2]!, ids[4]!])
    await writeJournalResponse(bucket, responseOf(id), bytes("d"));
  const before = Date.now() - 60_000;

  const all = await listJournal(bucket, { limit: 100 });
  expect(all.cursor).toBeNull();
  expect(all.entries.map(({ id }) => id)).toEqual(ids);
  expect(all.entries.map(({ hasRequest, hasResponse }) => [hasRequest, hasResponse])).toEqual([
    [true, true],
    [true, false],
    [true, true],
    [true, false],
    [true, true],
  ]);
  for (const { bytes: size, uploadedAt } of all.entries) {
    expect(size).toBeGreaterThan(100);
    expect(uploadedAt).toBeGreaterThan(before);
  }

  for (const limit of [1, 2, 3, 4, 5]) {
    const found: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page = await listJournal(bucket, { limit, ...(cursor ? { startAfter: cursor } : {}) });
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      expect(page.entries).toEqual(
        all.entries.filter(({ id }) => page.entries.some((each) => each.id === id)),
      );
      found.push(...page.entries.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== null && pages++ < 20);
    expect(found, `pages of ${limit}`).toEqual(ids);
  }
});

it("the listing of an empty journal is empty and at its end", async () => {
  expect(await listJournal(bucket, { limit: 10 })).toEqual({ entries: [], cursor: null });
});
