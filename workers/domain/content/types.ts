/** Types shared by the content modules. */
import type { Removal } from "./normalize.ts";
import type { NormalizedElement } from "./overlay.ts";

export const LIST_NAMES = ["messages", "system", "tools"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** An element of a list with its address after its predecessors. */
export interface ChainElement extends NormalizedElement {
  contentSha256: Uint8Array;
  /** Address of the node: SHA-256 over the list's name, the predecessor's hash, the content's hash and the overlay. */
  hash: Uint8Array;
}

/** The first elements of a list, found in the cache. */
export interface CachedPrefix {
  /** In order; empty where nothing was found. */
  elements: readonly ChainElement[];
  /** The position after the last of them. */
  end: number;
  /** The last of them in the cache. */
  node: CachedElement | null;
}

/** An element in the prefix cache. */
export interface CachedElement {
  element: ChainElement;
  /** As sent, with the bytes after its predecessor. */
  sentBytes: Uint8Array;
  successors: CachedElement[];
  tree: PrefixTree;
}

/** All lists with the same first element. */
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
 * The span of a list: of an array `start` is after its bracket; a plain string (only `system`) is one element. `elements` are
 * those after `prefix`.
 */
export interface ListSpan {
  isString: boolean;
  start: number;
  prefix: CachedPrefix;
  elements: ElementSpan[];
}
