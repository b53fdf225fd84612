/**
 * Where requests are in conversations, as far as a linking run has read it, with what it changes. A request that goes on
 * where nobody went on before takes its parent's place; everything else lays its conversation out anew. Used by engine.ts.
 */
import type { ParentChoice } from "./choice.ts";
import type { Evidence } from "./evidence.ts";
import type { Link, LinkResult, LinkStore } from "./link-store.ts";
import {
  conversationIdOf,
  competesForBranch,
  type ConversationMember,
  branchPositions,
} from "./structure.ts";

export interface Choice {
  evidence: Evidence;
  parentage: ParentChoice;
}

export class Layout {
  readonly #store: LinkStore;
  /** The exchanges of this run. */
  readonly #given: ReadonlySet<string>;
  /** As stored, of all that was read. */
  readonly #before = new Map<string, Link>();
  /** As it is now: everything read, and everything new. */
  readonly #links = new Map<string, Link>();
  /** Conversations of which every stored row was read. */
  readonly #whole = new Set<string>();
  readonly #spawners = new Map<string, string | null>();

  constructor(store: LinkStore, given: ReadonlySet<string>) {
    this.#store = store;
    this.#given = given;
  }

  /** Applies new choices. */
  async applyChoices(settled: readonly Choice[]): Promise<void> {
    const ids = settled.flatMap(({ evidence, parentage }) => [
      evidence.requestId,
      ...[parentage.parentRequestId ?? []].flat(),
      ...[parentage.taskParentId ?? []].flat(),
    ]);
    const family = await this.#store.familyOf([...new Set(ids)]);
    for (const link of family) this.#read(link);
    const slow: Choice[] = [];
    for (const each of settled.toSorted((a, b) => (a.evidence.requestId < b.evidence.requestId ? -1 : 1))) {
      const known = this.#links.get(each.evidence.requestId);
      if (known && slow.length === 0 && isUnmoved(known, each.parentage)) this.#mark(known, each);
      else if (slow.length > 0 || known || !this.#append(each)) slow.push(each);
    }
    if (slow.length > 0) await this.#layOut(slow);
  }

  /** Of these requests those in the conversation that was shortest before `before`, and of these the newest. */
  async inSmallestConversation(
    of: readonly Evidence[],
    before: string,
  ): Promise<{ best: Evidence; conversations: number }> {
    if (of.length === 1) return { best: of[0]!, conversations: 1 };
    const unread = of.map(({ requestId }) => requestId).filter((id) => !this.#links.has(id));
    if (unread.length > 0) for (const link of await this.#store.linksOf(unread)) this.#read(link);
    const conversationOf = ({ requestId }: Evidence) =>
      this.#links.get(requestId)?.conversationId ?? conversationIdOf(requestId);
    const conversations = [...new Set(of.map(conversationOf))];
    if (conversations.length === 1) return { best: newest(of), conversations: 1 };
    await this.#readWhole(conversations);
    const sizes = new Map(conversations.map((id) => [id, 0]));
    for (const { requestId, conversationId } of this.#links.values()) {
      const size = sizes.get(conversationId);
      if (size !== undefined && requestId < before) sizes.set(conversationId, size + 1);
    }
    const least = Math.min(...sizes.values());
    const shortest = of.filter((each) => sizes.get(conversationOf(each)) === least);
    return { best: newest(shortest), conversations: conversations.length };
  }

  result(): LinkResult {
    const links = new Map<string, Link>();
    const moved: LinkResult["moved"] = [];
    for (const [id, after] of this.#links) {
      if (this.#given.has(id)) links.set(id, after);
      const before = this.#before.get(id);
      if (before && !isSame(before, after)) moved.push({ before, after });
    }
    return { links, moved };
  }

  #read(link: Link): void {
    if (this.#before.has(link.requestId)) return;
    this.#before.set(link.requestId, link);
    if (this.#links.has(link.requestId)) return;
    this.#links.set(link.requestId, link);
    if (link.linkKind === "subtask") this.#spawners.set(link.requestId, link.parentTaskRequestId);
  }

  #mark(link: Link, { evidence: { flags: form }, parentage: { linkedBy, linkConfidence } }: Choice): void {
    this.#links.set(link.requestId, { ...link, form, linkedBy, linkConfidence });
  }

  /** A new request at the end of a branch, or by itself. False where more depends on it. */
  #append({ evidence, parentage }: Choice): boolean {
    const { requestId, flags: form } = evidence;
    const { linkKind, parentRequestId, taskParentId, linkedBy, linkConfidence } = parentage;
    const own = { requestId, form, linkKind, linkedBy, linkConfidence, parentRequestId };
    if (taskParentId !== null || linkKind === "subtask") return false;
    if (parentRequestId === null) {
      this.#links.set(requestId, {
        ...own,
        conversationId: conversationIdOf(requestId),
        branchId: "main",
        branchKey: requestId,
        isSubtask: false,
        parentTaskRequestId: null,
      });
      return true;
    }
    const parent = this.#links.get(parentRequestId);
    if (!parent || parent.linkKind === "retry" || linkKind === "compact") return false;
    if (competesForBranch(own))
      for (const other of this.#links.values())
        if (
          other.parentRequestId === parentRequestId &&
          (competesForBranch(other) || other.linkKind === "retry")
        )
          return false;
    const { conversationId, branchId, branchKey, isSubtask, parentTaskRequestId } = parent;
    this.#links.set(requestId, {
      ...own,
      conversationId,
      branchId,
      branchKey,
      isSubtask,
      parentTaskRequestId,
    });
    return true;
  }

