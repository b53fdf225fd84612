/** Evidence and links in memory: the store over which linking is tested without a database. Written for clarity, not speed. */
import {
  agentKeyOf,
  type Evidence,
  EvidenceFlag,
  type FullEvidence,
  isAncestorKey,
  type LinkKey,
} from "../../workers/domain/linking/evidence/evidence.ts";
import type { FoundEvidence, Lookup, StoredCall } from "../../workers/domain/linking/evidence/lookup.ts";
import { linkExchanges } from "../../workers/domain/linking/engine.ts";
import type { CallAssignment, Link, LinkStore } from "../../workers/domain/linking/link-store.ts";

type Key = LinkKey & { requestId: string };

export class MemoryLinkStore implements LinkStore {
  readonly evidence = new Map<string, Evidence>();
  readonly links = new Map<string, Link>();
  /** By side request, the turn that it serves. */
  readonly served = new Map<string, string | null>();
  readonly keys = new Map<string, Key>();
  readonly calls = new Map<string, StoredCall & { toolUseId: string }>();
  readonly ambiguous = new Set<string>();
  readonly agents = new Map<string, Set<string>>();

  /** Links a batch as ingest does. */
  async link(arrivals: readonly FullEvidence[]): Promise<void> {
    const { links, moved, added, removed, served } = await linkExchanges(this, arrivals);
    for (const { requestId } of removed) this.links.delete(requestId);
    for (const [id, { servesRequestId }] of served) this.served.set(id, servesRequestId);
    for (const link of [...links.values(), ...added]) this.served.delete(link.requestId);
    for (const link of added) this.links.set(link.requestId, link);
    for (const { after } of moved) this.links.set(after.requestId, after);
    for (const [id, link] of links) this.links.set(id, link);
  }

