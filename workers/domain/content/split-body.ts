/**
 * Content addressing of request bodies, called by ingest (to store) and by readers (to rebuild).
 *
 * A conversation sends its whole history with every turn. To store each piece once, a body is taken apart on its text:
 * the elements of `messages`, `system` and `tools` become contents (normalised, content-cuts.ts) with a form (what
 * normalising took out, content-form.ts), and each list a chain of nodes, a node's hash covering its whole prefix as a
 * git commit's does. What is left is the skeleton: the body's own text with these lists emptied (`[]`; a plain `system`
 * string becomes `""`, so that model, limits and metadata can differ while the system prompt is stored once). It is
 * JSON itself, a kilobyte or so, and the same on every turn. Rebuilding finds the same three places in it and puts the
 * elements back; nothing is ever parsed and written anew, so a rebuild is exact for any formatting. It is checked
 * before a body is given out as "json".
 */
import { EXTRAS_MEMBER } from "../messages/content-blocks.ts";
import { concat } from "../bytes.ts";
import { type BodyScan, scanBody } from "./scan-body.ts";
import { type ListSpan } from "./types.ts";
import { LIST_NAMES, type ListName } from "./types.ts";
import { buildChain } from "./node-chain.ts";
import type { ChainElement } from "./types.ts";
import { type Removal, scanMessage } from "./normalize.ts";
import { type NormalizedElement, normalizeElement, restoreChunks } from "./overlay.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import { maskByName, maskSpans } from "./mask-secrets.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { holds } from "./json-scanner.ts";
import { sha256 } from "../sha256.ts";

export type { ChainElement } from "./types.ts";
export { restoreElement } from "./overlay.ts";

/** What a body is rebuilt from. */
export interface BodyParts {
  skeleton: Uint8Array;
  messages: readonly NormalizedElement[];
  system: readonly NormalizedElement[];
  tools: readonly NormalizedElement[];
}

/** A body as it is stored. All byte arrays may be views on one another: read only. */
export interface SplitBody extends BodyParts {
  /** "json": skeleton and nodes. "raw": JSON whose rebuild would differ. "bytes": not a JSON object, or not UTF-8. */
  kind: "json" | "raw" | "bytes";
  /** The body of the archive: as received, but for masked secrets. */
  bytes: Uint8Array;
  /** Of `bytes`. */
  sha256: Uint8Array;
  /** A secret was masked, so `bytes` differs from the wire there. */
  masked: boolean;
  /** Where kind is not "json": all of `bytes`, and the lists are empty. So every kind rebuilds in the same way. */
  skeleton: Uint8Array;
  skeletonSha256: Uint8Array;
  messages: ChainElement[];
  system: ChainElement[];
  tools: ChainElement[];
}

/**
 * Takes a request body apart. Never throws, whatever the bytes are. With a memory, what its lists begin with and that knows
 * is not looked at again, and what is behind that it knows from then on; what comes out is the same.
 */
export function splitBody(received: Uint8Array, memory?: PrefixCache): SplitBody {
  const scan = scanBody(received, memory);
  const bytes = scan ? maskSpans(received, scan.secrets) : maskByName(received);
  const address = sha256(bytes);
  const whole = { bytes, sha256: address, masked: bytes !== received };
  const uncut = { skeleton: bytes, skeletonSha256: address, messages: [], system: [], tools: [] };
  const current = scan && whole.masked ? scanBody(bytes, memory) : scan;
  if (!current) return { kind: "bytes", ...whole, ...uncut };
  const lists = {
    messages: buildChain(bytes, current.lists.messages, "messages"),
    system: buildChain(bytes, current.lists.system, "system"),
    tools: buildChain(bytes, current.lists.tools, "tools"),
  };
  const skeleton = emptied(bytes, current);
  if (!rebuildsTo(bytes, { skeleton, ...lists }, current)) return { kind: "raw", ...whole, ...uncut };
  if (memory)
    for (const name of LIST_NAMES) lists[name] = kept(memory, bytes, current.lists[name], name, lists[name]);
  return { kind: "json", ...whole, skeleton, skeletonSha256: sha256(skeleton), ...lists };
}

function kept(
  memory: PrefixCache,
  bytes: Uint8Array,
  list: ListSpan | null,
  name: ListName,
  elements: ChainElement[],
): ChainElement[] {
  if (!list || list.isString) return elements;
  const { prefix: recalled } = list;
  let from = recalled.end;
  const behind = list.elements.map(({ start, end }, n) => {
    const taken = { from, start, end, element: elements[recalled.elements.length + n]! };
    from = end;
    return taken;
  });
  return memory.store(name, recalled, bytes, behind);
}