  async #layOut(settled: readonly Choice[]): Promise<void> {
    const chosen = new Map(settled.map((each) => [each.evidence.requestId, each]));
    const concerned = new Set<string>();
    const add = (id: string | null) => {
      const link = id === null ? undefined : this.#links.get(id);
      if (link) concerned.add(link.conversationId);
    };
    for (const { evidence, parentage } of settled) {
      add(evidence.requestId);
      add(parentage.parentRequestId);
      add(parentage.taskParentId);
    }
    await this.#readWhole([...concerned]);
    const members: ConversationMember[] = [];
    for (const link of this.#links.values())
      if (concerned.has(link.conversationId) && !chosen.has(link.requestId))
        members.push({ ...link, taskParentId: this.#spawners.get(link.requestId) ?? null });
    for (const { evidence, parentage } of settled) {
      const { linkKind, parentRequestId, taskParentId } = parentage;
      const { requestId, flags: form } = evidence;
      if (linkKind === "subtask") this.#spawners.set(requestId, taskParentId);
      members.push({ requestId, form, linkKind, parentRequestId, taskParentId });
    }
    for (const [requestId, place] of branchPositions(members)) {
      const choice = chosen.get(requestId);
      const { linkKind, parentRequestId, linkedBy, linkConfidence, form } = choice
        ? { ...choice.parentage, form: choice.evidence.flags }
        : this.#links.get(requestId)!;
      this.#links.set(requestId, {
        requestId,
        form,
        linkKind,
        parentRequestId,
        linkedBy,
        linkConfidence,
        ...place,
      });
    }
  }

  async #readWhole(conversationIds: readonly string[]): Promise<void> {
    const unread = conversationIds.filter((id) => !this.#whole.has(id));
    if (unread.length === 0) return;
    for (const link of await this.#store.conversationsOf(unread)) this.#read(link);
    for (const id of unread) this.#whole.add(id);
  }
}

function newest(of: readonly Evidence[]): Evidence {
  return of.reduce((best, each) => (each.requestId > best.requestId ? each : best));
}

function isUnmoved(link: Link, { linkKind, parentRequestId, taskParentId }: ParentChoice): boolean {
  const spawner = link.linkKind === "subtask" ? link.parentTaskRequestId : null;
  return link.linkKind === linkKind && link.parentRequestId === parentRequestId && spawner === taskParentId;
}

function isSame(a: Link, b: Link): boolean {
  return (Object.keys(a) as (keyof Link)[]).every((name) => a[name] === b[name]);
}
