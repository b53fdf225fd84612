/** Reads the candidates of one linking run: each look-up once, and task calls with their assignments. Used by engine.ts. */
import { KeyPurpose, type LinkKey } from "./evidence/evidence.ts";
import type { FoundEvidence, Lookup, StoredCall } from "./evidence/lookup.ts";
import type { Layout } from "./layout.ts";
import type { LinkStore } from "./link-store.ts";
import type { Candidates } from "./parent/candidates.ts";

export class CandidateReader {
  readonly #store: LinkStore;
  readonly #found = new Map<string, FoundEvidence[]>();
  readonly #calls = new Map<bigint, StoredCall[]>();
  /** Call → the subtask it is assigned to, where that may differ from what is stored. */
  readonly #assignees = new Map<string, string | null>();
  readonly #storedCalls = new Map<string, StoredCall>();

  constructor(store: LinkStore) {
    this.#store = store;
  }

  /** Reads the look-ups that were not read yet, in one call of the store. */
  async fetch(lookups: readonly Lookup[]): Promise<void> {
    const wanted = new Map(lookups.map((lookup) => [lookupName(lookup), lookup]));
    for (const name of this.#found.keys()) wanted.delete(name);
    if (wanted.size === 0) return;
    const results = await this.#store.find([...wanted.values()]);
    [...wanted.keys()].forEach((name, n) => this.#found.set(name, results[n]!));
  }

  async find(lookup: Lookup): Promise<FoundEvidence[]> {
    await this.fetch([lookup]);
    return this.#found.get(lookupName(lookup))!;
  }

  candidates(layout: Layout): Candidates {
    return {
      find: (lookup) => this.find(lookup),
      callsOf: (promptKeys) => this.#callsOf(promptKeys),
      isAssignedBefore: (call, by) => {
        const assigned = this.#assignees.get(callName(call));
        const assignee = assigned === undefined ? call.subtaskRequestId : assigned;
        return assignee !== null && assignee < by;
      },
      inSmallestConversation: (of, before) => layout.inSmallestConversation(of, before),
    };
  }

  async #callsOf(promptKeys: readonly bigint[]): Promise<StoredCall[]> {
    const missing = promptKeys.filter((key) => !this.#calls.has(key));
    if (missing.length > 0) {
      for (const key of missing) this.#calls.set(key, []);
      for (const call of await this.#store.callsOf(missing)) {
        this.#calls.get(call.promptKey)!.push(call);
        this.#storedCalls.set(callName(call), call);
      }
    }
    return [...new Set(promptKeys)].flatMap((key) => this.#calls.get(key)!);
  }

  /** Frees the calls assigned to these requests, which choose again. */
  async releaseAssignments(
    requests: readonly { requestId: string; keys: readonly LinkKey[] }[],
  ): Promise<void> {
    const prompts = requests.flatMap(({ keys }) =>
      keys.filter(({ purpose }) => purpose === KeyPurpose.taskPrompt).map(({ key }) => key),
    );
    if (prompts.length === 0) return;
    const released = new Set(requests.map(({ requestId }) => requestId));
    for (const call of await this.#callsOf(prompts)) {
      const { subtaskRequestId } = call;
      if (subtaskRequestId !== null && released.has(subtaskRequestId))
        this.#assignees.set(callName(call), null);
    }
  }

  /** Assigns this call, and no other, to the request. */
  assign(requestId: string, call: StoredCall | null): void {
    for (const [name, assignee] of this.#assignees)
      if (assignee === requestId) this.#assignees.set(name, null);
    if (call) this.#assignees.set(callName(call), requestId);
  }

  async saveAssignments(): Promise<void> {
    const assignments = [...this.#assignees].flatMap(([name, subtaskRequestId]) => {
      const { requestId, position, ...stored } = this.#storedCalls.get(name)!;
      return stored.subtaskRequestId === subtaskRequestId ? [] : [{ requestId, position, subtaskRequestId }];
    });
    if (assignments.length > 0) await this.#store.saveAssignments(assignments);
  }
}

function lookupName({ index, key, sessionKey, agentKey, before, after, limit }: Lookup): string {
  return `${index}:${key}:${sessionKey}:${agentKey}:${before}:${after}:${limit}`;
}

function callName({ requestId, position }: Pick<StoredCall, "requestId" | "position">): string {
  return `${requestId}#${position}`;
}
