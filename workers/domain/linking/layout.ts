/**
 * The positions of requests in conversations, as far as a linking run has read them, with its changes. A request that is the
 * first to continue its parent takes the parent's branch; every other change rebuilds its conversations. Used by engine.ts.
 */
import { type Evidence, EvidenceFlag } from "./evidence/evidence.ts";
import type { Link, LinkResult, LinkStore } from "./link-store.ts";
import type { ParentChoice } from "./parent/candidates.ts";
import {
  branchPositions,
  competesForBranch,
  type ConversationMember,
  conversationIdOf,
  mayTakeBranch,
} from "./structure.ts";

export interface ChosenParent {
  evidence: Evidence;
  choice: ParentChoice;
}

/** Flags of requests that are in a conversation only if other requests continue them. */
export const MAYBE_SIDE = EvidenceFlag.likelySideRequest | EvidenceFlag.isUncached;

export class Layout {
  readonly #store: LinkStore;
  /** The exchanges of this run. */
  readonly #arrivals: ReadonlySet<string>;
  /** As stored; everything that was read. */
  readonly #stored = new Map<string, Link>();
  /** As of now; everything that was read, and every arrival. */
  readonly #current = new Map<string, Link>();
  /** Conversations of which every stored row was read. */
  readonly #completeConversations = new Set<string>();
  readonly #removed: Link[] = [];
  readonly #removedIds = new Set<string>();
  readonly #left: string[] = [];
  /** Side requests by repetition, each as the turn that it would be; those that were read, and those of this run. */
  readonly #repeated = new Map<string, Link>();
  /** Requests that were looked up among such side requests: once, however many rounds the choices take. */
  readonly #readForRepeated = new Set<string>();
  /** Requests of this run that became such side requests or that are none any more. */
  readonly #repeatedChanges = new Set<string>();

  constructor(store: LinkStore, arrivals: ReadonlySet<string>) {
    this.#store = store;
    this.#arrivals = arrivals;
  }

  /** Takes these requests out of the conversations in which they are stored. */
  async remove(requestIds: readonly string[]): Promise<void> {
    const links = await this.#store.linksOf(requestIds);
    const repeated = await this.#store.repeatedOf(requestIds);
    if (links.length + repeated.length === 0) return;
    const conversations = [...new Set([...links, ...repeated].map(({ conversationId }) => conversationId))];
    this.#removed.push(...links);
    for (const { requestId } of [...links, ...repeated]) this.#removedIds.add(requestId);
    await this.#readConversations(conversations);
    await this.#rebuildConversations([], conversations);
  }

