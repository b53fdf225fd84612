/** The result of choosing a request's parent, and its candidates: earlier requests that may have sent its history. */
import { startedAtOf } from "../../exchange-id.ts";
import {
  type Evidence,
  EvidenceFlag,
  isAncestorKey,
  KeyPurpose,
  type LinkKey,
} from "../evidence/evidence.ts";
import type { FoundEvidence, Lookup, StoredCall } from "../evidence/lookup.ts";

export type LinkKind =
  "root" | "turn" | "retry" | "fork" | "resume" | "compact-ask" | "compact" | "subtask" | "aux";
export type LinkedBy = "ids" | "tools" | "answer" | "hash" | "summary" | "prompt" | "none";
export type LinkConfidence = "certain" | "likely" | "low";

export interface ParentChoice {
  linkKind: LinkKind;
  parentRequestId: string | null;
  /** The spawning request; of the first request of a subtask. */
  taskParentId: string | null;
  linkedBy: LinkedBy;
  linkConfidence: LinkConfidence;
  /** Several candidates matched, so the choice depends on their conversations and the sizes of these. */
  isAmbiguous: boolean;
  /** Nothing but the session links it, so later arrivals of the session matter. */
  needsSessionKey: boolean;
  /** A parent of its own thread may arrive that matches further back in its history. */
  needsAncestorKeys: boolean;
  /** A parent may arrive whose response is not known. */
  needsEndKey: boolean;
  /** The task call assigned to this subtask. */
  call: StoredCall | null;
  /** A side request unless a later request continues it. */
  isLikelySide: boolean;
  /** Of a side request, also a likely one: the request that it serves; null where that is not known. */
  servesRequestId: string | null;
}

export function parentChoice(
  linkKind: LinkKind,
  parentRequestId: string | null,
  linkedBy: LinkedBy,
  linkConfidence: LinkConfidence,
  more: Partial<ParentChoice> = {},
): ParentChoice {
  return {
    linkKind,
    parentRequestId,
    taskParentId: null,
    linkedBy,
    linkConfidence,
    isAmbiguous: false,
    needsSessionKey: false,
    needsAncestorKeys:
      linkedBy === "none" || linkedBy === "ids" || linkKind === "subtask" || linkKind === "compact",
    needsEndKey: true,
    call: null,
    isLikelySide: false,
    servesRequestId: null,
    ...more,
  };
}

/** What a choice reads; everything is of earlier requests, newest first. */
export interface Candidates {
  find: (lookup: Lookup) => Promise<FoundEvidence[]>;
  /** The newest of these in the conversation with the fewest requests so far, and how many conversations they are in. */
  inSmallestConversation: (
    of: readonly Evidence[],
    before: string,
  ) => Promise<{ best: Evidence; conversations: number }>;
  callsOf: (promptKeys: readonly bigint[]) => Promise<StoredCall[]>;
  /** Whether the call is assigned to a subtask that began before request `by`. */
  isAssignedBefore: (call: StoredCall, by: string) => boolean;
}

/** Of requests with one key, at most the newest 100 are candidates. */
export const MAX_CANDIDATES = 100;
export const DAY_MS = 24 * 60 * 60 * 1_000;

export function hasFlag({ flags }: Evidence, flag: number): boolean {
  return (flags & flag) !== 0;
}

/**
 * Whether a request with these flags is a side request as long as no other request continues it: by its own texts or shape, or
 * because Claude Code caches the parent, which has `parentFlags`, and not this turn.
 */
export function isLikelySide(kind: LinkKind, flags: number, parentFlags: number): boolean {
  return (
    (flags & EvidenceFlag.likelySideRequest) !== 0 ||
    (kind === "turn" &&
      (flags & EvidenceFlag.isUncached) !== 0 &&
      (flags & EvidenceFlag.statedTurn) === 0 &&
      (parentFlags & EvidenceFlag.isCached) !== 0)
  );
}

/** The choice of a request that continues the history of `parent`. */
export function continuation(
  request: Evidence,
  parent: Evidence,
  linkedBy: LinkedBy,
  linkConfidence: LinkConfidence,
  more: Partial<ParentChoice> = {},
): ParentChoice {
  const kind = continuationKind(request, parent);
  return parentChoice(kind, parent.requestId, linkedBy, linkConfidence, {
    isLikelySide: isLikelySide(kind, request.flags, parent.flags),
    ...more,
  });
}

export function isSameThread({ sessionKey, agentKey }: Evidence, request: Evidence): boolean {
  return sessionKey === request.sessionKey && agentKey === request.agentKey;
}

/** True for the requests of an agent; the main thread of a session has agent key 0. */
export function isAgent({ agentKey }: Evidence): boolean {
  return agentKey !== null && agentKey !== 0n;
}

export function elapsedMs(earlier: Pick<Evidence, "requestId">, later: Evidence): number {
  return (startedAtOf(later.requestId) ?? 0) - (startedAtOf(earlier.requestId) ?? 0);
}

/** The kind of a request that continues the history of `parent`. */
function continuationKind(request: Evidence, parent: Evidence): LinkKind {
  const { sessionKey } = request;
  if (sessionKey !== null && parent.sessionKey !== null && sessionKey !== parent.sessionKey)
    return hasFlag(request, EvidenceFlag.sessionInHeader) ? "fork" : "resume";
  return hasFlag(request, EvidenceFlag.compactAsk) ? "compact-ask" : "turn";
}

