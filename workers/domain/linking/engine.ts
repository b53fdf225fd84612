/**
 * Linking as exchanges arrive: whatever comes, in any order, in any batches, twice or late, afterwards everything stored is
 * linked as if it had been linked at once. Evidence never changes by what others say; a choice depends on earlier requests
 * only. So an arrival concerns itself and those later ones that look for what it offers; these are chosen again, and where
 * a choice changed, the conversations concerned are laid out anew. Called by ingest (over Postgres) inside its transaction.
 */
import type { Evidence, LinkKey, FullEvidence } from "./evidence.ts";
import { KeyPurpose } from "./evidence.ts";
import { firstLookups, olderLookups, type ParentChoice, chooseParent } from "./choice.ts";
import { dependentLookups, promptLookups, promptsNamedBy } from "./dependents.ts";
import type { LinkResult, LinkStore, Lookup } from "./link-store.ts";
import { Layout } from "./layout.ts";
import { CandidateReader } from "./candidate-reader.ts";

/** Choices settle in as many rounds as ambiguous ones depend on each other, which is few. */
const MAX_ROUNDS = 1_000;

/** Links these exchanges, new ones and such whose answer came late, and links again whom they concern. Writes all but rows. */
export async function linkExchanges(store: LinkStore, made: readonly FullEvidence[]): Promise<LinkResult> {
  if (made.length === 0) return { links: new Map(), moved: [] };
  await store.saveEvidence(made);
  const reader = new CandidateReader(store);
  const dirty = new Map<string, { evidence: Evidence; keys: readonly LinkKey[] }>();
  for (const each of made) dirty.set(each.requestId, { evidence: each, keys: each.keys });

  const named = await promptsNamedBy(store, made);
  const dependents = dependentLookups(made, named);
  const choices = made.flatMap(firstLookups);
  const first = made.reduce(
    (least, { requestId }) => (requestId < least ? requestId : least),
    made[0]!.requestId,
  );
  const unsettled = { index: "ambiguous" as const, key: 0n, after: first, limit: Number.MAX_SAFE_INTEGER };
  await reader.fetch([...dependents, ...choices, unsettled]);
  await concern(await foundBy(dependents));
  const ambiguous = new Map<string, Evidence>();
  for (const { evidence } of await reader.find(unsettled)) ambiguous.set(evidence.requestId, evidence);

  async function foundBy(lookups: readonly Lookup[]): Promise<Evidence[]> {
    const found: Evidence[] = [];
    for (const lookup of lookups) for (const { evidence } of await reader.find(lookup)) found.push(evidence);
    return found;
  }

  async function concern(others: readonly Evidence[]): Promise<void> {
    const distinct = new Map(others.map((evidence) => [evidence.requestId, evidence]));
    const fresh = [...distinct.values()].filter(({ requestId }) => !dirty.has(requestId));
    if (fresh.length === 0) return;
    const keys = await store.keysOf(fresh.map(({ requestId }) => requestId));
    for (const evidence of fresh)
      dirty.set(evidence.requestId, { evidence, keys: keys.get(evidence.requestId) ?? [] });
    // Whoever is chosen again may leave the call it took, or take another, to those that began like it later.
    const alike = fresh.flatMap(({ requestId }) => promptLookups(requestId, keys.get(requestId) ?? []));
    await reader.fetch([...fresh.flatMap(firstLookups), ...alike]);
    await concern(await foundBy(alike));
  }

  const layout = new Layout(store, new Set(made.map(({ requestId }) => requestId)));
  const parentages = new Map<string, ParentChoice>();
  const choose = async (ids: Iterable<string>): Promise<string[]> => {
    const changed: string[] = [];
    const sorted = [...ids].sort();
    const older: Lookup[] = [];
    for (const { evidence, keys } of sorted.map((id) => dirty.get(id)!)) {
      const nearest: Evidence[] = [];
      for (const lookup of firstLookups(evidence))
        nearest.push(...(await reader.find(lookup)).map((found) => found.evidence));
      older.push(...olderLookups(evidence, keys, nearest));
    }
    await reader.fetch(older);
    for (const id of sorted) {
      const { evidence, keys } = dirty.get(id)!;
      const parentage = await chooseParent(evidence, keys, reader.candidates(layout));
      reader.assign(id, parentage.call);
      const before = parentages.get(id);
      parentages.set(id, parentage);
      if (!before || !isSame(before, parentage)) changed.push(id);
    }
    return changed;
  };

  await reader.releaseAssignments(
    [...dirty.values()].map(({ evidence, keys }) => ({ requestId: evidence.requestId, keys })),
  );
  let changed = await choose(dirty.keys());
  for (let round = 0; changed.length > 0; round++) {
    if (round > MAX_ROUNDS) throw new Error("Links do not settle");
    await layout.applyChoices(
      changed.map((id) => ({ evidence: dirty.get(id)!.evidence, parentage: parentages.get(id)! })),
    );
    // Where conversations grew or shrank, choices between them may fall otherwise.
    await concern([...ambiguous.values()]);
    const undecided = [...parentages].filter(([, { isAmbiguous }]) => isAmbiguous).map(([id]) => id);
    changed = await choose(new Set([...undecided, ...ambiguous.keys()]));
  }

  await saveNeeds(store, dirty, parentages, ambiguous);
  await reader.saveAssignments();
  return layout.result();
}

function isSame(a: ParentChoice, b: ParentChoice): boolean {
  return (
    a.linkKind === b.linkKind &&
    a.parentRequestId === b.parentRequestId &&
    a.taskParentId === b.taskParentId &&
    a.linkedBy === b.linkedBy &&
    a.linkConfidence === b.linkConfidence &&
    a.isAmbiguous === b.isAmbiguous
  );
}

/** What has to be there for later arrivals to find whom they concern; kept also when it is no longer needed. */
async function saveNeeds(
  store: LinkStore,
  dirty: ReadonlyMap<string, { evidence: Evidence; keys: readonly LinkKey[] }>,
  parentages: ReadonlyMap<string, ParentChoice>,
  ambiguous: ReadonlyMap<string, Evidence>,
): Promise<void> {
  const keys: (LinkKey & { requestId: string })[] = [];
  const ambiguity: { requestId: string; isAmbiguous: boolean }[] = [];
  for (const [requestId, { wantsAncestors, wantsEnd, wantsFallback, isAmbiguous }] of parentages) {
    const { evidence, keys: all } = dirty.get(requestId)!;
    if (wantsAncestors)
      for (const key of all)
        if (key.purpose === KeyPurpose.ancestorAnswer || key.purpose === KeyPurpose.ancestorEnd)
          keys.push({ requestId, ...key });
    // Most are found by their parent's answer; the others wait by the end of its history.
    if (wantsEnd && evidence.priorEndKey !== null)
      keys.push({ requestId, purpose: KeyPurpose.ancestorEnd, key: evidence.priorEndKey, rank: 1 });
    if (wantsFallback && evidence.sessionKey !== null)
      keys.push({ requestId, purpose: KeyPurpose.session, key: evidence.sessionKey, rank: 1 });
    if (isAmbiguous !== ambiguous.has(requestId)) ambiguity.push({ requestId, isAmbiguous });
  }
  if (keys.length > 0) await store.saveKeys(keys);
  if (ambiguity.length > 0) await store.saveAmbiguity(ambiguity);
}
