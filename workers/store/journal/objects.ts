/**
 * The journal: copies of both bodies of an exchange with their facts, in R2 from the moment they were seen until they are
 * in Postgres. workers/proxy writes, workers/ingest reads and clears, the cron sweep lists.
 *
 * Keys are `journal/<id>/request` and `journal/<id>/response`; ids are UUIDv7, so a listing is in order of time. (Small exchanges
 * come in bundles: see journal-bundle.) An object
 * is the body, then the facts as JSON, then their length and a magic number: facts known only at the end (outcome,
 * duration) can follow the body in one stream, and one `put` of one buffer makes entry and facts appear together.
 */
import { z } from "zod";
import { concat } from "../../domain/bytes.ts";
import { RequestMetadata, ResponseMetadata } from "../../schemas/exchange.ts";

/** Facts whose `body` may be left out: then the body beside them is whole. Spares the recorder a look into the facts. */
export type DraftMetadata<F extends { body: unknown }> = {
  // Not Omit, which forgets the known names of a type that has an index signature.
  [K in keyof F as K extends "body" ? never : K]: F[K];
} & { body?: F["body"] };

/** One half of an exchange as the archive has it. */
export interface ParsedPart<F> {
  facts: F;
  body: Uint8Array;
}

export interface JournalEntry {
  request: ParsedPart<RequestMetadata> | null;
  response: ParsedPart<ResponseMetadata> | null;
}

/** An entry as the listing sees it. */
export interface JournalListing {
  id: string;
  /** Epoch milliseconds of the newest object of the entry. */
  uploadedAt: number;
  hasRequest: boolean;
  hasResponse: boolean;
  /** Size of both objects. */
  bytes: number;
  /** Of a bundle: how many exchanges are in it. Their halves are all there. */
  exchanges?: number;
}

const PREFIX = "journal/";
const BUNDLE = /^exchanges-(\d+)$/;
/** "NXJ1", little-endian, at the very end of each object. */
const MAGIC = 0x314a584e;
/** Length of the facts (u32) and the magic number (u32). */
const FOOTER_BYTES = 8;
/** Up to this size an object is put in one piece, which is quicker; larger ones are streamed. */
const MAX_JOINED_BYTES = 4_194_304;
/** R2 lists at most this many keys at once. /r2/api/workers/workers-api-reference/#r2listoptions */
const MAX_LIST_KEYS = 1_000;
/** And deletes as many. */
const MAX_DELETED_KEYS = 1_000;

export type JournalPart = "request" | "response";
/** What lies in the journal under an id; a bundle (see journal-bundle) under one of its own. */
export type JournalObject = JournalPart | `exchanges-${number}`;
export const journalKey = (id: string, part: JournalObject) => `${PREFIX}${id}/${part}`;

/** What follows the body in a journal object. */
export function journalTrailer(facts: object): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const trailer = new Uint8Array(json.length + FOOTER_BYTES);
  trailer.set(json);
  const footer = new DataView(trailer.buffer, json.length);
  footer.setUint32(0, json.length, true);
  footer.setUint32(4, MAGIC, true);
  return trailer;
}

/**
 * Body and facts (unparsed) of an object, without copying; also of the end of one, if the facts are whole in it.
 * Throws JournalCorrupt when the object does not end as it must.
 */
export function splitJournalObject(object: Uint8Array): {
  body: Uint8Array;
  facts: Uint8Array;
  trailerBytes: number;
} {
  const end = object.length - FOOTER_BYTES;
  if (end < 0) throw new JournalCorrupt("shorter than its footer");
  const footer = new DataView(object.buffer, object.byteOffset + end, FOOTER_BYTES);
  const start = end - footer.getUint32(0, true);
  if (footer.getUint32(4, true) !== MAGIC || start < 0) throw new JournalCorrupt("no footer at its end");
  return {
    body: object.subarray(0, start),
    facts: object.subarray(start, end),
    trailerBytes: object.length - start,
  };
}

/** An object that is not one of ours or was cut. */
export class JournalCorrupt extends Error {
  override readonly name = "JournalCorrupt";
}

/** Stores the request's half; resolves with the object's size once R2 has it. `facts.body` left out means whole. */
export function writeJournalRequest(
  bucket: R2Bucket,
  facts: DraftMetadata<RequestMetadata>,
  body: Uint8Array,
): Promise<number> {
  return write(bucket, journalKey(facts.id, "request"), body, facts);
}

/** Stores the response's half, as writeJournalRequest does. */
export function writeJournalResponse(
  bucket: R2Bucket,
  facts: DraftMetadata<ResponseMetadata>,
  body: Uint8Array,
): Promise<number> {
  return write(bucket, journalKey(facts.id, "response"), body, facts);
}

/** Stores what is only known by its facts, where the journal has nothing: what it has is more. */
export async function writeJournalMetadata(
  bucket: R2Bucket,
  { request, response }: { request: RequestMetadata | null; response: ResponseMetadata | null },
): Promise<void> {
  const isThere = async ({ id }: { id: string }, part: JournalPart) =>
    (await bucket.head(journalKey(id, part))) !== null;
  const nothing = new Uint8Array(0);
  if (request && !(await isThere(request, "request"))) await writeJournalRequest(bucket, request, nothing);
  if (response && !(await isThere(response, "response")))
    await writeJournalResponse(bucket, response, nothing);
}

