/**
 * Computes conversations, branches and subtasks, with their names, from the parents of requests. The result is a function of
 * the set of requests. Called by engine.ts.
 */
import { v5 as uuidv5 } from "uuid";
import { startedAtOf } from "../exchange-id.ts";
import { EvidenceFlag } from "./evidence/evidence.ts";
import type { Link } from "./link-store.ts";
import { isLikelySide, type LinkKind } from "./parent/candidates.ts";

export type ConversationMember = Pick<
  Link,
  "requestId" | "parentRequestId" | "linkKind" | "flags" | "textKey"
> & {
  /** The spawning request; of the first request of a subtask. */
  taskParentId: string | null;
};
export type BranchPosition = Pick<
  Link,
  "conversationId" | "branchId" | "branchKey" | "isSubtask" | "parentTaskRequestId"
>;

/** Conversation ids are stored: their derivation never changes. */
const CONVERSATION_NAMESPACE = "0b7a4f3e-58a1-4f0c-9d55-2f6f0d1c7a10";
const BRANCHING_KINDS: ReadonlySet<LinkKind> = new Set(["turn", "fork", "resume"]);

/** The id of the conversation that begins with this request. */
export function conversationIdOf(rootRequestId: string): string {
  return uuidv5(rootRequestId, CONVERSATION_NAMESPACE);
}

/** Whether the request competes for its parent's branch. Retries and compact-asks always stay on the branch. */
export function competesForBranch({ linkKind, flags }: Pick<Link, "linkKind" | "flags">): boolean {
  return BRANCHING_KINDS.has(linkKind) && (flags & EvidenceFlag.compactAsk) === 0;
}

/** Whether the request opened a branch that it gives up for its parent's branch once it is continued. */
export function mayTakeBranch(link: Link): boolean {
  return (
    link.branchKey === link.requestId &&
    link.parentRequestId !== null &&
    competesForBranch(link) &&
    isOfSession(link)
  );
}

function isOfSession({ flags }: Pick<Link, "flags">): boolean {
  return (flags & EvidenceFlag.sessionInHeader) !== 0;
}

/**
 * The position of each member, by request id; none for side requests. Those of them that nothing but repetition shows to be
 * side requests are in `repeated`. Every member of a conversation must be given.
 */
export function branchPositions(members: readonly ConversationMember[]): {
  positions: Map<string, BranchPosition>;
  repeated: Set<string>;
} {
  const unrepeated = withoutSideRequests(members.toSorted((a, b) => (a.requestId < b.requestId ? -1 : 1)));
  const repeated = repeatedRequests(unrepeated);
  const sorted = unrepeated.filter(({ requestId }) => !repeated.has(requestId));
  const positions = new Map<string, BranchPosition>();
  const keepers = branchKeepers(sorted);
  const branchNames = new Map<string, BranchNames>();
  for (const member of sorted) {
    const parent = member.parentRequestId === null ? undefined : positions.get(member.parentRequestId);
    const spawner = member.taskParentId === null ? undefined : positions.get(member.taskParentId);
    const { requestId } = member;
    const conversationId = (parent ?? spawner)?.conversationId ?? conversationIdOf(requestId);
    const names = branchNames.get(conversationId) ?? { used: new Set(), subtasks: 0 };
    branchNames.set(conversationId, names);
    const newBranch = (name: string): BranchPosition => ({
      conversationId,
      branchKey: requestId,
      branchId: uniqueName(name, names),
      isSubtask: parent?.isSubtask ?? false,
      parentTaskRequestId: parent?.parentTaskRequestId ?? null,
    });
    const position = (): BranchPosition => {
      if (member.linkKind === "subtask") {
        const subtask = newBranch(`subtask_${++names.subtasks}`);
        return { ...subtask, isSubtask: true, parentTaskRequestId: member.taskParentId };
      }
      if (!parent) return newBranch("main");
      if (member.linkKind === "compact") return newBranch(`compact_${timestamp(requestId).slice(8)}`);
      if (!competesForBranch(member)) return parent;
      return keepers.has(requestId) ? parent : newBranch(`branch_${timestamp(requestId)}`);
    };
    positions.set(requestId, position());
  }
  return { positions, repeated };
}

/**
 * The requests with a text that a client repeats: at two or more points of one conversation, requests with this text were never
 * continued and lost the branch to another. A request that nothing competes with is none of them.
 */
