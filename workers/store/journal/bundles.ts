/**
 * Bundles: several small exchanges in one object of the journal, because what a write costs is the call and not the bytes.
 * workers/proxy writes them, workers/ingest takes them apart and clears them as a whole.
 *
 * A bundle is an object of the journal's format: its body is the halves as they would be alone, one behind the other, its facts
 * say whose they are and how long. The key `journal/<id>/exchanges-<n>` tells a listing how many exchanges are in it; the id is a
 * UUIDv7 of its own.
 */
import { z } from "zod";
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

/** A half on its way into a bundle: an object of the journal, in pieces. */
export interface BundlePart {
  id: string;
  part: JournalPart;
  pieces: readonly Uint8Array[];
}

/** An exchange out of a bundle. */
export interface BundledExchange {
  id: string;
  /** Its halves as objects of the journal. */
  objects: { part: JournalPart; bytes: Uint8Array }[];
  /** The same, read. Throws JournalCorrupt. */
  read: () => JournalEntry;
}

const Contents = z.looseObject({
  halves: z.array(
    z.looseObject({
      id: z.uuid(),
      part: z.enum(["request", "response"]),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});

/** What a bundle is called among the parts of an entry. */
export const bundlePartName = (exchanges: number) => `exchanges-${exchanges}` as const;

/** Stores a bundle of so many exchanges; resolves with its size once R2 has it. */
export function writeJournalBundle(
  bucket: R2Bucket,
  id: string,
  exchanges: number,
  halves: readonly BundlePart[],
): Promise<number> {
  const contents = halves.map(({ id: of, part, pieces }) => ({
    id: of,
    part,
    bytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
  }));
  const trailer = journalTrailer({ v: 1, id, halves: contents });
  return putJournalObject(bucket, journalKey(id, bundlePartName(exchanges)), [
    ...halves.flatMap(({ pieces }) => pieces),
    trailer,
  ]);
}

/** The exchanges of a bundle; null when it is not there (any more). Throws JournalCorrupt when it cannot be read. */
export async function readJournalBundle(
  bucket: R2Bucket,
  id: string,
  exchanges: number,
): Promise<BundledExchange[] | null> {
  const key = journalKey(id, bundlePartName(exchanges));
  const object = await bucket.get(key);
  if (!object) return null;
  const { body, facts } = splitJournalObject(new Uint8Array(await object.arrayBuffer()));
  let halves;
  try {
    ({ halves } = Contents.parse(JSON.parse(new TextDecoder().decode(facts))));
  } catch (cause) {
    throw new JournalCorrupt(`${key}: ${String(cause)}`, { cause });
  }
  const bundled = new Map<string, BundledExchange["objects"]>();
  let offset = 0;
  for (const { id: of, part, bytes } of halves) {
    bundled.set(of, [...(bundled.get(of) ?? []), { part, bytes: body.subarray(offset, (offset += bytes)) }]);
  }
  if (offset !== body.length) throw new JournalCorrupt(`${key}: its halves are not as long as it says`);
  return [...bundled].map(([of, objects]) => ({ id: of, objects, read: () => entryOf(of, objects) }));
}

/** Stores an exchange of a bundle by itself, so that the bundle can go without it. */
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
