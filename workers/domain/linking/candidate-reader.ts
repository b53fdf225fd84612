/** What a linking run has read: look-ups once each, calls of tasks and who takes them. Used by engine.ts, for one run. */
import type { Candidates } from "./choice.ts";
import { type LinkKey, KeyPurpose } from "./evidence.ts";
import type { Layout } from "./layout.ts";
import type { FoundEvidence, LinkStore, Lookup, StoredCall } from "./link-store.ts";

export class CandidateReader {
  readonly #store: LinkStore;
  readonly #found = new Map<string, FoundEvidence[]>();
  readonly #calls = new Map<bigint, StoredCall[]>();
  /** Call → the sub-task that took it, where it may differ from what is stored. */
  readonly #takers = new Map<string, string | null>();
  /** What is stored of them. */
  readonly #stored = new Map<string, StoredCall>();

  constructor(store: LinkStore) {
    this.#store = store;
  }

  /** Reads what was not read yet, all in one. */
  async fetch(lookups: readonly Lookup[]): Promise<void> {
    const wanted = new Map(lookups.map((lookup) => [nameOf(lookup), lookup]));
    for (const name of this.#found.keys()) wanted.delete(name);
    if (wanted.size === 0) return;
    const results = await this.#store.find([...wanted.values()]);
    [...wanted.keys()].forEach((name, n) => this.#found.set(name, results[n]!));
  }

  async find(lookup: Lookup): Promise<FoundEvidence[]> {
    await this.fetch([lookup]);
    return this.#found.get(nameOf(lookup))!;
  }

  candidates(layout: Layout): Candidates {
    return {
      find: (lookup) => this.find(lookup),
      callsOf: (promptKeys) => this.callsOf(promptKeys),
      isAssignedBefore: (call, by) => {
        const taker = this.#takerOf(call);
        return taker !== null && taker < by;
      },
      inSmallestConversation: (of, before) => layout.inSmallestConversation(of, before),
    };
  }

  async callsOf(promptKeys: readonly bigint[]): Promise<StoredCall[]> {
    const missing = promptKeys.filter((key) => !this.#calls.has(key));
    if (missing.length > 0) {
      for (const key of missing) this.#calls.set(key, []);
      for (const call of await this.#store.callsOf(missing)) {
        this.#calls.get(call.promptKey)!.push(call);
        this.#stored.set(callName(call), call);
      }
    }
    return [...new Set(promptKeys)].flatMap((key) => this.#calls.get(key)!);
  }

  /** These are chosen again, so what they took is free. */
  async releaseAssignments(
    requests: readonly { requestId: string; keys: readonly LinkKey[] }[],
  ): Promise<void> {
    const prompts = requests.flatMap(({ keys }) =>
      keys.filter(({ purpose }) => purpose === KeyPurpose.taskPrompt).map(({ key }) => key),
    );
    if (prompts.length === 0) return;
    const chosenAgain = new Set(requests.map(({ requestId }) => requestId));
    for (const call of await this.callsOf(prompts)) {
      const { subtaskRequestId } = call;
      if (subtaskRequestId !== null && chosenAgain.has(subtaskRequestId))
        this.#takers.set(callName(call), null);
    }
  }

  /** `requestId` takes this call, and only this. */
  assign(requestId: string, call: StoredCall | null): void {
    for (const [name, taker] of this.#takers) if (taker === requestId) this.#takers.set(name, null);
    if (call) this.#takers.set(callName(call), requestId);
  }

  async saveAssignments(): Promise<void> {
    const claims = [...this.#takers].flatMap(([name, subtaskRequestId]) => {
      const call = this.#stored.get(name)!;
      return call.subtaskRequestId === subtaskRequestId
        ? []
        : [{ requestId: call.requestId, position: call.position, subtaskRequestId }];
    });
    if (claims.length > 0) await this.#store.saveAssignments(claims);
  }

  #takerOf(call: StoredCall): string | null {
    const taker = this.#takers.get(callName(call));
    return taker === undefined ? call.subtaskRequestId : taker;
  }
}

function nameOf({ index, key, sessionKey, agentKey, before, after, limit }: Lookup): string {
  return `${index}:${key}:${sessionKey}:${agentKey}:${before}:${after}:${limit}`;
}

function callName({ requestId, position }: Pick<StoredCall, "requestId" | "position">): string {
  return `${requestId}#${position}`;
}