/** Stores an object given in pieces, the last of which ends with a trailer. Resolves with its size. */
export async function putJournalObject(
  bucket: R2Bucket,
  key: string,
  pieces: readonly Uint8Array[],
): Promise<number> {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (bytes <= MAX_JOINED_BYTES) {
    await bucket.put(key, concat(pieces));
    return bytes;
  }
  // A large body twice in memory is what an isolate of 128 MB cannot afford.
  const { readable, writable } = new FixedLengthStream(bytes);
  const written = writeAll(writable, pieces);
  await Promise.all([bucket.put(key, readable), written]);
  return bytes;
}

/** Both halves as far as they are there. Throws JournalCorrupt, naming the entry, when one cannot be read. */
export async function readJournal(bucket: R2Bucket, id: string): Promise<JournalEntry> {
  const [request, response] = await Promise.all([
    readHalf(bucket, journalKey(id, "request"), RequestMetadata),
    readHalf(bucket, journalKey(id, "response"), ResponseMetadata),
  ]);
  return { request, response };
}

/** Removes these halves; removing what is not there is fine. */
export async function clearJournal(
  bucket: R2Bucket,
  entries: readonly { id: string; parts: readonly JournalObject[] }[],
): Promise<void> {
  const keys = entries.flatMap(({ id, parts }) => parts.map((part) => journalKey(id, part)));
  for (let at = 0; at < keys.length; at += MAX_DELETED_KEYS)
    await bucket.delete(keys.slice(at, at + MAX_DELETED_KEYS));
}

/**
 * Entries in order of id, which is order of time, after the entry `startAfter` (an id; exclusive). `cursor` is the id to go
 * on from, null when the listing has reached the end. A page may be shorter than `limit` (at most 500), and never splits an entry.
 */
export async function listJournal(
  bucket: R2Bucket,
  { startAfter, limit }: { startAfter?: string; limit: number },
): Promise<{ entries: JournalListing[]; cursor: string | null }> {
  const keys = Math.min(2 * limit, MAX_LIST_KEYS);
  const listed = await bucket.list({
    prefix: PREFIX,
    limit: keys,
    // "0" is the character after "/": behind both keys of that entry, before the next.
    ...(startAfter === undefined ? {} : { startAfter: `${PREFIX}${startAfter}0` }),
  });
  const entries = new Map<string, JournalListing>();
  for (const object of listed.objects) {
    const [id = "", part = ""] = object.key.slice(PREFIX.length).split("/");
    const entry = entries.get(id) ?? { id, uploadedAt: 0, hasRequest: false, hasResponse: false, bytes: 0 };
    entry.uploadedAt = Math.max(entry.uploadedAt, object.uploaded.getTime());
    entry.bytes += object.size;
    if (part === "request") entry.hasRequest = true;
    if (part === "response") entry.hasResponse = true;
    const bundle = BUNDLE.exec(part);
    if (bundle) Object.assign(entry, { hasRequest: true, hasResponse: true, exchanges: Number(bundle[1]) });
    entries.set(id, entry);
  }
  const page = [...entries.values()];
  const last = page.at(-1);
  // The other half of the last entry may be on the next page: leave it whole for that one.
  if (listed.truncated && page.length > 1 && last && !last.hasResponse) page.pop();
  const shown = page.slice(0, limit);
  const isEnd = !listed.truncated && shown.length === page.length;
  return { entries: shown, cursor: isEnd ? null : (shown.at(-1)?.id ?? null) };
}

function write(bucket: R2Bucket, key: string, body: Uint8Array, facts: object): Promise<number> {
  return putJournalObject(bucket, key, [body, journalTrailer(facts)]);
}

async function writeAll(writable: WritableStream, pieces: readonly Uint8Array[]): Promise<void> {
  const writer = writable.getWriter();
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
}

async function readHalf<S extends z.ZodType>(
  bucket: R2Bucket,
  key: string,
  schema: S,
): Promise<ParsedPart<z.infer<S>> | null> {
  const object = await bucket.get(key);
  return object && parseJournalPart(key, new Uint8Array(await object.arrayBuffer()), schema);
}

/** A half out of its object. Throws JournalCorrupt, naming the key. */
export function parseJournalPart<S extends z.ZodType>(
  key: string,
  object: Uint8Array,
  schema: S,
): ParsedPart<z.infer<S>> {
  try {
    const { body, facts } = splitJournalObject(object);
    const whole = { recorded: "whole", bytes: body.length, sha256: null };
    const json = z.looseObject({}).parse(JSON.parse(new TextDecoder().decode(facts)));
    return { facts: schema.parse({ body: whole, ...json }), body };
  } catch (cause) {
    if (cause instanceof JournalCorrupt || cause instanceof SyntaxError || cause instanceof z.ZodError)
      throw new JournalCorrupt(`${key}: ${cause.message}`, { cause });
    throw cause;
  }
}
