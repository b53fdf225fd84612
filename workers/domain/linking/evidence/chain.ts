/**
 * The prefixes of a transcript as hashes, each over its last run and the previous hash: comparing two histories up to a point
 * is one comparison of hashes, and one look-up finds the requests with the same history. Called by evidence.ts.
 */
import { sha256 } from "../../sha256.ts";
import { keyOfHash } from "./keys.ts";
import type { Run } from "./transcript.ts";

const encoder = new TextEncoder();
const USER = new Uint8Array([0]);
const ASSISTANT = new Uint8Array([1]);

/** The hash of the empty history. */
export const EMPTY_HISTORY_HASH: Uint8Array = sha256(encoder.encode("nexus link 1"));

/** The hash of a history that this run extends. */
export function hashAfterRun(before: Uint8Array, { isAssistant, items }: Run): Uint8Array {
  return sha256(
    before,
    isAssistant ? ASSISTANT : USER,
    encoder.encode(JSON.stringify(items.map(({ text }) => text))),
  );
}

/** The hashes of all prefixes of a history: the n-th is the one before run n. */
export function prefixHashes(runs: readonly Run[]): Uint8Array[] {
  const hashes = [EMPTY_HISTORY_HASH];
  for (const run of runs) {
    const after = run.lastMessage?.historyHash ?? hashAfterRun(hashes.at(-1)!, run);
    if (run.lastMessage) run.lastMessage.historyHash = after;
    hashes.push(after);
  }
  return hashes;
}

/** The hash of a history including its tool results, which its chain leaves out. */
export function hashWithResults(chain: Uint8Array, runs: readonly Run[]): Uint8Array {
  const results = runs.flatMap(({ items }) =>
    items.flatMap(({ text, result }) => (result === "" ? [] : [text, result])),
  );
  return sha256(chain, encoder.encode(JSON.stringify(results)));
}

/** The key by which requests that continue a history without its response find it. */
export function endKeyOf(chain: Uint8Array): bigint {
  return keyOfHash(sha256(encoder.encode("end"), chain));
}

/**
 * The key of a history that ends with a response. The id of its last tool call stands for the whole history: clients change
 * histories, but ids stay and are unique. A history that begins with a summary may keep calls from before it, so `salt` is the
 * summary's text there.
 */
export function responseKeyOf(chain: Uint8Array, last: Run, salt: string): bigint {
  const { toolUseId } = last.items.findLast((item) => item.toolUseId !== null) ?? { toolUseId: null };
  return toolUseId === null
    ? keyOfHash(sha256(encoder.encode("answer"), chain))
    : keyOfHash(sha256(encoder.encode(JSON.stringify(["tool", toolUseId, salt]))));
}