/** The body to the byte, from the skeleton and the lists in order. Throws when these do not belong together. */
export function rebuildBody(parts: BodyParts): Uint8Array {
  return concat([...bodyPieces(parts)]);
}

/**
 * The content that an answer will most likely be when the client sends it back as history: an assistant message of
 * only role and content, written as JavaScript clients write JSON, normalised as in a body. What reading a stream noted
 * in its blocks (answer-blocks.ts) no client has ever seen, and is left out.
 */
export function assistantElement(message: { content: unknown }): { content: Uint8Array; sha256: Uint8Array } {
  const echoed = Array.isArray(message.content)
    ? message.content.map((block: unknown) => (isObject(block) ? withoutMarks(block) : block))
    : message.content;
  const bytes = new TextEncoder().encode(JSON.stringify({ role: "assistant", content: echoed }));
  const cuts: Removal[] = [];
  scanMessage(bytes, 0, cuts);
  const { content } = normalizeElement(bytes, {
    leadStart: 0,
    start: 0,
    end: bytes.length,
    isFirst: true,
    cuts,
  });
  return { content, sha256: sha256(content) };
}

function withoutMarks({ [EXTRAS_MEMBER]: _marks, ...block }: JsonObject): JsonObject {
  return block;
}

/** The skeleton: all but the elements and what separates them. */
function emptied(bytes: Uint8Array, scan: BodyScan): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { span } of inOrder(scan)) {
    const end = span.elements.at(-1)?.end ?? span.prefix.end;
    if (end === span.start) continue;
    pieces.push(bytes.subarray(at, span.start));
    if (span.isString) pieces.push(EMPTY_STRING);
    at = end;
  }
  pieces.push(bytes.subarray(at));
  return concat(pieces);
}
const EMPTY_STRING = new TextEncoder().encode('""');
const NOTHING = new Uint8Array(0);

/** `beginnings`: of each list the elements that need not be put together again, and what they are as sent. */
function* bodyPieces(
  parts: BodyParts,
  beginnings?: Record<ListName, { count: number; sent: Uint8Array }>,
): Generator<Uint8Array> {
  let at = 0;
  if (LIST_NAMES.some((name) => parts[name].length > 0)) {
    const scan = scanBody(parts.skeleton);
    for (const name of LIST_NAMES) {
      if (parts[name].length > 0 && !scan?.lists[name])
        throw new Error(`No place for ${name} in the skeleton`);
    }
    for (const { name, span } of scan ? inOrder(scan) : []) {
      if (parts[name].length === 0) continue;
      yield parts.skeleton.subarray(at, span.start);
      const { count, sent } = beginnings?.[name] ?? { count: 0, sent: NOTHING };
      yield sent;
      for (let i = count; i < parts[name].length; i++) yield* restoreChunks(parts[name][i]!, i === 0);
      at = span.isString ? span.start + EMPTY_STRING.length : span.start;
    }
  }
  yield parts.skeleton.subarray(at);
}

function inOrder(scan: BodyScan) {
  return LIST_NAMES.flatMap((name) => {
    const span = scan.lists[name];
    return span ? [{ name, span }] : [];
  }).sort((a, b) => a.span.start - b.span.start);
}

/** The check before anything is called "json". What cannot be rebuilt at all is a difference too: the body is kept raw. */
function rebuildsTo(bytes: Uint8Array, parts: BodyParts, { lists }: BodyScan): boolean {
  // What was recalled is there to the byte, and was checked when it came first.
  const recalled = (name: ListName) => {
    const list = lists[name];
    const sent = list ? bytes.subarray(list.start, list.prefix.end) : NOTHING;
    return { count: list?.prefix.elements.length ?? 0, sent };
  };
  try {
    const beginnings = {
      messages: recalled("messages"),
      system: recalled("system"),
      tools: recalled("tools"),
    };
    return isSame(bytes, bodyPieces(parts, beginnings));
  } catch {
    return false;
  }
}

/** Whether the pieces make up the bytes. A piece that is a view on its own place in them needs no look. */
function isSame(bytes: Uint8Array, pieces: Iterable<Uint8Array>): boolean {
  let at = 0;
  for (const piece of pieces) {
    const isItself = piece.buffer === bytes.buffer && piece.byteOffset === bytes.byteOffset + at;
    if (!isItself && !holds(bytes, at, piece)) return false;
    at += piece.length;
  }
  return at === bytes.length;
}