/** A point of a history where an earlier request may have ended; rank 1 is the nearest. */
export interface Boundary {
  rank: number;
  responseKey: bigint | null;
  endKey: bigint | null;
}

/** The boundaries of a request's history, nearest first. */
export function boundariesOf(request: Evidence, keys: readonly LinkKey[]): Boundary[] {
  const boundaries: Boundary[] = [];
  if (request.priorResponseKey !== null || request.priorEndKey !== null)
    boundaries.push({ rank: 1, responseKey: request.priorResponseKey, endKey: request.priorEndKey });
  const older = new Map<number, Boundary>();
  for (const { purpose, key, rank } of keys.filter(isAncestorKey)) {
    if (rank === 1) continue;
    const boundary = older.get(rank) ?? { rank, responseKey: null, endKey: null };
    if (purpose === KeyPurpose.ancestorResponse) boundary.responseKey = key;
    else boundary.endKey = key;
    older.set(rank, boundary);
  }
  return [...boundaries, ...[...older.values()].sort((a, b) => a.rank - b.rank)];
}

/** The look-ups of a boundary, the stronger first. */
export function boundaryLookups(
  request: Evidence,
  { responseKey, endKey }: Omit<Boundary, "rank">,
): Lookup[] {
  const before = { before: request.requestId, limit: MAX_CANDIDATES };
  const lookups: Lookup[] = [];
  if (responseKey !== null) lookups.push({ index: "response", key: responseKey, ...before });
  if (endKey !== null) lookups.push({ index: "end", key: endKey, ...before });
  return lookups;
}

export interface CandidateFilter {
  request: Evidence;
  isEligible: (each: Evidence) => boolean;
  /** Finds those of one session where more than MAX_CANDIDATES requests share a key. */
  sessionKey?: bigint;
}

export async function eligibleEvidence(
  { request, isEligible, sessionKey }: CandidateFilter,
  index: "end" | "response",
  key: bigint,
  { find }: Candidates,
): Promise<readonly Evidence[]> {
  const lookup: Lookup = { index, key, before: request.requestId, limit: MAX_CANDIDATES };
  const all = await find(lookup);
  // A history without the response of a likely side request does not continue that request.
  const isLeftOut = (each: Evidence) => index === "end" && hasFlag(each, EvidenceFlag.hasResponse);
  const eligible = (found: readonly FoundEvidence[]) => {
    const all = found.map(({ evidence }) => evidence).filter(isEligible);
    const others = all.filter((each) => !hasFlag(each, EvidenceFlag.likelySideRequest));
    return others.length > 0 ? others : all.filter((each) => !isLeftOut(each));
  };
  const matching = eligible(all);
  if (matching.length > 0 || all.length < MAX_CANDIDATES || sessionKey === undefined) return matching;
  return eligible(await find({ ...lookup, sessionKey }));
}

/** The likeliest candidates at a boundary: found by their response, else by the end of their history. */
export async function candidatesAt(
  filter: CandidateFilter,
  { rank, responseKey, endKey }: Boundary,
  candidates: Candidates,
): Promise<{ best: readonly Evidence[]; isByResponse: boolean }> {
  const withResponse =
    responseKey === null ? [] : await eligibleEvidence(filter, "response", responseKey, candidates);
  const isByResponse = withResponse.length > 0;
  const pool =
    isByResponse || endKey === null
      ? withResponse
      : await eligibleEvidence(filter, "end", endKey, candidates);
  const sameEnd = preferMatching(pool, (each) => each.endKey === endKey);
  const isSame = (each: Evidence) => rank === 1 && each.messageKey === filter.request.priorMessageKey;
  return { best: preferMatching(sameEnd, isSame), isByResponse };
}

/** Those of the request's device and of its working directory, where there are any and both are known. */
export function preferSamePlace(all: readonly Evidence[], request: Evidence): readonly Evidence[] {
  const { deviceKey, directoryKey } = request;
  const ofDevice = deviceKey === null ? all : preferMatching(all, (each) => each.deviceKey === deviceKey);
  return directoryKey === null
    ? ofDevice
    : preferMatching(ofDevice, (each) => each.directoryKey === directoryKey);
}

/** False where the two state different devices or working directories. */
export function mayBeSamePlace(a: Evidence, b: Evidence): boolean {
  const agrees = (x: bigint | null, y: bigint | null) => x === null || y === null || x === y;
  return agrees(a.deviceKey, b.deviceKey) && agrees(a.directoryKey, b.directoryKey);
}

/** The matching ones; all where none matches. */
function preferMatching(all: readonly Evidence[], matches: (each: Evidence) => boolean): readonly Evidence[] {
  const matching = all.filter(matches);
  return matching.length > 0 ? matching : all;
}

/** The newest earlier request of the request's session by this agent (0: the main thread). */
export async function latestOfThread(
  { requestId, sessionKey }: Evidence,
  agentKey: bigint | null,
  find: Candidates["find"],
): Promise<Evidence | undefined> {
  if (sessionKey === null || agentKey === null) return undefined;
  const thread = { index: "thread" as const, key: sessionKey, sessionKey, agentKey };
  const [last] = await find({ ...thread, before: requestId, limit: 1 });
  return last?.evidence;
}