function repeatedRequests(sorted: readonly ConversationMember[]): Set<string> {
  const keepers = branchKeepers(sorted);
  const attempts = firstAttempts(sorted);
  const attemptAt = ({ parentRequestId }: ConversationMember) =>
    parentRequestId && (attempts.get(parentRequestId) ?? parentRequestId);
  const continued = new Set(sorted.flatMap((member) => [member.parentRequestId, member.taskParentId]));
  const competing = Map.groupBy(sorted.filter(competesForBranch), attemptAt);
  const uncontinued = sorted.filter(
    (member) =>
      member.textKey !== null &&
      member.parentRequestId !== null &&
      member.linkKind === "turn" &&
      !continued.has(member.requestId) &&
      (competing.get(attemptAt(member))?.length ?? 0) > 1,
  );
  const roots = new Map<string | null, string>();
  for (const { requestId, parentRequestId, taskParentId } of sorted)
    roots.set(requestId, roots.get(parentRequestId) ?? roots.get(taskParentId) ?? requestId);
  const textIn = ({ requestId, textKey }: ConversationMember) => `${roots.get(requestId)} ${textKey}`;
  const points = new Map<string, Set<string | null>>();
  for (const member of uncontinued)
    if (!keepers.has(member.requestId))
      points.set(textIn(member), (points.get(textIn(member)) ?? new Set()).add(attemptAt(member)));
  const isRepeated = (member: ConversationMember) => (points.get(textIn(member))?.size ?? 0) > 1;
  return new Set(uncontinued.filter(isRepeated).map(({ requestId }) => requestId));
}

/** Without likely side requests that no other request continues: directly, as a retry or as a subtask. */
function withoutSideRequests(sorted: readonly ConversationMember[]): ConversationMember[] {
  const flags = new Map(sorted.map((member) => [member.requestId, member.flags]));
  const continued = new Set<string | null>();
  const kept: ConversationMember[] = [];
  for (const member of sorted.toReversed()) {
    const { requestId, parentRequestId, taskParentId, linkKind } = member;
    const parentFlags = flags.get(parentRequestId ?? "") ?? 0;
    if (isLikelySide(linkKind, member.flags, parentFlags) && !continued.has(requestId)) continue;
    kept.push(member);
    continued.add(parentRequestId).add(taskParentId);
  }
  return kept.reverse();
}

/**
 * The requests that stay on their parent's branch: of those that continue one request (or one of several attempts at it) the
 * first that is itself continued, else the first that the client states to be part of a conversation, else the first of all.
 * A request that is never continued may be a side request that nothing shows to be one. Where clients name no session, always
 * the first.
 */
function branchKeepers(sorted: readonly ConversationMember[]): Set<string> {
  const attempts = firstAttempts(sorted);
  const attemptAt = (requestId: string) => attempts.get(requestId) ?? requestId;
  const continued = new Set<string>();
  for (const { linkKind, parentRequestId } of sorted)
    if (linkKind !== "retry" && parentRequestId !== null) continued.add(attemptAt(parentRequestId));
  const weightOf = ({ requestId, flags }: ConversationMember) =>
    (continued.has(requestId) ? 2 : 0) + ((flags & EvidenceFlag.statedTurn) !== 0 ? 1 : 0);
  const keepers = new Map<string, ConversationMember>();
  for (const member of sorted) {
    if (member.parentRequestId === null || !competesForBranch(member)) continue;
    const attempt = attemptAt(member.parentRequestId);
    const keeper = keepers.get(attempt);
    const takesOver =
      keeper !== undefined &&
      weightOf(member) > weightOf(keeper) &&
      isOfSession(member) &&
      isOfSession(keeper);
    if (keeper === undefined || takesOver) keepers.set(attempt, member);
  }
  return new Set([...keepers.values()].map(({ requestId }) => requestId));
}

interface BranchNames {
  used: Set<string>;
  subtasks: number;
}

/** By request, the first of several attempts at it: continuing any of them continues this one. */
function firstAttempts(sorted: readonly ConversationMember[]): Map<string, string> {
  const first = new Map<string, string>();
  for (const { requestId, linkKind, parentRequestId } of sorted)
    first.set(
      requestId,
      linkKind === "retry" && parentRequestId !== null
        ? (first.get(parentRequestId) ?? parentRequestId)
        : requestId,
    );
  return first;
}

function uniqueName(name: string, { used }: BranchNames): string {
  let free = name;
  for (let n = 2; used.has(free); n++) free = `${name}_${n}`;
  used.add(free);
  return free;
}

/** Year to second of the request's start, UTC: 20250723193505. */
function timestamp(requestId: string): string {
  return new Date(startedAtOf(requestId) ?? 0).toISOString().slice(0, 19).replace(/\D/g, "");
}
