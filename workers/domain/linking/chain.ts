/**
 * Prefixes of a transcript as hashes, each over its run and the hash before it: whether two histories agree up to a point
 * is one comparison, and one look-up finds who else was there. Called by evidence.ts.
 */
import { sha256 } from "../sha256.ts";
import { keyOfHash } from "./keys.ts";
import type { Item, Run } from "./transcript.ts";

const encoder = new TextEncoder();
const USER = new Uint8Array([0]);
const ASSISTANT = new Uint8Array([1]);

/** The hash of a history of nothing. */
export const EMPTY_HISTORY_HASH: Uint8Array = sha256(encoder.encode("nexus link 1"));

/** The hash of a history that goes on with this run. */
export function hashAfterRun(before: Uint8Array, { isAssistant, items }: Run): Uint8Array {
  return sha256(before, isAssistant ? ASSISTANT : USER, encoder.encode(textOf(items)));
}

/** Hashes of all prefixes of a history: the first is that of nothing, the n-th the one before run n. */
export function prefixHashes(runs: readonly Run[]): Uint8Array[] {
  const hashes = [EMPTY_HISTORY_HASH];
  for (const run of runs) {
    const after = run.lastMessage?.historyHash ?? hashAfterRun(hashes.at(-1)!, run);
    if (run.lastMessage) run.lastMessage.historyHash = after;
    hashes.push(after);
  }
  return hashes;
}

/** A history as `chain` has it, told apart also by what its tools gave back. */
export function hashWithResults(chain: Uint8Array, runs: readonly Run[]): Uint8Array {
  const results = runs.flatMap(({ items }) =>
    items.flatMap(({ text, result }) => (result === "" ? [] : [text, result])),
  );
  return sha256(chain, encoder.encode(JSON.stringify(results)));
}

/** The key under which a request with this history is found by those that continue it without its answer. */
export function endKeyOf(chain: Uint8Array): bigint {
  return keyOfHash(sha256(encoder.encode("end"), chain));
}

/**
 * The key of a history that ends with an answer. A call's id stands for all of it: clients change histories, ids stay, and
 * nobody has the same. Not in a history that begins with a summary: it may keep calls from before, so `salt` is of that.
 */
export function answerKeyOf(chain: Uint8Array, last: Run, salt: string): bigint {
  const { toolUseId } = last.items.findLast((item) => item.toolUseId !== null) ?? { toolUseId: null };
  return toolUseId === null
    ? keyOfHash(sha256(encoder.encode("answer"), chain))
    : keyOfHash(sha256(encoder.encode(JSON.stringify(["tool", toolUseId, salt]))));
}

function textOf(items: readonly Item[]): string {
  return JSON.stringify(items.map(({ text }) => text));
}
