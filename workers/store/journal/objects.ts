/**
 * The journal: copies of both bodies of an exchange with their metadata, in R2 until they are stored in Postgres. workers/proxy
 * writes, workers/ingest reads and clears, the cron sweep lists.
 *
 * Keys are `journal/<id>/request` and `journal/<id>/response`; ids are UUIDv7, so listings are in order of time. (Small exchanges
 * share an object: see bundles.ts.) An object is the body, the metadata as JSON, the metadata's length and a magic number:
 * metadata known only at the end (outcome, duration) can follow the body in one stream, and one `put` stores body and metadata
 * together.
 */
import { z } from "zod";
import { concat } from "../../domain/bytes.ts";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { nextTurn } from "../../runtime/next-turn.ts";
import { RequestMetadata, ResponseMetadata } from "../../schemas/exchange.ts";

/** Metadata whose `body` may be left out, which states that the body is whole. */
export type DraftMetadata<F extends { body: unknown }> = {
  // Omit would lose the known names of a type with an index signature.
  [K in keyof F as K extends "body" ? never : K]: F[K];
} & { body?: F["body"] };

/** The request or the response of an exchange, read from its object. */
export interface ParsedPart<F> {
  metadata: F;
  body: Uint8Array;
}

export interface JournalEntry {
  request: ParsedPart<RequestMetadata> | null;
  response: ParsedPart<ResponseMetadata> | null;
}

/** An entry in a listing. */
export interface JournalListing {
  id: string;
  /** Epoch milliseconds of the newest object of the entry. */
  uploadedAt: number;
  hasRequest: boolean;
  hasResponse: boolean;
  /** Size of all its objects. */
  bytes: number;
  /** The number of exchanges in a bundle, which are complete. */
  exchanges?: number;
}

const KEY_PREFIX = "journal/";
const BUNDLE_PART = /^exchanges-(\d+)$/;
/** "NXJ1", little-endian, at the very end of each object. */
const MAGIC = 0x314a584e;
/** Length of the metadata (u32) and the magic number (u32). */
const FOOTER_BYTES = 8;
/** Up to 4 MiB an object is put from one buffer, which is faster; larger ones are streamed. */
const MAX_BUFFERED_BYTES = 4_194_304;
/** R2 lists at most this many keys at once. /r2/api/workers/workers-api-reference/#r2listoptions */
const MAX_LIST_KEYS = 1_000;
/** R2 deletes at most this many keys at once. */
const MAX_DELETED_KEYS = 1_000;

export type JournalPart = "request" | "response";
/** The name of an object of an entry; a bundle (see bundles.ts) is an entry of its own. */
export type JournalObject = JournalPart | `exchanges-${number}`;
export const journalKey = (id: string, part: JournalObject) => `${KEY_PREFIX}${id}/${part}`;

const encoder = new TextEncoder();
const FOOTER_SPACE = " ".repeat(FOOTER_BYTES);

/** The bytes after the body in a journal object. */
export function journalTrailer(metadata: object): Uint8Array {
  const trailer = encoder.encode(JSON.stringify(metadata) + FOOTER_SPACE);
  const length = trailer.length - FOOTER_BYTES;
  const footer = new DataView(trailer.buffer, trailer.byteOffset + length);
  footer.setUint32(0, length, true);
  footer.setUint32(4, MAGIC, true);
  return trailer;
}

/**
 * Splits an object into body and unparsed metadata, without copying. Also accepts the end of an object that holds all of the
 * metadata. Throws JournalCorrupt without a valid footer.
 */
export function splitJournalObject(object: Uint8Array): {
  body: Uint8Array;
  metadata: Uint8Array;
  trailerBytes: number;
} {
  const end = object.length - FOOTER_BYTES;
  if (end < 0) throw new JournalCorrupt("shorter than its footer");
  const footer = new DataView(object.buffer, object.byteOffset + end, FOOTER_BYTES);
  const start = end - footer.getUint32(0, true);
  if (footer.getUint32(4, true) !== MAGIC || start < 0) throw new JournalCorrupt("no footer at its end");
  return {
    body: object.subarray(0, start),
    metadata: object.subarray(start, end),
    trailerBytes: object.length - start,
  };
}

/** Thrown for an object that is truncated or not in the journal's format. */
export class JournalCorrupt extends Error {
  override readonly name = "JournalCorrupt";
}

/** Stores the request's object; resolves with its size once R2 has it. */
export function writeJournalRequest(
  bucket: R2Bucket,
  metadata: DraftMetadata<RequestMetadata>,
  body: Uint8Array,
): Promise<number> {
  return write(bucket, journalKey(metadata.id, "request"), body, metadata);
}

/** Stores the response's object; resolves with its size once R2 has it. */
export function writeJournalResponse(
  bucket: R2Bucket,
  metadata: DraftMetadata<ResponseMetadata>,
  body: Uint8Array,
): Promise<number> {
  return write(bucket, journalKey(metadata.id, "response"), body, metadata);
}

/** Stores metadata without bodies, for parts that have no object yet. */
export async function writeJournalMetadata(
  bucket: R2Bucket,
  { request, response }: { request: RequestMetadata | null; response: ResponseMetadata | null },
): Promise<void> {
  const isStored = async ({ id }: { id: string }, part: JournalPart) =>
    (await bucket.head(journalKey(id, part))) !== null;
  const noBody = new Uint8Array(0);
  if (request && !(await isStored(request, "request"))) await writeJournalRequest(bucket, request, noBody);
  if (response && !(await isStored(response, "response")))
    await writeJournalResponse(bucket, response, noBody);
}

