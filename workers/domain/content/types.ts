/** The shapes that the content modules share. */
import type { Removal } from "./normalize.ts";
import type { NormalizedElement } from "./overlay.ts";

export const LIST_NAMES = ["messages", "system", "tools"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** One element of a list after its predecessors. */
export interface ChainElement extends NormalizedElement {
  contentSha256: Uint8Array;
  /** Address of the node: SHA-256 over the list's name, the predecessor's hash, the content's hash and the form. */
  hash: Uint8Array;
}

/** The beginning of a list that was seen before. */
export interface CachedPrefix {
  /** In order; none of it: empty. */
  elements: readonly ChainElement[];
  /** The position behind the last of them. */
  end: number;
  /** Where in the memory that is. */
  node: CachedElement | null;
}

/** An element in the memory. */
export interface CachedElement {
  element: ChainElement;
  /** As sent, with what stood between it and its predecessor. */
  sentBytes: Uint8Array;
  successors: CachedElement[];
  tree: PrefixTree;
}

/** All lists that have their first element in common. */
export interface PrefixTree {
  list: ListName;
  first: CachedElement | null;
  bytes: number;
}

export interface ElementSpan {
  start: number;
  end: number;
  removals: Removal[];
}

/**
 * A list found: for an array `start` is behind its bracket; a plain string (only `system`) is its own one element. The
 * elements are those behind `recalled`.
 */
export interface ListSpan {
  isString: boolean;
  start: number;
  prefix: CachedPrefix;
  elements: ElementSpan[];
}
