/**
 * A cache of the list prefixes of recent bodies, so that a known prefix is not split again: a conversation sends its history with
 * every turn, a client its tools. Created once per isolate by ingest; splitBody returns the same with and without it.
 *
 * A tree per list: each element below its predecessor, keyed by its bytes as sent. A look-up returns the same element objects
 * again, so other caches can be keyed by them (linking/evidence/linkable-request.ts).
 */
import { Buffer } from "node:buffer";
import type { ChainElement, ListName, CachedElement, CachedPrefix, PrefixTree } from "./types.ts";

/** An element after the cached prefix, by positions in the body. `leadStart`: the end of its predecessor or of the bracket. */
export interface NewElement {
  leadStart: number;
  start: number;
  end: number;
  element: ChainElement;
}

/** Memory of an element beside its bytes: three hashes, objects, the normalised message of linking. */
const ELEMENT_OVERHEAD_BYTES = 1_000;
/** An element is held as sent and as content, and its texts a third time for linking. */
const COPIES_PER_ELEMENT = 3;
/** First elements over all lists. A look-up compares them one by one. */
const MAX_TREES = 128;
/** Successors of an element: branches of a conversation, and the newest message with its cache marker. */
const MAX_SUCCESSORS = 4;

export class PrefixCache {
  readonly #maxBytes: number;
  /** The most recently used first. */
  readonly #trees: PrefixTree[] = [];
  #bytes = 0;

  /** Keeps the most recently used lists, in about `maxBytes` of memory. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The longest cached prefix of the list whose first element may begin at `start` (after its bracket). */
  lookup(list: ListName, bytes: Uint8Array, start: number): CachedPrefix {
    const buffer = (Buffer as BufferConstructor).from(bytes.buffer, bytes.byteOffset, bytes.length);
    const elements: ChainElement[] = [];
    let node = this.#findFirst(list, buffer, start);
    let end = start;
    for (let found = node; found; found = findAmong(found.successors, buffer, end)) {
      node = found;
      elements.push(found.element);
      end += found.sentBytes.length;
    }
    return { elements, end, node };
  }

  /**
   * Stores a list of `bytes`: the cached `prefix` and the elements `added` after it. Returns all elements, copied out of `bytes`;
   * a list that would take over a quarter of the cache is returned uncopied and not stored.
   */
  store(
    list: ListName,
    prefix: CachedPrefix,
    bytes: Uint8Array,
    added: readonly NewElement[],
  ): ChainElement[] {
    const all = [...prefix.elements];
    const cost = added.reduce((sum, { leadStart, end }) => sum + costOf(end - leadStart), 0);
    if (cost > this.#maxBytes / 4) return [...all, ...added.map(({ element }) => element)];
    let { node } = prefix;
    // The body was split in steps: its prefix may have been evicted since the look-up.
    const isCounted = node !== null && this.#trees.includes(node.tree);
    for (const element of added) {
      node = this.#add(list, node, bytes, element);
      all.push(node.element);
    }
    if (node) {
      this.#bytes += isCounted ? cost : node.tree.bytes;
      this.#markUsed(node.tree);
    }
    return all;
  }

  #findFirst(list: ListName, bytes: Buffer, start: number): CachedElement | null {
    for (const tree of this.#trees)
      if (tree.list === list && tree.first && isElementAt(bytes, start, tree.first.sentBytes))
        return tree.first;
    return null;
  }

  #add(
    list: ListName,
    predecessor: CachedElement | null,
    bytes: Uint8Array,
    { leadStart, start, end, element }: NewElement,
  ): CachedElement {
    const tree = predecessor?.tree ?? { list, first: null, bytes: 0 };
    const sentBytes = bytes.slice(leadStart, end);
    // Without removals the content is a view on the body.
    const isWhole = element.content.length === end - start;
    const content = isWhole ? sentBytes.subarray(start - leadStart) : element.content;
    const node: CachedElement = {
      element: { ...element, content },
      sentBytes,
      successors: [],
      tree,
    };
    if (predecessor) {
      predecessor.successors.unshift(node);
      // Its bytes stay counted: the tree is evicted a little earlier.
      if (predecessor.successors.length > MAX_SUCCESSORS) predecessor.successors.pop();
    } else {
      tree.first = node;
    }
    tree.bytes += costOf(sentBytes.length);
    return node;
  }

  /** Moves a tree to the front and evicts the least recently used ones beyond the limits. */
  #markUsed(tree: PrefixTree): void {
    const at = this.#trees.indexOf(tree);
    if (at >= 0) this.#trees.splice(at, 1);
    this.#trees.unshift(tree);
    while (this.#trees.length > MAX_TREES || (this.#bytes > this.#maxBytes && this.#trees.length > 0))
      this.#bytes -= this.#trees.pop()!.bytes;
  }
}

function costOf(sentBytes: number): number {
  return COPIES_PER_ELEMENT * sentBytes + ELEMENT_OVERHEAD_BYTES;
}

function findAmong(candidates: readonly CachedElement[], bytes: Buffer, start: number): CachedElement | null {
  return candidates.find(({ sentBytes }) => isElementAt(bytes, start, sentBytes)) ?? null;
}

/** True where exactly this element is at `start`: a number must not continue after it. */
function isElementAt(bytes: Buffer, start: number, sentBytes: Uint8Array): boolean {
  const end = start + sentBytes.length;
  if (end >= bytes.length || !ELEMENT_TERMINATORS.has(bytes[end]!)) return false;
  return bytes.compare(sentBytes, 0, sentBytes.length, start, end) === 0;
}

const ELEMENT_TERMINATORS: ReadonlySet<number> = new Set(new TextEncoder().encode(",] \t\r\n"));
