/** The look-ups that find the later requests which an arrival affects. Called by engine.ts. */
import {
  type Evidence,
  type FullEvidence,
  KeyPurpose,
  type LinkKey,
  type Purpose,
} from "./evidence/evidence.ts";
import type { Lookup } from "./evidence/lookup.ts";
import type { LinkStore } from "./link-store.ts";
import { MAX_CANDIDATES } from "./parent/candidates.ts";

const MAX_DEPENDENTS = 100_000;

interface NamedPrompt {
  promptKey: bigint;
  /** Requests before this one cannot come from the call. */
  after: string;
}

/** The prompts of calls whose agent the newest tool results name: requests that begin with such a prompt are affected. */
export async function promptsNamedBy(
  store: LinkStore,
  arrivals: readonly FullEvidence[],
): Promise<NamedPrompt[]> {
  const naming = arrivals.filter(({ mentions, tasks }) => mentions.length > 0 || tasks.length > 0);
  if (naming.length === 0) return [];
  const calls = await store.callsNamedBy(naming);
  return calls.map(({ promptKey, requestId }) => ({ promptKey, after: requestId }));
}

/** The look-ups of requests that repeat this request's history or message, and of those of its thread that nothing else links. */
export function servingLookups({ requestId, endKey, responseKey, sessionKey, agentKey }: Evidence): Lookup[] {
  const after = { after: requestId, limit: MAX_DEPENDENTS };
  const lookups: Lookup[] = [
    { index: KeyPurpose.ancestorEnd, key: endKey, ...after },
    { index: KeyPurpose.messagePrefix, key: endKey, ...after },
  ];
  if (responseKey !== null)
    lookups.push(
      { index: "priorResponse", key: responseKey, ...after },
      { index: KeyPurpose.ancestorResponse, key: responseKey, ...after },
    );
  if (sessionKey !== null && agentKey !== null)
    lookups.push({ index: "sideRequests", key: sessionKey, sessionKey, agentKey, ...after });
  return lookups;
}

/** The keys of requests that look for what a key offers. */
const SOUGHT_BY: { readonly [offered: number]: Purpose | undefined } = {
  [KeyPurpose.offeredSummary]: KeyPurpose.wantedSummary,
  [KeyPurpose.workflowCall]: KeyPurpose.workflowAgent,
};

export function dependentLookups(
  arrivals: readonly FullEvidence[],
  prompts: readonly NamedPrompt[],
): Lookup[] {
  const lookups: Lookup[] = [];
  for (const arrival of arrivals) {
    const { requestId, endKey, sessionKey, keys, tasks } = arrival;
    const after = { after: requestId, limit: MAX_DEPENDENTS };
    lookups.push(
      ...servingLookups(arrival),
      // A request considers MAX_CANDIDATES earlier ones with its own key, so as many later ones may consider it.
      { index: "end", key: endKey, after: requestId, limit: MAX_CANDIDATES },
    );
    if (sessionKey !== null) lookups.push({ index: KeyPurpose.session, key: sessionKey, ...after });
    lookups.push(...promptLookups(requestId, keys));
    for (const { purpose, key } of keys) {
      const sought = SOUGHT_BY[purpose];
      if (sought !== undefined) lookups.push({ index: sought, key, ...after });
    }
    for (const { promptKey } of tasks)
      lookups.push({ index: KeyPurpose.taskPrompt, key: promptKey, ...after });
  }
  for (const { promptKey, after } of prompts)
    lookups.push({ index: KeyPurpose.taskPrompt, key: promptKey, after, limit: MAX_DEPENDENTS });
  return lookups;
}

/** Later requests that begin with the same prompt: they compete for the same calls. */
export function promptLookups(requestId: string, keys: readonly LinkKey[]): Lookup[] {
  return keys
    .filter(({ purpose }) => purpose === KeyPurpose.taskPrompt)
    .map(({ key }) => ({ index: KeyPurpose.taskPrompt, key, after: requestId, limit: MAX_DEPENDENTS }));
}
