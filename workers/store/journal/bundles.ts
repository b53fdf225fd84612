/**
 * Bundles: several small exchanges in one journal object, because a write costs per call, not per byte. workers/proxy writes
 * bundles, workers/ingest reads and clears them as a whole.
 *
 * A bundle has the journal's format: its body is the concatenated objects of its parts, its metadata lists their exchanges and
 * lengths. Its key `journal/<id>/exchanges-<n>` states the number of exchanges; the id is a UUIDv7 of its own.
 */
import { z } from "zod";
import { concat } from "../../domain/bytes.ts";
import {
  JournalCorrupt,
  journalKey,
  journalTrailer,
  parseJournalPart,
  putJournalObject,
  splitJournalObject,
  type JournalEntry,
  type JournalPart,
} from "./objects.ts";
import { RequestMetadata, ResponseMetadata } from "../../schemas/exchange.ts";

/** A part to bundle: a journal object in chunks. */
export interface BundlePart {
  id: string;
  part: JournalPart;
  chunks: readonly Uint8Array[];
}

/** An exchange read from a bundle. */
export interface BundledExchange {
  id: string;
  /** Its parts as journal objects. */
  objects: { part: JournalPart; bytes: Uint8Array }[];
  /** Parses the objects. Throws JournalCorrupt. */
  read: () => JournalEntry;
}

const BundleTrailer = z.looseObject({
  halves: z.array(
    z.looseObject({
      id: z.uuid(),
      part: z.enum(["request", "response"]),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});

/** The object name of a bundle. */
export const bundlePartName = (exchanges: number) => `exchanges-${exchanges}` as const;

/** The object of a bundle. */
export function journalBundle(id: string, parts: readonly BundlePart[]): Uint8Array {
  const contents = parts.map(({ id: of, part, chunks }) => ({
    id: of,
    part,
    bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  }));
  const trailer = journalTrailer({ v: 1, id, halves: contents });
  return concat([...parts.flatMap(({ chunks }) => chunks), trailer]);
}

/** Stores a bundle of `exchanges` exchanges; resolves with its size once R2 has it. */
export function writeJournalBundle(
  bucket: R2Bucket,
  id: string,
  exchanges: number,
  object: Uint8Array,
): Promise<number> {
  return putJournalObject(bucket, journalKey(id, bundlePartName(exchanges)), [object]);
}

/** The exchanges of a bundle; null where it does not exist. Throws JournalCorrupt where it cannot be read. */
export async function readJournalBundle(
  bucket: R2Bucket,
  id: string,
  exchanges: number,
): Promise<BundledExchange[] | null> {
  const key = journalKey(id, bundlePartName(exchanges));
  const object = await bucket.get(key);
  if (!object) return null;
  const { body, metadata } = splitJournalObject(new Uint8Array(await object.arrayBuffer()));
  let halves;
  try {
    ({ halves } = BundleTrailer.parse(JSON.parse(new TextDecoder().decode(metadata))));
  } catch (cause) {
    throw new JournalCorrupt(`${key}: ${String(cause)}`, { cause });
  }
  const bundled = new Map<string, BundledExchange["objects"]>();
  let offset = 0;
  for (const { id: of, part, bytes } of halves) {
    bundled.set(of, [...(bundled.get(of) ?? []), { part, bytes: body.subarray(offset, (offset += bytes)) }]);
  }
  if (offset !== body.length) throw new JournalCorrupt(`${key}: its parts do not have the stated lengths`);
  return [...bundled].map(([of, objects]) => ({ id: of, objects, read: () => entryOf(of, objects) }));
}

/** Stores an exchange of a bundle in objects of its own, so that the bundle can be cleared. */
export async function unbundle(bucket: R2Bucket, { id, objects }: BundledExchange): Promise<void> {
  for (const { part, bytes } of objects) await putJournalObject(bucket, journalKey(id, part), [bytes]);
}

function entryOf(id: string, objects: BundledExchange["objects"]): JournalEntry {
  const entry: JournalEntry = { request: null, response: null };
  for (const { part, bytes } of objects) {
    const key = journalKey(id, part);
    if (part === "request") entry.request = parseJournalPart(key, bytes, RequestMetadata);
    else entry.response = parseJournalPart(key, bytes, ResponseMetadata);
  }
  return entry;
}
