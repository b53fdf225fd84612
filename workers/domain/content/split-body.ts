/**
 * Content addressing of request bodies, called by ingest (to store) and by readers (to rebuild).
 *
 * A conversation sends its whole history with every turn. To store each element once, a body is split on its text: the elements
 * of `messages`, `system` and `tools` become contents (normalize.ts) with an overlay of what normalising removed (overlay.ts),
 * and each list a chain of nodes whose hashes cover their whole prefix, as those of git commits do. The rest is the skeleton:
 * the body's text with these lists emptied (`[]`; a plain `system` string becomes `""`, so that model, limits and metadata can
 * differ while the system prompt is stored once). It is JSON of about 1 KB, equal on every turn. Rebuilding finds the three
 * lists in it and inserts the elements. Nothing is parsed and serialised again, so a rebuild is exact for any formatting; it is
 * verified before a body is returned as "json".
 */
import { EXTRAS_MEMBER } from "../messages/content-blocks.ts";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { concat } from "../bytes.ts";
import { finish, type Steps } from "../steps.ts";
import { type BodyScan, scanBody } from "./scan-body.ts";
import { buildChain } from "./node-chain.ts";
import { type ChainElement, LIST_NAMES, type ListName, type ListSpan } from "./types.ts";
import { type Removal, scanMessage } from "./normalize.ts";
import { type NormalizedElement, normalizeElement, restoreChunks } from "./overlay.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import { maskLenient } from "./mask-secrets.ts";
import { noFindings, replaceParts } from "./replacements.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { matchesAt } from "./json-scanner.ts";
import { sha256 } from "../sha256.ts";

export type { ChainElement } from "./types.ts";
export { restoreElement } from "./overlay.ts";

/** The parts a body is rebuilt from. */
export interface BodyParts {
  skeleton: Uint8Array;
  messages: readonly NormalizedElement[];
  system: readonly NormalizedElement[];
  tools: readonly NormalizedElement[];
}

/** A body as it is stored. Byte arrays may be views on one another: read only. */
export interface SplitBody extends BodyParts {
  /** "json": skeleton and nodes. "raw": JSON whose rebuild would differ. "bytes": not a JSON object, or one with too many secrets. */
  kind: "json" | "raw" | "bytes";
  /** The archived body: as received, with secrets masked. */
  bytes: Uint8Array;
  /** Of `bytes`. */
  sha256: Uint8Array;
  /** A secret was masked, so `bytes` differs from the received bytes. */
  masked: boolean;
  /** For other kinds than "json": all of `bytes`, with empty lists, so that every kind rebuilds in the same way. */
  skeleton: Uint8Array;
  skeletonSha256: Uint8Array;
  messages: ChainElement[];
  system: ChainElement[];
  tools: ChainElement[];
}

/**
 * Splits a request body. Never throws, whatever the bytes are. A cache spares splitting known list prefixes again and stores the
 * new ones; the result is the same without it.
 */
export function* splitInSteps(received: Uint8Array, cache?: PrefixCache): Steps<SplitBody> {
  const isLarge = received.length > STEP_BYTES;
  const secrets = noFindings();
  const scan = yield* scanBody(received, { cache, secrets });
  if (isLarge) yield;
  if (!scan || secrets.costLeft < 0) return yield* unsplitInSteps(received);
  const bytes = replaceParts(received, secrets.parts);
  const archived = { bytes, sha256: sha256(bytes), masked: bytes !== received };
  if (isLarge) yield;
  const current = archived.masked ? yield* scanBody(bytes, { cache }) : scan;
  if (!current) return { kind: "bytes", ...archived, ...unsplit(archived) };
  const lists = {
    messages: yield* buildChain(bytes, current.messages, "messages"),
    system: yield* buildChain(bytes, current.system, "system"),
    tools: yield* buildChain(bytes, current.tools, "tools"),
  };
  if (isLarge) yield;
  const skeleton = skeletonOf(bytes, current);
  const parts = { skeleton, ...lists };
  if (!rebuildsTo(bytes, parts, current, yield* scanSkeleton(parts)))
    return { kind: "raw", ...archived, ...unsplit(archived) };
  if (cache)
    for (const name of LIST_NAMES) lists[name] = cacheList(cache, bytes, current[name], name, lists[name]);
  if (isLarge) yield;
  return { kind: "json", ...archived, skeleton, skeletonSha256: sha256(skeleton), ...lists };
}

/** `splitInSteps` at once. */
export const splitBody = (received: Uint8Array, cache?: PrefixCache): SplitBody =>
  finish(splitInSteps(received, cache));

/** A body that is kept as a whole, whatever it is; secrets are masked by their names. */
export function* unsplitInSteps(received: Uint8Array): Steps<SplitBody> {
  const bytes = yield* maskLenient(received);
  const archived = { bytes, sha256: sha256(bytes), masked: bytes !== received };
  return { kind: "bytes", ...archived, ...unsplit(archived) };
}

function unsplit({ bytes, sha256: address }: Pick<SplitBody, "bytes" | "sha256">) {
  return { skeleton: bytes, skeletonSha256: address, messages: [], system: [], tools: [] };
}

