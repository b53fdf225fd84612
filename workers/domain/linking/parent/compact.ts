/** The first request that carries a summary. Its parent is the compact-ask whose response is that summary. */
import { MIN_LIKELY_WORDS } from "../evidence/compaction.ts";
import { type Evidence, EvidenceFlag, KeyPurpose, type LinkKey } from "../evidence/evidence.ts";
import type { FoundEvidence } from "../evidence/lookup.ts";
import {
  type Candidates,
  DAY_MS,
  elapsedMs,
  hasFlag,
  latestOfThread,
  type LinkConfidence,
  type LinkedBy,
  MAX_CANDIDATES,
  type ParentChoice,
  parentChoice,
  preferSamePlace,
} from "./candidates.ts";

/** Without a session, a summary is looked for among those of the last week. */
const MAX_SUMMARY_AGE_MS = 7 * DAY_MS;

export async function chooseCompact(
  request: Evidence,
  keys: readonly LinkKey[],
  { find, inSmallestConversation }: Candidates,
): Promise<ParentChoice | null> {
  if (!hasFlag(request, EvidenceFlag.carriesSummary)) return null;
  const { sessionKey } = request;
  const before = { before: request.requestId, limit: MAX_CANDIDATES };
  const compact = (
    parent: Evidence | null,
    linkedBy: LinkedBy,
    confidence: LinkConfidence,
    isAmbiguous = false,
  ) =>
    parentChoice("compact", parent?.requestId ?? null, linkedBy, confidence, {
      isAmbiguous,
      needsSessionKey: true,
    });
  const wanted = keys
    .filter(({ purpose }) => purpose === KeyPurpose.wantedSummary)
    .toSorted((a, b) => b.rank - a.rank);
  const offers: FoundEvidence[] = [];
  for (const { key } of wanted)
    offers.push(...(await find({ index: KeyPurpose.offeredSummary, key, ...before })));
  const own = offers.find(
    ({ evidence }) => evidence.sessionKey !== null && evidence.sessionKey === sessionKey,
  );
  if (own) return compact(own.evidence, "summary", "certain");
  if (sessionKey !== null) {
    const [ask] = await find({ index: KeyPurpose.compactAsk, key: sessionKey, ...before });
    if (ask) return compact(ask.evidence, "ids", "likely");
  }
  const words = offers[0]?.rank ?? 0;
  const recent = preferSamePlace(
    offers
      .filter(({ evidence, rank }) => rank === words && elapsedMs(evidence, request) <= MAX_SUMMARY_AGE_MS)
      .map(({ evidence }) => evidence),
    request,
  );
  if (recent.length > 0) {
    const { conversations } = await inSmallestConversation(recent, request.requestId);
    const isLikely = conversations === 1 && words >= MIN_LIKELY_WORDS;
    return compact(recent[0]!, "summary", isLikely ? "likely" : "low", recent.length > 1);
  }
  const thread = await latestOfThread(request, request.agentKey, find);
  return thread ? compact(thread, "ids", "low") : compact(null, "none", "low");
}