/** Joins the chunks of an object that is put from one buffer, so that each attempt puts the same; others stay as they are. */
export function joinSmallObject(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  return bytesOf(chunks) <= MAX_BUFFERED_BYTES ? [concat(chunks)] : chunks;
}

/** Stores an object given in chunks, of which the last ends with a trailer. Resolves with its size. */
export async function putJournalObject(
  bucket: R2Bucket,
  key: string,
  chunks: readonly Uint8Array[],
): Promise<number> {
  const bytes = bytesOf(chunks);
  if (bytes <= MAX_BUFFERED_BYTES) {
    await bucket.put(key, concat(chunks));
    return bytes;
  }
  // An isolate of 128 MB cannot hold a large body twice.
  const { readable, writable } = new FixedLengthStream(bytes);
  const written = writeAll(writable, chunks);
  await Promise.all([bucket.put(key, readable), written]);
  return bytes;
}

/** Reads the stored parts of an entry. Throws JournalCorrupt, with the key, where one cannot be read. */
export async function readJournal(bucket: R2Bucket, id: string): Promise<JournalEntry> {
  const [request, response] = await Promise.all([
    readPart(bucket, journalKey(id, "request"), RequestMetadata),
    readPart(bucket, journalKey(id, "response"), ResponseMetadata),
  ]);
  return { request, response };
}

/** Deletes these objects; missing ones are ignored. */
export async function clearJournal(
  bucket: R2Bucket,
  entries: readonly { id: string; parts: readonly JournalObject[] }[],
): Promise<void> {
  const keys = entries.flatMap(({ id, parts }) => parts.map((part) => journalKey(id, part)));
  for (let at = 0; at < keys.length; at += MAX_DELETED_KEYS)
    await bucket.delete(keys.slice(at, at + MAX_DELETED_KEYS));
}

/**
 * Lists entries in order of id, which is order of time, after the id `startAfter`. `cursor` is the id to continue after, null at
 * the end of the listing. A page may be shorter than `limit` (at most 500) and never splits an entry.
 */
export async function listJournal(
  bucket: R2Bucket,
  { startAfter, limit }: { startAfter?: string; limit: number },
): Promise<{ entries: JournalListing[]; cursor: string | null }> {
  const keys = Math.min(2 * limit, MAX_LIST_KEYS);
  const listed = await bucket.list({
    prefix: KEY_PREFIX,
    limit: keys,
    // "0" is the character after "/": after all keys of that entry, before the next entry.
    ...(startAfter === undefined ? {} : { startAfter: `${KEY_PREFIX}${startAfter}0` }),
  });
  const entries = new Map<string, JournalListing>();
  for (const object of listed.objects) {
    const [id = "", part = ""] = object.key.slice(KEY_PREFIX.length).split("/");
    const entry = entries.get(id) ?? { id, uploadedAt: 0, hasRequest: false, hasResponse: false, bytes: 0 };
    entry.uploadedAt = Math.max(entry.uploadedAt, object.uploaded.getTime());
    entry.bytes += object.size;
    if (part === "request") entry.hasRequest = true;
    if (part === "response") entry.hasResponse = true;
    const bundle = BUNDLE_PART.exec(part);
    if (bundle) Object.assign(entry, { hasRequest: true, hasResponse: true, exchanges: Number(bundle[1]) });
    entries.set(id, entry);
  }
  const page = [...entries.values()];
  const last = page.at(-1);
  // The response of the last entry may be on the next page: the entry is left to that page.
  if (listed.truncated && page.length > 1 && last && !last.hasResponse) page.pop();
  const shown = page.slice(0, limit);
  const isEnd = !listed.truncated && shown.length === page.length;
  return { entries: shown, cursor: isEnd ? null : (shown.at(-1)?.id ?? null) };
}

const bytesOf = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

function write(bucket: R2Bucket, key: string, body: Uint8Array, metadata: object): Promise<number> {
  return putJournalObject(bucket, key, [body, journalTrailer(metadata)]);
}

async function writeAll(writable: WritableStream, chunks: readonly Uint8Array[]): Promise<void> {
  const writer = writable.getWriter();
  let stepBytesLeft = STEP_BYTES;
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += STEP_BYTES) {
      const piece = chunk.subarray(at, at + STEP_BYTES);
      await writer.write(piece);
      stepBytesLeft -= piece.length;
      if (stepBytesLeft > 0) continue;
      // The local stack's R2 shares the thread and takes all that is ready before the next request: 30 MB stalled it for 400 ms.
      await nextTurn();
      stepBytesLeft = STEP_BYTES;
    }
  await writer.close();
}

async function readPart<S extends z.ZodType>(
  bucket: R2Bucket,
  key: string,
  schema: S,
): Promise<ParsedPart<z.infer<S>> | null> {
  const object = await bucket.get(key);
  return object && parseJournalPart(key, new Uint8Array(await object.arrayBuffer()), schema);
}

/** Parses a part's object. Throws JournalCorrupt, with the key. */
export function parseJournalPart<S extends z.ZodType>(
  key: string,
  object: Uint8Array,
  schema: S,
): ParsedPart<z.infer<S>> {
  try {
    const { body, metadata } = splitJournalObject(object);
    const whole = { recorded: "whole", bytes: body.length, sha256: null };
    const json = z.looseObject({}).parse(JSON.parse(new TextDecoder().decode(metadata)));
    return { metadata: schema.parse({ body: whole, ...json }), body };
  } catch (cause) {
    if (cause instanceof JournalCorrupt || cause instanceof SyntaxError || cause instanceof z.ZodError)
      throw new JournalCorrupt(`${key}: ${cause.message}`, { cause });
    throw cause;
  }
}