function cacheList(
  cache: PrefixCache,
  bytes: Uint8Array,
  list: ListSpan | null,
  name: ListName,
  elements: ChainElement[],
): ChainElement[] {
  if (!list || list.isString) return elements;
  const { prefix } = list;
  let leadStart = prefix.end;
  const added = list.elements.map(({ start, end }, n) => {
    const newElement = { leadStart, start, end, element: elements[prefix.elements.length + n]! };
    leadStart = end;
    return newElement;
  });
  return cache.store(name, prefix, bytes, added);
}

/** The original body from its skeleton and lists. Throws where these do not belong together. */
export function rebuildBody(parts: BodyParts): Uint8Array {
  return concat([...bodyChunks(parts, finish(scanSkeleton(parts)))]);
}

/** Null where no list has elements, or the skeleton is no JSON object. */
function* scanSkeleton(parts: BodyParts): Steps<BodyScan | null> {
  return LIST_NAMES.some((name) => parts[name].length > 0) ? yield* scanBody(parts.skeleton) : null;
}

/**
 * The content that a response most likely has when the client sends it back as history: an assistant message of only role and
 * content, serialised as JavaScript clients do, normalised as in a body. The member that reading a stream adds to blocks
 * (messages/content-blocks.ts) is left out: clients never receive it.
 */
export function assistantElement(message: { content: unknown }): { content: Uint8Array; sha256: Uint8Array } {
  const echoed = Array.isArray(message.content)
    ? message.content.map((block: unknown) => (isObject(block) ? withoutExtras(block) : block))
    : message.content;
  const bytes = new TextEncoder().encode(JSON.stringify({ role: "assistant", content: echoed }));
  const removals: Removal[] = [];
  scanMessage(bytes, 0, removals);
  const { content } = normalizeElement(bytes, {
    leadStart: 0,
    start: 0,
    end: bytes.length,
    isFirst: true,
    removals,
  });
  return { content, sha256: sha256(content) };
}

function withoutExtras({ [EXTRAS_MEMBER]: _extras, ...block }: JsonObject): JsonObject {
  return block;
}

/** The skeleton: the body without its elements and their separators. */
function skeletonOf(bytes: Uint8Array, scan: BodyScan): Uint8Array {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const { span } of listsInOrder(scan)) {
    const end = span.elements.at(-1)?.end ?? span.prefix.end;
    if (end === span.start) continue;
    chunks.push(bytes.subarray(at, span.start));
    if (span.isString) chunks.push(EMPTY_STRING);
    at = end;
  }
  chunks.push(bytes.subarray(at));
  return concat(chunks);
}
const EMPTY_STRING = new TextEncoder().encode('""');
const NO_BYTES = new Uint8Array(0);

/** `scan`: of the skeleton. `cachedPrefixes`: per list the number of its first elements whose bytes as sent are given, not restored. */
function* bodyChunks(
  parts: BodyParts,
  scan: BodyScan | null,
  cachedPrefixes?: Record<ListName, { count: number; sentBytes: Uint8Array }>,
): Generator<Uint8Array> {
  let at = 0;
  if (LIST_NAMES.some((name) => parts[name].length > 0)) {
    for (const name of LIST_NAMES) {
      if (parts[name].length > 0 && !scan?.[name]) throw new Error(`The skeleton has no list ${name}`);
    }
    for (const { name, span } of scan ? listsInOrder(scan) : []) {
      if (parts[name].length === 0) continue;
      yield parts.skeleton.subarray(at, span.start);
      const { count, sentBytes } = cachedPrefixes?.[name] ?? { count: 0, sentBytes: NO_BYTES };
      yield sentBytes;
      for (let i = count; i < parts[name].length; i++) yield* restoreChunks(parts[name][i]!, i === 0);
      at = span.isString ? span.start + EMPTY_STRING.length : span.start;
    }
  }
  yield parts.skeleton.subarray(at);
}

function listsInOrder(scan: BodyScan) {
  return LIST_NAMES.flatMap((name) => {
    const span = scan[name];
    return span ? [{ name, span }] : [];
  }).sort((a, b) => a.span.start - b.span.start);
}

/** Verifies the rebuild. A body that cannot be rebuilt differs too, and is kept raw. */
function rebuildsTo(
  bytes: Uint8Array,
  parts: BodyParts,
  lists: BodyScan,
  skeletonScan: BodyScan | null,
): boolean {
  // A cached prefix equals the body's bytes, and was verified when it was stored.
  const cachedPart = (name: ListName) => {
    const list = lists[name];
    const sentBytes = list ? bytes.subarray(list.start, list.prefix.end) : NO_BYTES;
    return { count: list?.prefix.elements.length ?? 0, sentBytes };
  };
  try {
    const cachedPrefixes = {
      messages: cachedPart("messages"),
      system: cachedPart("system"),
      tools: cachedPart("tools"),
    };
    return isSameBytes(bytes, bodyChunks(parts, skeletonScan, cachedPrefixes));
  } catch {
    return false;
  }
}

/** True where the chunks add up to the bytes. A chunk that is a view on its own position is not compared. */
function isSameBytes(bytes: Uint8Array, chunks: Iterable<Uint8Array>): boolean {
  let at = 0;
  for (const chunk of chunks) {
    const isSameView = chunk.buffer === bytes.buffer && chunk.byteOffset === bytes.byteOffset + at;
    if (!isSameView && !matchesAt(bytes, at, chunk)) return false;
    at += chunk.length;
  }
  return at === bytes.length;
}
