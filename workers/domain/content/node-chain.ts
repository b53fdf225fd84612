/**
 * Chains: the elements of a list as contents with addresses, each after its predecessors. Two requests whose lists begin
 * alike, to the byte, have the same hashes up to where they part, so a history is stored once. Made by content.ts.
 */
import { normalizeElement } from "./overlay.ts";
import type { ChainElement, ListName, ListSpan } from "./types.ts";
import { sha256 } from "../sha256.ts";

/** Stored hashes depend on these: they never change. */
const NODE_LABELS: Record<ListName, Uint8Array> = {
  messages: new TextEncoder().encode("nexus node 1 messages\n"),
  system: new TextEncoder().encode("nexus node 1 system\n"),
  tools: new TextEncoder().encode("nexus node 1 tools\n"),
};
const ROOT = new Uint8Array(1);
const CHILD = new Uint8Array([1]);
const NOTHING = new Uint8Array(0);

/** The chain of the list that a scan of `bytes` found under this name; empty where it found none. */
export function buildChain(bytes: Uint8Array, list: ListSpan | null, name: ListName): ChainElement[] {
  if (!list) return [];
  const nodes: ChainElement[] = [...list.prefix.elements];
  let leadStart = list.prefix.end;
  let parent: Uint8Array | null = nodes.at(-1)?.hash ?? null;
  for (const { start, end, removals: cuts } of list.elements) {
    const { content, overlay: form } = normalizeElement(bytes, {
      leadStart,
      start,
      end,
      isFirst: parent === null,
      cuts,
    });
    const contentSha256 = sha256(content);
    const hash: Uint8Array = sha256(
      NODE_LABELS[name],
      parent ? CHILD : ROOT,
      parent ?? NOTHING,
      contentSha256,
      form ?? NOTHING,
    );
    nodes.push({ content, overlay: form, contentSha256, hash });
    leadStart = end;
    parent = hash;
  }
  return nodes;
}
