/**
 * Conversations, branches and sub-tasks out of who continues whom, with their names. A function of the set of requests: a
 * request's place depends on earlier ones only, so whoever comes late changes later ones and nothing else. Called by engine.ts.
 */
import { v5 as uuidv5 } from "uuid";
import { startedAtOf } from "../exchange-id.ts";
import { EvidenceFlag } from "./evidence.ts";
import type { Link, LinkKind } from "./link-store.ts";

export type ConversationMember = Pick<Link, "requestId" | "parentRequestId" | "linkKind" | "form"> & {
  /** Of the first request of a sub-task: who spawned it. */
  taskParentId: string | null;
};
export type BranchPosition = Pick<
  Link,
  "conversationId" | "branchId" | "branchKey" | "isSubtask" | "parentTaskRequestId"
>;

/** Ids of conversations never change their making. */
const CONVERSATIONS = "0b7a4f3e-58a1-4f0c-9d55-2f6f0d1c7a10";
const COUNTED: ReadonlySet<LinkKind> = new Set(["turn", "fork", "resume"]);

/** The id of the conversation that begins with this request. */
export function conversationIdOf(rootRequestId: string): string {
  return uuidv5(rootRequestId, CONVERSATIONS);
}

/**
 * Whether it competes for its parent's branch: of several the earliest keeps it. Repetitions and asks for a summary stay on
 * it, whoever else is there.
 */
export function competesForBranch({ linkKind, form }: Pick<Link, "linkKind" | "form">): boolean {
  return COUNTED.has(linkKind) && (form & EvidenceFlag.compactAsk) === 0;
}

/** The place of each member, by request id. All members of a conversation have to be there. */
export function branchPositions(members: readonly ConversationMember[]): Map<string, BranchPosition> {
  const sorted = members.toSorted((a, b) => (a.requestId < b.requestId ? -1 : 1));
  const byId = new Map(sorted.map((member) => [member.requestId, member]));
  const places = new Map<string, BranchPosition>();
  const kept = new Set<string>();
  const names = new Map<string, Names>();
  for (const member of sorted) {
    const parent = member.parentRequestId === null ? undefined : places.get(member.parentRequestId);
    const spawner = member.taskParentId === null ? undefined : places.get(member.taskParentId);
    const { requestId } = member;
    const conversationId = (parent ?? spawner)?.conversationId ?? conversationIdOf(requestId);
    let taken = names.get(conversationId);
    if (!taken) names.set(conversationId, (taken = { used: new Set(), subtasks: 0 }));
    const opened = (name: string): BranchPosition => ({
      conversationId,
      branchKey: requestId,
      branchId: unique(name, taken),
      isSubtask: parent?.isSubtask ?? false,
      parentTaskRequestId: parent?.parentTaskRequestId ?? null,
    });
    places.set(requestId, placeOf());

    function placeOf(): BranchPosition {
      if (member.linkKind === "subtask") {
        const name = `subtask_${++taken!.subtasks}`;
        return { ...opened(name), isSubtask: true, parentTaskRequestId: member.taskParentId };
      }
      if (!parent) return opened("main");
      if (member.linkKind === "compact") return opened(`compact_${stamp(requestId).slice(8)}`);
      if (!competesForBranch(member)) return parent;
      const anchor = anchorOf(member.parentRequestId!, byId);
      if (kept.has(anchor)) return opened(`branch_${stamp(requestId)}`);
      kept.add(anchor);
      return parent;
    }
  }
  return places;
}

interface Names {
  used: Set<string>;
  subtasks: number;
}

/** Attempts at the same request are one place to go on from: the first of them. */
function anchorOf(requestId: string, byId: ReadonlyMap<string, ConversationMember>): string {
  let at = requestId;
  for (;;) {
    const member = byId.get(at);
    if (member?.linkKind !== "retry" || member.parentRequestId === null) return at;
    at = member.parentRequestId;
  }
}

function unique(name: string, { used }: Names): string {
  let free = name;
  for (let n = 2; used.has(free); n++) free = `${name}_${n}`;
  used.add(free);
  return free;
}

/** Year to second of the request's start, UTC: 20250723193505. */
function stamp(requestId: string): string {
  return new Date(startedAtOf(requestId) ?? 0).toISOString().slice(0, 19).replace(/\D/g, "");
}
