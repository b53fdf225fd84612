/**
 * What bodies of late had in their lists, so that a list that begins alike need not be taken apart again: a conversation
 * sends its history with every turn, a client its tools. Made once per isolate by ingest and given to content.ts, which
 * comes to the same with it and without.
 *
 * A tree for each list: an element below its predecessor, known by its bytes as they were sent. Elements are handed out
 * again as the same objects, so what else is known of a whole history can be remembered by them (linking/linkable.ts).
 */
import { Buffer } from "node:buffer";
import type { ChainElement, ListName, CachedElement, CachedPrefix, PrefixTree } from "./types.ts";

/** An element behind what was recalled. `from`: where its predecessor ends, or behind the bracket; all in the body. */
export interface NewElement {
  from: number;
  start: number;
  end: number;
  element: ChainElement;
}

/** What elements cost beside their bytes: three hashes, objects, what linking adds. */
const ELEMENT_BYTES = 1_000;
/** An element is here as it was sent and as content, and its texts once more. */
const COPIES = 3;
/** Of one list: so many different first elements. Each is compared until one fits. */
const MAX_ROOTS = 128;
/** What was said next: turned branches, and the newest message with its cache marker. */
const MAX_NEXT = 4;

export class PrefixCache {
  readonly #maxBytes: number;
  /** The one used last comes first. */
  readonly #roots: PrefixTree[] = [];
  #bytes = 0;

  /** Remembers lists that take about so many bytes of memory, those asked for last. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How the list whose first element may begin at `start` (behind its bracket) begins. */
  lookup(list: ListName, bytes: Uint8Array, start: number): CachedPrefix {
    const buffer = (Buffer as BufferConstructor).from(bytes.buffer, bytes.byteOffset, bytes.length);
    const elements: ChainElement[] = [];
    let place = this.#firstOf(list, buffer, start);
    let end = start;
    for (let found = place; found; found = foundIn(found.successors, buffer, end)) {
      place = found;
      elements.push(found.element);
      end += found.sentBytes.length;
    }
    return { elements, end, node: place };
  }

  /**
   * Remembers a list, of which `recalled` is the beginning; `behind` it are these elements of `bytes`. Answers all elements,
   * in memory of their own; what is too large is left as it is.
   */
  store(
    list: ListName,
    recalled: CachedPrefix,
    bytes: Uint8Array,
    behind: readonly NewElement[],
  ): ChainElement[] {
    const all = [...recalled.elements];
    const cost = behind.reduce((sum, { from, end }) => sum + costOf(end - from), 0);
    if (cost > this.#maxBytes / 4) return [...all, ...behind.map(({ element }) => element)];
    let { node: place } = recalled;
    for (const taken of behind) {
      place = this.#add(list, place, bytes, taken);
      all.push(place.element);
    }
    if (place) this.#touch(place.tree);
    return all;
  }

  #firstOf(list: ListName, bytes: Buffer, start: number): CachedElement | null {
    for (const root of this.#roots)
      if (root.list === list && root.first && isAt(bytes, start, root.first.sentBytes)) return root.first;
    return null;
  }

  #add(
    list: ListName,
    after: CachedElement | null,
    bytes: Uint8Array,
    { from, start, end, element }: NewElement,
  ): CachedElement {
    const root = after?.tree ?? { list, first: null, bytes: 0 };
    const sent = bytes.slice(from, end);
    // Where nothing was cut out, the content is a view on the body.
    const isWhole = element.content.length === end - start;
    const content = isWhole ? sent.subarray(start - from) : element.content;
    const place: CachedElement = {
      element: { ...element, content },
      sentBytes: sent,
      successors: [],
      tree: root,
    };
    if (after) {
      after.successors.unshift(place);
      // Still counted: the root is forgotten a little earlier.
      if (after.successors.length > MAX_NEXT) after.successors.pop();
    } else {
      root.first = place;
    }
    root.bytes += costOf(sent.length);
    this.#bytes += costOf(sent.length);
    return place;
  }

  /** Puts a root first, and forgets those used longest ago where there are too many or too much in them. */
  #touch(root: PrefixTree): void {
    const at = this.#roots.indexOf(root);
    if (at >= 0) this.#roots.splice(at, 1);
    this.#roots.unshift(root);
    while (this.#roots.length > MAX_ROOTS || (this.#bytes > this.#maxBytes && this.#roots.length > 0))
      this.#bytes -= this.#roots.pop()!.bytes;
  }
}

function costOf(sentBytes: number): number {
  return COPIES * sentBytes + ELEMENT_BYTES;
}

function foundIn(places: readonly CachedElement[], bytes: Buffer, start: number): CachedElement | null {
  return places.find(({ sentBytes: sent }) => isAt(bytes, start, sent)) ?? null;
}

/** Whether exactly this element is there: a number could go on. */
function isAt(bytes: Buffer, start: number, sent: Uint8Array): boolean {
  const end = start + sent.length;
  if (end >= bytes.length || !ENDS.has(bytes[end]!)) return false;
  return bytes.compare(sent, 0, sent.length, start, end) === 0;
}

const ENDS: ReadonlySet<number> = new Set(new TextEncoder().encode(",] \t\r\n"));
