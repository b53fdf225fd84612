/**
 * Links exchanges as they arrive, in any order, in any batches, more than once or late: the stored links are always those that
 * linking everything at once would give. Evidence depends on its own exchange only, a choice on earlier requests only. So an
 * arrival affects itself and the later requests that look for what it offers; these choose again, and where a choice changed
 * the conversations are rebuilt. Called by ingest (over Postgres) inside its transaction.
 */
import { together } from "../together.ts";
import { CandidateReader } from "./candidate-reader.ts";
import { dependentLookups, promptLookups, promptsNamedBy, servingLookups } from "./dependents.ts";
import {
  type Evidence,
  EvidenceFlag,
  type FullEvidence,
  isAncestorKey,
  KeyPurpose,
  type LinkKey,
} from "./evidence/evidence.ts";
import type { Lookup } from "./evidence/lookup.ts";
import { type ChosenParent, continuedBy, Layout, MAYBE_SIDE } from "./layout.ts";
import type { LinkResult, LinkStore } from "./link-store.ts";
import { chooseParent, firstLookups, olderLookups } from "./parent/choose.ts";
import { hasFlag, type ParentChoice } from "./parent/candidates.ts";
import { servedTurns } from "./served-turns.ts";

/** Choices take as many rounds as ambiguous ones depend on each other, which is few. */
const MAX_ROUNDS = 1_000;

type Affected = ReadonlyMap<string, { evidence: Evidence; keys: readonly LinkKey[] }>;

/**
 * Links these exchanges (new, or with a response that came late) and every request that they affect. Writes everything but the
 * rows of requests. Side requests leave the conversation in which they are stored; so do the requests `unlinked`, of which
 * there is no evidence.
 */
