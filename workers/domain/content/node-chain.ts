/**
 * Chains: the elements of a list as addressed contents, each hash over all its predecessors. Two lists with the same first
 * elements, byte for byte, share the hashes of these elements, so a history is stored once. Called by split-body.ts.
 */
import { STEP_BYTES } from "../../runtime/constants.ts";
import type { Steps } from "../steps.ts";
import { normalizeElement } from "./overlay.ts";
import type { ChainElement, ListName, ListSpan } from "./types.ts";
import { sha256 } from "../sha256.ts";

/** Part of stored hashes: they never change. */
const NODE_LABELS: Record<ListName, Uint8Array> = {
  messages: new TextEncoder().encode("nexus node 1 messages\n"),
  system: new TextEncoder().encode("nexus node 1 system\n"),
  tools: new TextEncoder().encode("nexus node 1 tools\n"),
};
const ROOT_TAG = new Uint8Array(1);
const CHILD_TAG = new Uint8Array([1]);
const NO_BYTES = new Uint8Array(0);

/** Bytes that an element takes as long as, beside its own: two hashes. */
const ELEMENT_STEP_BYTES = 1_000;

/** The chain of the list with this name that a scan of `bytes` found; empty without one. */
export function* buildChain(bytes: Uint8Array, list: ListSpan | null, name: ListName): Steps<ChainElement[]> {
  if (!list) return [];
  const nodes: ChainElement[] = [...list.prefix.elements];
  let bytesLeft = STEP_BYTES;
  let leadStart = list.prefix.end;
  let parent: Uint8Array | null = nodes.at(-1)?.hash ?? null;
  for (const { start, end, removals } of list.elements) {
    const { content, overlay } = normalizeElement(bytes, {
      leadStart,
      start,
      end,
      isFirst: parent === null,
      removals,
    });
    const contentSha256 = sha256(content);
    const hash: Uint8Array = sha256(
      NODE_LABELS[name],
      parent ? CHILD_TAG : ROOT_TAG,
      parent ?? NO_BYTES,
      contentSha256,
      overlay ?? NO_BYTES,
    );
    nodes.push({ content, overlay, contentSha256, hash });
    bytesLeft -= end - leadStart + ELEMENT_STEP_BYTES;
    leadStart = end;
    parent = hash;
    if (bytesLeft >= 0) continue;
    yield;
    bytesLeft = STEP_BYTES;
  }
  return nodes;
}
