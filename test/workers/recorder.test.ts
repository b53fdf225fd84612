/** The Recorder stores a copy of a body and its metadata trailer as a journal object. */
import { env, exports } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  MAX_HELD_BODY_BYTES,
  MAX_HELD_BYTES,
  MAX_RECORDED_BODY_BYTES,
  RECORDED_HEAD_BYTES,
} from "../../workers/runtime/constants.ts";
import { storeBytes, type StoredPart } from "../../workers/proxy/record/recorder-entrypoint.ts";
import {
  journalKey,
  journalTrailer,
  readJournal,
  writeJournalResponse,
} from "../../workers/store/journal/objects.ts";
import { makeExchange, notRecorded } from "../support/exchanges.ts";

const metadataOf = (fields: object = {}) => {
  const { body: _, ...metadata } = makeExchange().response.metadata;
  return { ...metadata, ...fields };
};
async function record(...chunks: Uint8Array[]): Promise<StoredPart> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const writing = (async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  const init = { method: "POST", body: readable };
  const response = await exports.Recorder.fetch("http://recorder/response", init);
  await writing;
  return response.json<StoredPart>();
}
/** Bytes without repetition, in chunks of 1 MB. */
function chunksOf(length: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let left = length; left > 0; left -= 1_048_576) {
    const chunk = new Uint8Array(Math.min(left, 1_048_576));
    for (let at = 0; at < chunk.length; at += 1_024) chunk[at] = (at / 1_024 + left) % 251;
    chunks.push(chunk);
  }
  return chunks;
}
const sha256Of = (chunks: Uint8Array[]) =>
  chunks.reduce((hash, chunk) => hash.update(chunk), createHash("sha256")).digest("hex");

