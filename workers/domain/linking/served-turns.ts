/**
 * The turns that side requests serve. A side request may repeat the history of a likely one: it serves that request where it is
 * part of a conversation, else what that request serves. Called by engine.ts.
 */
import { hasFlag } from "./parent/candidates.ts";
import { EvidenceFlag } from "./evidence/evidence.ts";
import type { ChosenParent, Layout } from "./layout.ts";
import type { LinkStore, Served } from "./link-store.ts";

/** By request id, for those of these requests that are side requests. */
export async function servedTurns(
  chosen: readonly ChosenParent[],
  layout: Layout,
  store: LinkStore,
): Promise<Map<string, Served>> {
  const likely = chosen.filter(({ choice }) => choice.isLikelySide).map(({ evidence }) => evidence.requestId);
  const targets = chosen.flatMap(({ choice }) => choice.servesRequestId ?? []);
  const members = await layout.membersAmong([...new Set([...likely, ...targets])]);
  const side = chosen.filter(
    ({ evidence, choice }) =>
      hasFlag(evidence, EvidenceFlag.sideRequest) ||
      (choice.isLikelySide && !members.has(evidence.requestId)),
  );
  const ids = new Set(side.map(({ evidence }) => evidence.requestId));
  const through = new Set(targets.filter((id) => !members.has(id) && !ids.has(id)));
  const stored = await store.servedBy([...through]);
  const served = new Map<string, Served>();
  for (const { evidence, choice } of side.toSorted((a, b) =>
    a.evidence.requestId < b.evidence.requestId ? -1 : 1,
  )) {
    const target = choice.servesRequestId;
    const servesRequestId =
      target === null || members.has(target)
        ? target
        : (layout.servedByRepeated(target) ??
          served.get(target)?.servesRequestId ??
          stored.get(target) ??
          null);
    served.set(evidence.requestId, {
      servesRequestId,
      linkConfidence: hasFlag(evidence, EvidenceFlag.sideRequest) ? "certain" : "likely",
    });
  }
  for (const id of layout.repeatedChanges()) {
    const servesRequestId = layout.servedByRepeated(id);
    if (servesRequestId !== null) served.set(id, { servesRequestId, linkConfidence: "likely" });
  }
  return served;
}
