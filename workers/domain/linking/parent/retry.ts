/** A retry: the same body again. Its parent is the attempt that it repeats. */
import { type Evidence, EvidenceFlag, type LinkKey } from "../evidence/evidence.ts";
import {
  boundariesOf,
  boundaryLookups,
  type Candidates,
  candidatesAt,
  DAY_MS,
  elapsedMs,
  hasFlag,
  isAgent,
  isSameThread,
  mayBeSamePlace,
  type ParentChoice,
  parentChoice,
  preferSamePlace,
} from "./candidates.ts";
import { chooseSubtask } from "./subtask.ts";

/** Without a session, a repeated first message is a retry only within 10 minutes of an attempt without a response. */
const MAX_FIRST_MESSAGE_RETRY_MS = 10 * 60 * 1_000;

export async function chooseRetry(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const [sameEnd] = boundaryLookups(request, { responseKey: null, endKey: request.endKey });
  const last = (await candidates.find(sameEnd!)).find(
    ({ evidence }) =>
      isSameThread(evidence, request) &&
      mayBeSamePlace(evidence, request) &&
      evidence.messageKey === request.messageKey &&
      evidence.systemKey === request.systemKey &&
      hasFlag(evidence, EvidenceFlag.compactAsk) === hasFlag(request, EvidenceFlag.compactAsk),
  )?.evidence;
  if (!last) return null;
  const hasSession = request.sessionKey !== null;
  const hasHistory = hasFlag(request, EvidenceFlag.hasHistory);
  const hadResponse = hasFlag(last, EvidenceFlag.hasResponse);
  const isRetry =
    hasSession || hasHistory
      ? elapsedMs(last, request) <= DAY_MS
      : !hadResponse && elapsedMs(last, request) <= MAX_FIRST_MESSAGE_RETRY_MS;
  if (!isRetry) return null;
  // Agents with equal prompts that do not name themselves: each takes a call of its own.
  if (hadResponse && !hasHistory && !isAgent(request)) {
    const subtask = await chooseSubtask(request, keys, candidates);
    if (subtask?.call) return subtask;
  }
  const parents = hasSession || !hadResponse ? null : await possibleParents(request, candidates);
  // Another client at the same point of an equal conversation is as likely as a retry by the same client.
  if (parents && parents.conversations > 1) return null;
  const isLikely = hasFlag(request, EvidenceFlag.clientRetry) || (hasHistory && !hadResponse);
  const confidence = hasSession ? "certain" : isLikely ? "likely" : "low";
  return parentChoice("retry", last.requestId, "hash", confidence, {
    isAmbiguous: (parents?.count ?? 1) > 1,
    needsEndKey: !hasSession,
  });
}

/** How many requests could be the parent of a request without ids, and in how many conversations they are. */
async function possibleParents(
  request: Evidence,
  candidates: Candidates,
): Promise<{ count: number; conversations: number } | null> {
  const [nearest] = boundariesOf(request, []);
  const pool = nearest && (await candidatesAt({ request, isEligible: () => true }, nearest, candidates));
  if (!pool || pool.best.length === 0) return null;
  const best = preferSamePlace(pool.best, request);
  const { conversations } = await candidates.inSmallestConversation(best, request.requestId);
  return { count: best.length, conversations };
}