describe("the Recorder", () => {
  it.each([0, 1, 16_383, 16_384, 16_385, 65_536, 300_000, 5_000_000])(
    "stores a body of %i bytes whole, in any number of reads",
    async (length) => {
      const metadata = metadataOf();
      const chunks = chunksOf(length);
      const stored = await record(...chunks, journalTrailer(metadata));
      expect(stored).toMatchObject({
        isStored: true,
        body: { recorded: "whole", bytes: length, sha256: null },
      });
      expect(stored.journalBytes).toBe((await env.JOURNAL.head(journalKey(metadata.id, "response")))?.size);
      const { response } = await readJournal(env.JOURNAL, metadata.id);
      expect(response?.body.length).toBe(length);
      expect(createHash("sha256").update(response!.body).digest("hex")).toBe(sha256Of(chunks));
    },
  );

  it("lets other work of the isolate run while it stores a large body", async () => {
    let turns = 0;
    let isStored = false;
    const other = (async () => {
      for (; !isStored; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
    })();
    const bytes = new Uint8Array(12 * 1_048_576);
    await writeJournalResponse(env.JOURNAL, metadataOf(), bytes);
    isStored = true;
    await other;
    expect(turns).toBeGreaterThanOrEqual(12);
  });

  it.each([
    ["of exactly the limit whole", MAX_RECORDED_BODY_BYTES, "whole"],
    ["of one byte more by its head", MAX_RECORDED_BODY_BYTES + 1, "head"],
    ["of a little more than the limit by its head", MAX_RECORDED_BODY_BYTES + 262_144, "head"],
    ["of much more by its head", MAX_RECORDED_BODY_BYTES + 3_000_000, "head"],
  ])("stores a body %s", async (_, length, recorded) => {
    const metadata = metadataOf();
    const chunks = chunksOf(length);
    const stored = await record(...chunks, journalTrailer(metadata));
    const { response } = await readJournal(env.JOURNAL, metadata.id);
    expect(response?.metadata.body).toEqual(stored.body);
    expect(stored.body).toEqual({
      recorded,
      bytes: length,
      sha256: recorded === "head" ? sha256Of(chunks) : null,
    });
    expect(response?.body.length).toBe(recorded === "head" ? RECORDED_HEAD_BYTES : length);
    expect(response?.body.subarray(0, 1_000)).toEqual(chunks[0]!.subarray(0, 1_000));
  });

  it("keeps bodies whole only as long as all of them together fit into memory", async () => {
    const open = () => {
      const { readable, writable } = new IdentityTransformStream();
      const metadata = metadataOf();
      const stored = exports.Recorder.fetch("http://recorder/response", { method: "POST", body: readable });
      return { metadata, stored, writer: writable.getWriter() };
    };
    const length = MAX_HELD_BODY_BYTES / 2 + 2 * RECORDED_HEAD_BYTES;
    const bodies = [open(), open()];
    for (const { writer } of bodies) for (const chunk of chunksOf(length)) await writer.write(chunk);
    const small = await record(...chunksOf(500_000), journalTrailer(metadataOf()));
    expect(small.body).toMatchObject({ recorded: "whole", bytes: 500_000 });
    const results: StoredPart[] = [];
    for (const { metadata, stored, writer } of bodies) {
      await writer.write(journalTrailer(metadata));
      await writer.close();
      results.push(await (await stored).json<StoredPart>());
    }
    expect(results.map(({ body }) => body)).toEqual([
      { recorded: "whole", bytes: length, sha256: null },
      { recorded: "head", bytes: length, sha256: sha256Of(chunksOf(length)) },
    ]);
    // What was held is free again.
    const next = await record(...chunksOf(length), journalTrailer(metadataOf()));
    expect(next.body).toMatchObject({ recorded: "whole" });
  });

  it("gives R2 no more than fits into memory while it takes none, and all again once it does", async () => {
    const ends: ((taken: unknown) => void)[] = [];
    const stuck = { put: () => new Promise((end) => void ends.push(end)) } as unknown as R2Bucket;
    const body = new Uint8Array(1_000_000);
    const count = Math.ceil(MAX_HELD_BYTES / body.length) + 1;
    const store = (bucket: R2Bucket) => storeBytes(bucket, "request", metadataOf(), body, []);
    const stored = await Promise.all(Array.from({ length: count }, () => store(stuck)));
    expect(stored.map(({ isStored }) => isStored)).toEqual(Array(count).fill(false));
    const puts = ends.length;
    expect(puts).toBeLessThanOrEqual(count);
    // Nothing waits for these puts any more, and they still hold their bodies.
    expect(await store(env.JOURNAL)).toMatchObject({ isStored: false });
    const large = await record(...chunksOf(3_000_000), journalTrailer(metadataOf()));
    expect(large).toMatchObject({ isStored: false, body: { recorded: "none", bytes: 3_000_000 } });
    for (const end of ends) end({});
    await expect
      .poll(() => store(env.JOURNAL))
      .toMatchObject({ isStored: true, body: { recorded: "whole" } });
  });

  it("puts the same bytes in each attempt", async () => {
    const objects: unknown[] = [];
    const failing = {
      put: (_key: string, object: Uint8Array) => {
        objects.push(object.buffer);
        return Promise.reject(new Error("internal error (10001)"));
      },
    } as unknown as R2Bucket;
    await storeBytes(failing, "request", metadataOf(), new Uint8Array(1_000), [0, 0]);
    expect(objects).toHaveLength(3);
    expect(new Set(objects).size).toBe(1);
  });

  it("stores the head of a body that was cut short", async () => {
    const metadata = metadataOf({ body: { recorded: "head", bytes: 0, sha256: null } });
    const body = new TextEncoder().encode("a part of a");
    await record(body, journalTrailer(metadata));
    const { response } = await readJournal(env.JOURNAL, metadata.id);
    expect(response?.body).toEqual(body);
    expect(response?.metadata.body).toEqual({ recorded: "head", bytes: 11, sha256: sha256Of([body]) });
  });

  it("drops a body that must not be recorded, of any size", async () => {
    for (const length of [11, MAX_RECORDED_BODY_BYTES + 3_000_000]) {
      const metadata = metadataOf({ body: notRecorded() });
      const stored = await record(...chunksOf(length), journalTrailer(metadata));
      expect(stored.body).toEqual(notRecorded(length));
      expect((await readJournal(env.JOURNAL, metadata.id)).response?.body.length).toBe(0);
    }
  });

  it("rejects a body that errors before its metadata", async () => {
    await expect(record(new TextEncoder().encode("no metadata behind this"))).rejects.toThrow();
  });
});
