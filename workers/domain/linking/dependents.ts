/** Whom an arrival concerns: the look-ups that find later requests waiting for what it offers. Called by engine.ts. */
import { type LinkKey, type FullEvidence, KeyPurpose } from "./evidence.ts";
import type { LinkStore, Lookup } from "./link-store.ts";

const ALL = 100_000;
/** A request looks at so many earlier ones with its own key, so it is seen by as many later ones. */
const NEXT = 100;

interface NamedPrompt {
  promptKey: bigint;
  /** Requests before this one cannot have come of the call. */
  after: string;
}

/** Prompts of calls that the newest results give an agent to: whoever began with such a prompt is concerned. */
export async function promptsNamedBy(
  store: LinkStore,
  made: readonly FullEvidence[],
): Promise<NamedPrompt[]> {
  const naming = made.filter(({ mentions, tasks }) => mentions.length > 0 || tasks.length > 0);
  if (naming.length === 0) return [];
  const calls = await store.callsNamedBy(naming);
  return calls.map(({ promptKey, requestId }) => ({ promptKey, after: requestId }));
}

export function dependentLookups(made: readonly FullEvidence[], named: readonly NamedPrompt[]): Lookup[] {
  const lookups: Lookup[] = [];
  for (const { requestId, endKey, answerKey, sessionKey, keys, tasks } of made) {
    const after = { after: requestId, limit: ALL };
    if (answerKey !== null) {
      lookups.push({ index: "priorAnswer", key: answerKey, ...after });
      lookups.push({ index: KeyPurpose.ancestorAnswer, key: answerKey, ...after });
    }
    lookups.push({ index: KeyPurpose.ancestorEnd, key: endKey, ...after });
    lookups.push({ index: KeyPurpose.messagePrefix, key: endKey, ...after });
    lookups.push({ index: "end", key: endKey, after: requestId, limit: NEXT });
    if (sessionKey !== null) lookups.push({ index: KeyPurpose.session, key: sessionKey, ...after });
    lookups.push(...promptLookups(requestId, keys));
    for (const { purpose, key } of keys)
      if (purpose === KeyPurpose.offeredSummary)
        lookups.push({ index: KeyPurpose.wantedSummary, key, ...after });
    for (const { promptKey } of tasks)
      lookups.push({ index: KeyPurpose.taskPrompt, key: promptKey, ...after });
  }
  for (const { promptKey, after } of named)
    lookups.push({ index: KeyPurpose.taskPrompt, key: promptKey, after, limit: ALL });
  return lookups;
}

/** Those that began later with the same words: they compete for the same calls. */
export function promptLookups(requestId: string, keys: readonly LinkKey[]): Lookup[] {
  return keys
    .filter(({ purpose }) => purpose === KeyPurpose.taskPrompt)
    .map(({ key }) => ({ index: KeyPurpose.taskPrompt, key, after: requestId, limit: ALL }));
}
