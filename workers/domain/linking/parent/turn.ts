/** A turn: the request's history contains the history of its parent, mostly with the parent's response. */
import { type Evidence, EvidenceFlag, KeyPurpose, type LinkKey } from "../evidence/evidence.ts";
import {
  boundariesOf,
  type Boundary,
  type CandidateFilter,
  type Candidates,
  candidatesAt,
  continuation,
  eligibleEvidence,
  hasFlag,
  isAgent,
  isSameThread,
  type LinkConfidence,
  type LinkedBy,
  type ParentChoice,
  parentChoice,
  preferSamePlace,
} from "./candidates.ts";

/** Its own thread first, where a session names one; then every request of the domain. */
export async function chooseTurn(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const { sessionKey } = request;
  const ofThread = { request, isEligible: (each: Evidence) => isSameThread(each, request) };
  const anyThread = { request, isEligible: () => true };
  const filters = sessionKey === null ? [anyThread] : [{ ...ofThread, sessionKey }, anyThread];
  // Without a session, a message that begins with another message proves nothing; a compact-ask after it does.
  if (sessionKey !== null || hasFlag(request, EvidenceFlag.compactAsk)) {
    const extended = await extendedMessage(sessionKey === null ? ofThread : filters[0]!, keys, candidates);
    if (extended) return extended;
  }
  for (const filter of filters)
    for (const boundary of boundariesOf(request, keys)) {
      const turn = await turnAt(filter, boundary, candidates);
      if (turn) return turn;
    }
  return null;
}

/** The parent whose newest message is the beginning of this request's newest message. */
async function extendedMessage(
  filter: CandidateFilter,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  for (const { purpose, key } of keys) {
    if (purpose !== KeyPurpose.messagePrefix) continue;
    const [last] = await eligibleEvidence(filter, "end", key, candidates);
    const confidence = filter.sessionKey === undefined ? "low" : "likely";
    if (last) return continuation(filter.request, last, "hash", confidence);
  }
  return null;
}

async function turnAt(
  filter: CandidateFilter,
  boundary: Boundary,
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const { request } = filter;
  const { rank, endKey } = boundary;
  const { best: all, isByResponse } = await candidatesAt(filter, boundary, candidates);
  if (all.length === 0) return null;
  const isOwnThread = filter.sessionKey !== undefined;
  const best = isOwnThread ? all : preferSamePlace(all, request);
  const { best: parent, conversations } = isOwnThread
    ? { best: best[0]!, conversations: 1 }
    : await candidates.inSmallestConversation(best, request.requestId);
  const isAmbiguous = !isOwnThread && best.length > 1;
  const hasSameEnd = parent.endKey === endKey;
  const linkedBy: LinkedBy = !isByResponse ? "hash" : hasSameEnd ? "answer" : "tools";
  const isCertain = isByResponse && (hasSameEnd || isOwnThread) && rank === 1;
  const confidence: LinkConfidence = conversations > 1 ? "low" : isCertain ? "certain" : "likely";
  if (isForkedAgent(request, parent))
    return parentChoice("subtask", null, "tools", confidence, {
      isAmbiguous,
      taskParentId: parent.requestId,
    });
  const isNearest = rank === 1 && (isOwnThread || request.sessionKey === null);
  return continuation(request, parent, linkedBy, confidence, {
    isAmbiguous,
    needsAncestorKeys: !isNearest,
    needsEndKey: !(isNearest && isByResponse),
  });
}

/** A forked agent begins with its parent's history. */
function isForkedAgent(request: Evidence, parent: Evidence): boolean {
  if (isAgent(request))
    return parent.sessionKey === request.sessionKey && parent.agentKey !== request.agentKey;
  return hasFlag(request, EvidenceFlag.startsFork);
}
