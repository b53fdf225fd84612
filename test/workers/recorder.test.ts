/** The Recorder stores a copy of a body and its metadata trailer as a journal object. */
import { env, exports } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MAX_RECORDED_BODY_BYTES, RECORDED_HEAD_BYTES } from "../../workers/runtime/constants.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import type { StoredPart } from "../../workers/proxy/record/recorder-entrypoint.ts";
import { journalKey, journalTrailer, readJournal } from "../../workers/store/journal/objects.ts";

const factsOf = (given: object = {}) => ({
  v: 1,
  id: newExchangeId(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
  outcome: "complete",
  status: 200,
  errorType: null,
  headers: {},
  timeToFirstByteMs: 1,
  durationMs: 2,
  bodyCoding: "identity",
  ...given,
});
async function record(...pieces: Uint8Array[]): Promise<StoredPart> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const writing = (async () => {
    for (const piece of pieces) await writer.write(piece);
    await writer.close();
  })();
  const response = await exports.Recorder.fetch("http://recorder/response", {
    method: "POST",
    body: readable,
  });
  await writing;
  return response.json<StoredPart>();
}
/** Bytes without repetition, in chunks of 1 MB. */
function piecesOf(length: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let left = length; left > 0; left -= 1_048_576) {
    const piece = new Uint8Array(Math.min(left, 1_048_576));
    for (let at = 0; at < piece.length; at += 1_024) piece[at] = (at / 1_024 + left) % 251;
    pieces.push(piece);
  }
  return pieces;
}
const sha256Of = (pieces: Uint8Array[]) =>
  pieces.reduce((hash, piece) => hash.update(piece), createHash("sha256")).digest("hex");

describe("the Recorder", () => {
  it.each([0, 1, 16_383, 16_384, 16_385, 65_536, 300_000, 5_000_000])(
    "stores a body of %i bytes whole, in any number of reads",
    async (length) => {
      const facts = factsOf();
      const pieces = piecesOf(length);
      const stored = await record(...pieces, journalTrailer(facts));
      expect(stored).toMatchObject({
        isStored: true,
        body: { recorded: "whole", bytes: length, sha256: null },
      });
      expect(stored.journalBytes).toBe((await env.JOURNAL.head(journalKey(facts.id, "response")))?.size);
      const { response } = await readJournal(env.JOURNAL, facts.id);
      expect(response?.body.length).toBe(length);
      expect(createHash("sha256").update(response!.body).digest("hex")).toBe(sha256Of(pieces));
    },
  );

  it.each([
    ["of exactly the limit whole", MAX_RECORDED_BODY_BYTES, "whole"],
    ["of one byte more by its head", MAX_RECORDED_BODY_BYTES + 1, "head"],
    ["of a little more than the limit by its head", MAX_RECORDED_BODY_BYTES + 262_144, "head"],
    ["of much more by its head", MAX_RECORDED_BODY_BYTES + 3_000_000, "head"],
  ])("stores a body %s", async (_, length, recorded) => {
    const facts = factsOf();
    const pieces = piecesOf(length);
    const stored = await record(...pieces, journalTrailer(facts));
    const { response } = await readJournal(env.JOURNAL, facts.id);
    expect(response?.metadata.body).toEqual(stored.body);
    expect(stored.body).toEqual({
      recorded,
      bytes: length,
      sha256: recorded === "head" ? sha256Of(pieces) : null,
    });
    expect(response?.body.length).toBe(recorded === "head" ? RECORDED_HEAD_BYTES : length);
    expect(response?.body.subarray(0, 1_000)).toEqual(pieces[0]!.subarray(0, 1_000));
  });

  it("stores the head of a body that was cut short", async () => {
    const facts = factsOf({ body: { recorded: "head", bytes: 0, sha256: null } });
    const body = new TextEncoder().encode("half a sent");
    await record(body, journalTrailer(facts));
    const { response } = await readJournal(env.JOURNAL, facts.id);
    expect(response?.body).toEqual(body);
    expect(response?.metadata.body).toEqual({ recorded: "head", bytes: 11, sha256: sha256Of([body]) });
  });

  it("drops a body that must not be recorded, of any size", async () => {
    for (const length of [11, MAX_RECORDED_BODY_BYTES + 3_000_000]) {
      const facts = factsOf({ body: { recorded: "none", bytes: 0, sha256: null } });
      const stored = await record(...piecesOf(length), journalTrailer(facts));
      expect(stored.body).toEqual({ recorded: "none", bytes: length, sha256: null });
      expect((await readJournal(env.JOURNAL, facts.id)).response?.body.length).toBe(0);
    }
  });

  it("rejects a body that errors before its metadata", async () => {
    await expect(record(new TextEncoder().encode("no facts behind this"))).rejects.toThrow();
  });
});