export async function linkExchanges(
  store: LinkStore,
  arrivals: readonly FullEvidence[],
  unlinked: readonly string[] = [],
): Promise<LinkResult> {
  const removed = [...unlinked, ...arrivals.filter(isSideRequest).map(({ requestId }) => requestId)];
  const layout = new Layout(store, new Set(arrivals.map(({ requestId }) => requestId)));
  if (removed.length > 0) await layout.remove(removed);
  const left = [...layout.takeLeft(), ...layout.repeatedChanges()];
  if (arrivals.length + left.length === 0) return { ...layout.result(), served: new Map() };
  const reader = new CandidateReader(store);
  const affected = new Map<string, { evidence: Evidence; keys: readonly LinkKey[] }>();
  for (const each of arrivals) affected.set(each.requestId, { evidence: each, keys: each.keys });

  const first = [...arrivals.map(({ requestId }) => requestId), ...left].reduce((a, b) => (b < a ? b : a));
  const ambiguousLookup: Lookup = {
    index: "ambiguous",
    key: 0n,
    after: first,
    limit: Number.MAX_SAFE_INTEGER,
  };
  const readFirst = async () => {
    const dependents = dependentLookups(arrivals, await promptsNamedBy(store, arrivals));
    await reader.fetch([...dependents, ...arrivals.flatMap(firstLookups), ambiguousLookup]);
    return dependents;
  };
  const [, dependents] = await together(store.saveEvidence(arrivals), readFirst());
  await addAffected([...(await evidenceFoundBy(dependents)), ...(await store.evidenceOf(left))]);
  const ambiguous = new Map<string, Evidence>();
  for (const { evidence } of await reader.find(ambiguousLookup)) ambiguous.set(evidence.requestId, evidence);

  async function evidenceFoundBy(lookups: readonly Lookup[]): Promise<Evidence[]> {
    const found: Evidence[] = [];
    for (const lookup of lookups) for (const { evidence } of await reader.find(lookup)) found.push(evidence);
    return found;
  }

  async function addAffected(others: readonly Evidence[]): Promise<void> {
    const distinct = new Map(others.map((evidence) => [evidence.requestId, evidence]));
    const added = [...distinct.values()].filter(({ requestId }) => !affected.has(requestId));
    if (added.length === 0) return;
    const keys = await store.keysOf(added.map(({ requestId }) => requestId));
    for (const evidence of added)
      affected.set(evidence.requestId, { evidence, keys: keys.get(evidence.requestId) ?? [] });
    // A request that chooses again may free a task call or be assigned another: later requests with its prompt are affected.
    const samePrompt = added.flatMap(({ requestId }) => promptLookups(requestId, keys.get(requestId) ?? []));
    await reader.fetch([...added.flatMap(firstLookups), ...samePrompt]);
    await addAffected(await evidenceFoundBy(samePrompt));
  }

  const choices = new Map<string, ParentChoice>();
  /** Chooses the parents of these requests; returns the ids of those whose choice changed. */
  const choose = async (ids: Iterable<string>): Promise<string[]> => {
    const changed: string[] = [];
    const sorted = [...ids].sort();
    const older: Lookup[] = [];
    for (const { evidence, keys } of sorted.map((id) => affected.get(id)!)) {
      const nearest = await evidenceFoundBy(firstLookups(evidence));
      older.push(...olderLookups(evidence, keys, nearest));
    }
    await reader.fetch(older);
    for (const id of sorted) {
      const { evidence, keys } = affected.get(id)!;
      const choice = await chooseParent(evidence, keys, reader.candidates(layout));
      reader.assign(id, choice.call);
      const before = choices.get(id);
      choices.set(id, choice);
      if (!before || !isSameChoice(before, choice)) changed.push(id);
    }
    return changed;
  };

  /** Chooses for these requests as well, where it was not done; returns those. */
  const chooseToo = async (others: readonly Evidence[]): Promise<Evidence[]> => {
    const added = others.filter(({ requestId }) => !choices.has(requestId));
    await addAffected(added);
    await choose(new Set(added.map(({ requestId }) => requestId)));
    return added;
  };

  const chosenOf = (id: string): ChosenParent => ({
    evidence: affected.get(id)!.evidence,
    choice: choices.get(id)!,
  });

  /** Places requests, with the likely side requests that they continue, which therefore are none. */
  const place = async (ids: readonly string[]): Promise<void> => {
    const chosen = new Map(ids.map((id) => [id, chosenOf(id)]));
    for (const [id, { evidence }] of chosen) if (isSideRequest(evidence)) chosen.delete(id);
    await layout.read([...chosen.values()]);
    const continued = new Set<string>();
    let next = [...chosen].flatMap(([id, each]) => (!each.choice.isLikelySide || layout.has(id) ? each : []));
    while (next.length > 0) {
      const sought = new Set(next.flatMap(continuedBy).filter((id) => !continued.has(id) && !layout.has(id)));
      const unknown = [...sought].filter((id) => !choices.has(id));
      if (unknown.length > 0) await chooseToo(await store.evidenceOf(unknown));
      next = [...sought].flatMap((id) => (choices.has(id) && !chosen.has(id) ? chosenOf(id) : []));
      next.push(...[...sought].flatMap((id) => (chosen.get(id)?.choice.isLikelySide ? chosen.get(id)! : [])));
      for (const each of next) {
        continued.add(each.evidence.requestId);
        chosen.set(each.evidence.requestId, each);
      }
      if (next.length > 0) await layout.read(next);
    }
    await layout.applyChoices([...chosen.values()], continued);
    const unchosen = [...layout.takeLeft(), ...layout.repeatedChanges()].filter((id) => !choices.has(id));
    const added = await chooseToo(await store.evidenceOf(unchosen));
    // What is no side request any more gets the evidence and confidence of its link back.
    const restored = added.flatMap(({ requestId }) => (layout.has(requestId) ? [requestId] : []));
    if (restored.length > 0) await place(restored);
  };

  await reader.releaseAssignments(
    [...affected.values()].map(({ evidence, keys }) => ({ requestId: evidence.requestId, keys })),
  );
  let changed = await choose(affected.keys());
  for (let round = 0; changed.length > 0; round++) {
    if (round > MAX_ROUNDS) throw new Error(`Links still change after ${MAX_ROUNDS} rounds`);
    await place(changed);
    // A conversation that grew or shrank may change the choices between conversations.
    await addAffected([...ambiguous.values()]);
    const undecided = [...choices].filter(([, { isAmbiguous }]) => isAmbiguous).map(([id]) => id);
    changed = await choose(new Set([...undecided, ...ambiguous.keys()]));
  }

  // What a likely side request serves, or that it is none, matters to the side requests that repeat its history.
  const arrived = new Set(arrivals.map(({ requestId }) => requestId));
  const joined = layout.result().added.map(({ requestId }) => requestId);
  const changedSides = new Set([...layout.repeatedChanges(), ...joined]);
  let serving = [...choices].flatMap(([id, { isLikelySide }]) =>
    (isLikelySide && !arrived.has(id)) || changedSides.has(id) ? [id] : [],
  );
  while (serving.length > 0) {
    const lookups = serving.flatMap((id) => servingLookups(affected.get(id)!.evidence));
    await reader.fetch(lookups);
    const found = await chooseToo((await evidenceFoundBy(lookups)).filter(mayServe));
    await place(found.map(({ requestId }) => requestId));
    serving = found.flatMap(({ requestId }) => (choices.get(requestId)!.isLikelySide ? [requestId] : []));
  }

  await saveLookupKeys(store, affected, choices, ambiguous);
  await reader.saveAssignments();
  const side = [...choices.keys()].map(chosenOf).filter(({ evidence }) => mayServe(evidence));
  const served = await servedTurns(side, layout, store);
  return { ...layout.result(), served };
}