  /** Reads these requests with their children, and the requests that they continue. */
  async read(chosen: readonly ChosenParent[]): Promise<void> {
    const ids = chosen.flatMap((each) => [each.evidence.requestId, ...continuedBy(each)]);
    for (const link of await this.#store.familyOf([...new Set(ids)])) this.#addStored(link);
    await this.#readRepeated(chosen.map(({ evidence }) => evidence));
  }

  /** Whether the request is in a conversation, of those that were read. */
  has(requestId: string): boolean {
    return this.#current.has(requestId);
  }

  /** Reads which of these requests are in a conversation. */
  async membersAmong(requestIds: readonly string[]): Promise<Set<string>> {
    const unread = requestIds.filter((id) => !this.#current.has(id));
    if (unread.length > 0) for (const link of await this.#store.linksOf(unread)) this.#addStored(link);
    return new Set(requestIds.filter((id) => this.#current.has(id)));
  }

  /** The request that a side request by repetition serves, of those that were read. */
  servedByRepeated(requestId: string): string | null {
    return this.#repeated.get(requestId)?.parentRequestId ?? null;
  }

  /** The requests that became side requests by repetition in this run, or that are none any more. */
  repeatedChanges(): readonly string[] {
    return [...this.#repeatedChanges];
  }

  /** The members that left their conversation as side requests since the last call. */
  takeLeft(): string[] {
    return this.#left.splice(0);
  }

  /**
   * Places requests that were read. Likely side requests are placed where others continue them (`continued`), or where they are
   * in a conversation already or side requests by repetition.
   */
  async applyChoices(all: readonly ChosenParent[], continued: ReadonlySet<string>): Promise<void> {
    const chosen = all.filter(
      ({ evidence: { requestId }, choice }) =>
        !choice.isLikelySide ||
        continued.has(requestId) ||
        this.#current.has(requestId) ||
        this.#repeated.has(requestId),
    );
    const deferred: ChosenParent[] = [];
    for (const each of chosen.toSorted((a, b) => (a.evidence.requestId < b.evidence.requestId ? -1 : 1))) {
      const { evidence, choice } = each;
      const { requestId, flags, textKey } = evidence;
      const current = this.#current.get(requestId);
      if (choice.isLikelySide) deferred.push(each);
      else if (current && deferred.length === 0 && hasSameParent(current, choice)) {
        const { linkedBy, linkConfidence } = choice;
        this.#current.set(requestId, { ...current, flags, textKey, linkedBy, linkConfidence });
      } else if (deferred.length > 0 || current || this.#repeated.has(requestId) || !this.#append(each))
        deferred.push(each);
    }
    if (deferred.length > 0) await this.#rebuildConversations(deferred);
  }

  /** The newest of these requests in the conversation with the fewest requests before `before`. */
  async inSmallestConversation(
    of: readonly Evidence[],
    before: string,
  ): Promise<{ best: Evidence; conversations: number }> {
    if (of.length === 1) return { best: of[0]!, conversations: 1 };
    // Whether these are in a conversation depends on later requests.
    if (of.some(isMaybeSide)) return { best: newest(of), conversations: of.length };
    await this.membersAmong(of.map(({ requestId }) => requestId));
    await this.#readRepeated(of);
    const conversationOf = ({ requestId }: Evidence) =>
      (this.#current.get(requestId) ?? this.#repeated.get(requestId))?.conversationId ??
      conversationIdOf(requestId);
    const conversations = [...new Set(of.map(conversationOf))];
    if (conversations.length === 1) return { best: newest(of), conversations: 1 };
    await this.#readConversations(conversations);
    const sizes = new Map(conversations.map((id) => [id, 0]));
    for (const link of [...this.#current.values(), ...this.#repeated.values()]) {
      const { requestId, conversationId } = link;
      const size = sizes.get(conversationId);
      if (size !== undefined && requestId < before && !isMaybeSide(link)) sizes.set(conversationId, size + 1);
    }
    const smallestSize = Math.min(...sizes.values());
    const smallest = of.filter((each) => sizes.get(conversationOf(each)) === smallestSize);
    return { best: newest(smallest), conversations: conversations.length };
  }

  result(): Omit<LinkResult, "served"> {
    const links = new Map<string, Link>();
    const moved: LinkResult["moved"] = [];
    const added: Link[] = [];
    for (const [id, after] of this.#current) {
      if (this.#arrivals.has(id)) links.set(id, after);
      const before = this.#stored.get(id);
      if (!before && !this.#arrivals.has(id)) added.push(after);
      if (before && !isSame(before, after)) moved.push({ before, after });
    }
    const left = [...this.#stored.values()].filter(({ requestId }) => !this.#current.has(requestId));
    return { links, moved, added, removed: [...this.#removed, ...left] };
  }

  #addStored(link: Link): void {
    if (this.#stored.has(link.requestId) || this.#removedIds.has(link.requestId)) return;
    this.#stored.set(link.requestId, link);
    if (!this.#current.has(link.requestId)) this.#current.set(link.requestId, link);
  }

  /** Adds a new request at the end of a branch, or as a conversation. False where the positions of others depend on it. */
  #append({ evidence: { requestId, flags, textKey }, choice }: ChosenParent): boolean {
    const { linkKind, parentRequestId, taskParentId, linkedBy, linkConfidence } = choice;
    const own = { requestId, flags, textKey, linkKind, linkedBy, linkConfidence, parentRequestId };
    if (taskParentId !== null || linkKind === "subtask") return false;
    if (parentRequestId === null) {
      this.#current.set(requestId, {
        ...own,
        conversationId: conversationIdOf(requestId),
        branchId: "main",
        branchKey: requestId,
        isSubtask: false,
        parentTaskRequestId: null,
      });
      return true;
    }
    const parent = this.#current.get(parentRequestId);
    if (!parent || parent.linkKind === "retry" || linkKind === "compact") return false;
    // Now that its parent is continued, the parent may take the branch from which it turned off.
    if (mayTakeBranch(parent) && linkKind !== "retry") return false;
    const isSibling = (other: Link) =>
      other.parentRequestId === parentRequestId && (competesForBranch(other) || other.linkKind === "retry");
    if (competesForBranch(own) && [...this.#current.values()].some(isSibling)) return false;
    this.#current.set(requestId, { ...parent, ...own });
    return true;
  }

  async #rebuildConversations(
    chosen: readonly ChosenParent[],
    conversations: readonly string[] = [],
  ): Promise<void> {
    const byId = new Map(chosen.map((each) => [each.evidence.requestId, each]));
    const affected = new Set(conversations);
    for (const { evidence, choice } of chosen)
      for (const id of [evidence.requestId, choice.parentRequestId, choice.taskParentId]) {
        const link = id === null ? undefined : (this.#current.get(id) ?? this.#repeated.get(id));
        if (link) affected.add(link.conversationId);
      }
    await this.#readConversations([...affected]);
    const members: ConversationMember[] = [];
    for (const link of [...this.#current.values(), ...this.#repeated.values()])
      if (affected.has(link.conversationId) && !byId.has(link.requestId))
        members.push({ ...link, taskParentId: spawnerOf(link) });
    for (const { evidence, choice } of chosen) {
      const { linkKind, parentRequestId, taskParentId } = choice;
      const { requestId, flags, textKey } = evidence;
      members.push({ requestId, flags, textKey, linkKind, parentRequestId, taskParentId });
    }
    const { positions, repeated } = branchPositions(members);
    for (const { requestId, parentRequestId, flags, textKey } of members) {
      const position = positions.get(requestId) ?? positions.get(parentRequestId ?? "");
      const before = this.#current.get(requestId) ?? this.#repeated.get(requestId);
      const { linkKind, linkedBy, linkConfidence } = byId.get(requestId)?.choice ?? before!;
      const link = position && {
        ...{ requestId, flags, textKey, linkKind, parentRequestId, linkedBy, linkConfidence },
        ...position,
      };
      const wasRepeated = this.#repeated.delete(requestId);
      if (positions.has(requestId)) {
        this.#current.set(requestId, link!);
        if (wasRepeated) this.#repeatedChanges.add(requestId);
      } else if (repeated.has(requestId)) {
        this.#current.delete(requestId);
        this.#repeated.set(requestId, link!);
        if (!wasRepeated || byId.has(requestId)) this.#repeatedChanges.add(requestId);
      } else if (this.#current.delete(requestId)) this.#left.push(requestId);
      else if (wasRepeated && byId.has(requestId)) this.#repeatedChanges.add(requestId);
    }
  }

  async #readConversations(conversationIds: readonly string[]): Promise<void> {
    const unread = conversationIds.filter((id) => !this.#completeConversations.has(id));
    if (unread.length === 0) return;
    for (const link of await this.#store.conversationsOf(unread)) this.#addStored(link);
    for (const link of await this.#store.repeatedIn(unread)) this.#addRepeated(link);
    for (const id of unread) this.#completeConversations.add(id);
  }

  /** Reads those of these requests that are stored as side requests with a text key. */
  async #readRepeated(of: readonly Pick<Evidence, "requestId" | "textKey">[]): Promise<void> {
    const unread = of.filter(
      ({ requestId, textKey }) =>
        textKey !== null && !this.#current.has(requestId) && !this.#readForRepeated.has(requestId),
    );
    if (unread.length === 0) return;
    for (const { requestId } of unread) this.#readForRepeated.add(requestId);
    const links = await this.#store.repeatedOf(unread.map(({ requestId }) => requestId));
    for (const link of links) this.#addRepeated(link);
  }

  #addRepeated(link: Link): void {
    const { requestId } = link;
    const isRead = this.#current.has(requestId) || this.#repeatedChanges.has(requestId);
    if (!isRead && !this.#removedIds.has(requestId)) this.#repeated.set(requestId, link);
  }
}

/** The requests that a request with this choice continues or comes from. */
export function continuedBy({ choice }: Pick<ChosenParent, "choice">): string[] {
  return [choice.parentRequestId, choice.taskParentId].filter((id) => id !== null);
}

function isMaybeSide({ flags }: Pick<Evidence, "flags">): boolean {
  return (flags & MAYBE_SIDE) !== 0;
}

function newest(of: readonly Evidence[]): Evidence {
  return of.reduce((best, each) => (each.requestId > best.requestId ? each : best));
}

/** The spawning request; of the first request of a subtask. */
function spawnerOf({ linkKind, parentTaskRequestId }: Link): string | null {
  return linkKind === "subtask" ? parentTaskRequestId : null;
}

function hasSameParent(link: Link, { linkKind, parentRequestId, taskParentId }: ParentChoice): boolean {
  return (
    link.linkKind === linkKind && link.parentRequestId === parentRequestId && spawnerOf(link) === taskParentId
  );
}

function isSame(a: Link, b: Link): boolean {
  return (Object.keys(a) as (keyof Link)[]).every((name) => a[name] === b[name]);
}