  async saveEvidence(arrivals: readonly FullEvidence[]): Promise<void> {
    for (const { keys, tasks, mentions, ...evidence } of arrivals) {
      this.evidence.set(evidence.requestId, evidence);
      this.#addKeys(
        keys.filter((key) => !isAncestorKey(key)).map((key) => ({ ...key, requestId: evidence.requestId })),
      );
      for (const { position, toolUseId, promptKey } of tasks) {
        const name = `${evidence.requestId}#${position}`;
        const subtaskRequestId = this.calls.get(name)?.subtaskRequestId ?? null;
        const call = { requestId: evidence.requestId, position, promptKey, toolUseId, subtaskRequestId };
        this.calls.set(name, { ...call, caller: evidence, agentKey: null });
      }
      for (const { agentId, toolUseId } of mentions)
        this.agents.set(toolUseId, (this.agents.get(toolUseId) ?? new Set()).add(agentId));
    }
    for (const call of this.calls.values()) {
      const [agentId] = [...(this.agents.get(call.toolUseId) ?? [])].sort();
      call.agentKey = agentId === undefined ? null : agentKeyOf(agentId);
    }
  }

  async find(lookups: readonly Lookup[]): Promise<FoundEvidence[][]> {
    return lookups.map((lookup) => this.#found(lookup));
  }

  #found({ index, key, sessionKey, agentKey, before, after, limit }: Lookup): FoundEvidence[] {
    const all: FoundEvidence[] =
      typeof index === "number"
        ? [...this.keys.values()]
            .filter((each) => each.purpose === index && each.key === key)
            .map(({ requestId, rank }) => ({ evidence: this.evidence.get(requestId)!, rank }))
        : [...this.evidence.values()]
            .filter((each) => {
              const isSide = (each.flags & (EvidenceFlag.sideRequest | EvidenceFlag.likelySideRequest)) !== 0;
              const isOfThread = each.sessionKey === key && each.agentKey === agentKey;
              switch (index) {
                case "end":
                  return each.endKey === key;
                case "response":
                  return each.responseKey === key;
                case "priorResponse":
                  return each.priorResponseKey === key;
                case "thread":
                  return isOfThread && !isSide;
                case "sideRequests":
                  return isOfThread && isSide && each.requestId < this.#nextOfThread(key, agentKey, after!);
                case "ambiguous":
                  return this.ambiguous.has(each.requestId);
              }
            })
            .map((evidence) => ({ evidence, rank: 0 }));
    return all
      .filter(
        ({ evidence: { requestId, sessionKey: session } }) =>
          (before === undefined || requestId < before) &&
          (after === undefined || requestId > after) &&
          (sessionKey === undefined || session === sessionKey),
      )
      .sort((a, b) => (a.evidence.requestId < b.evidence.requestId === (before === undefined) ? -1 : 1))
      .slice(0, limit);
  }

  #nextOfThread(sessionKey: bigint, agentKey: bigint | undefined, after: string): string {
    const [next] = this.#found({
      index: "thread",
      key: sessionKey,
      sessionKey,
      agentKey: agentKey!,
      after,
      limit: 1,
    });
    return next?.evidence.requestId ?? "g";
  }

  async evidenceOf(requestIds: readonly string[]): Promise<Evidence[]> {
    return requestIds.flatMap((id) => this.evidence.get(id) ?? []);
  }

  async servedBy(requestIds: readonly string[]): Promise<Map<string, string>> {
    return new Map(
      requestIds.flatMap((id) => (this.served.get(id) == null ? [] : [[id, this.served.get(id)!]])),
    );
  }

  async keysOf(requestIds: readonly string[]): Promise<Map<string, LinkKey[]>> {
    return new Map(
      requestIds.map((id) => [id, [...this.keys.values()].filter(({ requestId }) => requestId === id)]),
    );
  }

  async linksOf(requestIds: readonly string[]): Promise<Link[]> {
    return requestIds.flatMap((id) => this.links.get(id) ?? []);
  }

  async familyOf(requestIds: readonly string[]): Promise<Link[]> {
    const ids = new Set<string | null>(requestIds);
    return [...this.links.values()].filter(
      ({ requestId, parentRequestId }) =>
        ids.has(requestId) || (parentRequestId !== null && ids.has(parentRequestId)),
    );
  }

  async conversationsOf(conversationIds: readonly string[]): Promise<Link[]> {
    return [...this.links.values()].filter(({ conversationId }) => conversationIds.includes(conversationId));
  }

  async repeatedIn(conversationIds: readonly string[]): Promise<Link[]> {
    return this.#repeated().filter(({ conversationId }) => conversationIds.includes(conversationId));
  }

  async repeatedOf(requestIds: readonly string[]): Promise<Link[]> {
    return this.#repeated().filter(({ requestId }) => requestIds.includes(requestId));
  }

  #repeated(): Link[] {
    return [...this.served].flatMap(([requestId, parentRequestId]) => {
      const { flags, textKey } = this.evidence.get(requestId)!;
      const parent = parentRequestId === null ? undefined : this.links.get(parentRequestId);
      return parent && textKey !== null
        ? [{ ...parent, requestId, parentRequestId, linkKind: "turn", flags, textKey }]
        : [];
    });
  }

  async callsOf(promptKeys: readonly bigint[]): Promise<StoredCall[]> {
    return [...this.calls.values()]
      .filter(({ promptKey }) => promptKeys.includes(promptKey))
      .map((call) => ({ ...call }));
  }

  async callsNamedBy(arrivals: readonly FullEvidence[]): Promise<StoredCall[]> {
    const named = new Set(arrivals.flatMap(({ mentions }) => mentions.map(({ toolUseId }) => toolUseId)));
    const own = new Set(arrivals.map(({ requestId }) => requestId));
    return [...this.calls.values()].filter(
      ({ toolUseId, requestId }) => named.has(toolUseId) || own.has(requestId),
    );
  }

  async saveKeys(keys: readonly Key[]): Promise<void> {
    this.#addKeys(keys);
  }

  #addKeys(keys: readonly Key[]): void {
    for (const key of keys) this.keys.set(`${key.requestId} ${key.purpose} ${key.rank} ${key.key}`, key);
  }

  async saveAssignments(assignments: readonly CallAssignment[]): Promise<void> {
    for (const { requestId, position, subtaskRequestId } of assignments)
      this.calls.get(`${requestId}#${position}`)!.subtaskRequestId = subtaskRequestId;
  }

  async saveAmbiguity(ambiguity: readonly { requestId: string; isAmbiguous: boolean }[]): Promise<void> {
    for (const { requestId, isAmbiguous } of ambiguity)
      if (isAmbiguous) this.ambiguous.add(requestId);
      else this.ambiguous.delete(requestId);
  }
}