function mayServe(evidence: Evidence): boolean {
  return hasFlag(evidence, EvidenceFlag.sideRequest | MAYBE_SIDE);
}

function isSideRequest(evidence: Evidence): boolean {
  return hasFlag(evidence, EvidenceFlag.sideRequest);
}

function isSameChoice(a: ParentChoice, b: ParentChoice): boolean {
  return (
    a.linkKind === b.linkKind &&
    a.servesRequestId === b.servesRequestId &&
    a.parentRequestId === b.parentRequestId &&
    a.taskParentId === b.taskParentId &&
    a.linkedBy === b.linkedBy &&
    a.linkConfidence === b.linkConfidence &&
    a.isAmbiguous === b.isAmbiguous
  );
}

/** Stores the keys by which later arrivals find the requests that they affect. Keys that are no longer needed stay. */
async function saveLookupKeys(
  store: LinkStore,
  affected: Affected,
  choices: ReadonlyMap<string, ParentChoice>,
  ambiguous: ReadonlyMap<string, Evidence>,
): Promise<void> {
  const keys: (LinkKey & { requestId: string })[] = [];
  const ambiguity: { requestId: string; isAmbiguous: boolean }[] = [];
  for (const [requestId, choice] of choices) {
    const { evidence, keys: all } = affected.get(requestId)!;
    if (choice.needsAncestorKeys)
      for (const key of all.filter(isAncestorKey)) keys.push({ requestId, ...key });
    // Most requests are found by their parent's response, the others by the end of the parent's history.
    if (choice.needsEndKey && evidence.priorEndKey !== null)
      keys.push({ requestId, purpose: KeyPurpose.ancestorEnd, key: evidence.priorEndKey, rank: 1 });
    if (choice.needsSessionKey && evidence.sessionKey !== null)
      keys.push({ requestId, purpose: KeyPurpose.session, key: evidence.sessionKey, rank: 1 });
    const { isAmbiguous } = choice;
    if (isAmbiguous !== ambiguous.has(requestId)) ambiguity.push({ requestId, isAmbiguous });
  }
  if (keys.length > 0) await store.saveKeys(keys);
  if (ambiguity.length > 0) await store.saveAmbiguity(ambiguity);
}
