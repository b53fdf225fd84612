/**
 * Chooses a request's parent among the evidence of earlier requests. The choice is a function of their set, not of their
 * order of arrival. Strongest first: ids, then tool ids and responses found in the history, then the history alone; each choice
 * states what it rests on and its confidence. Called by engine.ts, which supplies the candidates.
 */
import { type Evidence, EvidenceFlag, type LinkKey } from "../evidence/evidence.ts";
import type { Lookup } from "../evidence/lookup.ts";
import {
  boundariesOf,
  boundaryLookups,
  type Candidates,
  continuation,
  hasFlag,
  isSameThread,
  latestOfThread,
  type ParentChoice,
  parentChoice,
} from "./candidates.ts";
import { chooseCompact } from "./compact.ts";
import { chooseRetry } from "./retry.ts";
import { chooseServed } from "./served.ts";
import { chooseSubtask } from "./subtask.ts";
import { chooseTurn } from "./turn.ts";

export async function chooseParent(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice> {
  if (hasFlag(request, EvidenceFlag.sideRequest)) return chooseServed(request, keys, candidates);
  const choice = await chooseLink(request, keys, candidates);
  if (!choice.isLikelySide && !hasFlag(request, EvidenceFlag.likelySideRequest)) return choice;
  const served = await chooseServed(request, keys, candidates);
  return {
    ...choice,
    isLikelySide: true,
    servesRequestId: served.servesRequestId,
    isAmbiguous: choice.isAmbiguous || served.isAmbiguous,
    needsAncestorKeys: choice.needsAncestorKeys || served.needsAncestorKeys,
    needsEndKey: choice.needsEndKey || served.needsEndKey,
  };
}

async function chooseLink(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice> {
  if (hasFlag(request, EvidenceFlag.bodyMissing))
    return (await chooseBySession(request, keys, candidates)) ?? withoutParent(request);
  return (
    (await chooseRetry(request, keys, candidates)) ??
    (await chooseTurn(request, keys, candidates)) ??
    (await chooseCompact(request, keys, candidates)) ??
    (await chooseSubtask(request, keys, candidates)) ??
    (await chooseBySession(request, keys, candidates)) ??
    withoutParent(request)
  );
}

/** The look-ups that every choice begins with; fetched together. */
export function firstLookups(request: Evidence): Lookup[] {
  const { endKey, priorResponseKey, priorEndKey } = request;
  return [
    ...boundaryLookups(request, { responseKey: null, endKey }),
    ...boundaryLookups(request, { responseKey: priorResponseKey, endKey: priorEndKey }),
  ];
}

/**
 * The look-ups of the older boundaries, where nothing of the request's own thread was found at the nearest one (`nearest`).
 * Fetched together, because the choice reads them one after the other.
 */
export function olderLookups(
  request: Evidence,
  keys: readonly LinkKey[],
  nearest: readonly Evidence[],
): Lookup[] {
  if (nearest.some((each) => isSameThread(each, request))) return [];
  return boundariesOf(request, keys)
    .filter(({ rank }) => rank > 1)
    .flatMap((boundary) => boundaryLookups(request, boundary));
}

/** Where no part of its history is known: the previous request of the same session and agent. */
async function chooseBySession(
  request: Evidence,
  keys: readonly LinkKey[],
  { find }: Candidates,
): Promise<ParentChoice | null> {
  const hasEarlier =
    boundariesOf(request, keys).length > 0 ||
    hasFlag(request, EvidenceFlag.compactAsk | EvidenceFlag.bodyMissing);
  if (!hasEarlier) return null;
  const parent = await latestOfThread(request, request.agentKey, find);
  if (!parent) return null;
  const confidence = hasFlag(request, EvidenceFlag.sessionInHeader) ? "likely" : "low";
  return continuation(request, parent, "ids", confidence, { needsSessionKey: true });
}

function withoutParent(request: Evidence): ParentChoice {
  const isCompactAsk = hasFlag(request, EvidenceFlag.compactAsk);
  const isRoot = !isCompactAsk && !hasFlag(request, EvidenceFlag.hasHistory);
  const isCertain = isRoot && !hasFlag(request, EvidenceFlag.bodyMissing);
  const kind = isRoot ? "root" : isCompactAsk ? "compact-ask" : "turn";
  return parentChoice(kind, null, "none", isCertain ? "certain" : "low", {
    needsSessionKey: request.sessionKey !== null && !isCertain,
  });
}
