/** The first request of a subtask. It has no parent; the request whose response holds the task call is its spawner. */
import { type Evidence, KeyPurpose, type LinkKey } from "../evidence/evidence.ts";
import type { StoredCall } from "../evidence/lookup.ts";
import {
  boundariesOf,
  type Candidates,
  DAY_MS,
  elapsedMs,
  isAgent,
  latestOfThread,
  MAX_CANDIDATES,
  mayBeSamePlace,
  type LinkConfidence,
  type LinkedBy,
  type ParentChoice,
  parentChoice,
} from "./candidates.ts";

/** Calls within the last 30 seconds are preferred: most agents begin at once. */
const PREFERRED_DELAY_MS = 30 * 1_000;

export async function chooseSubtask(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice | null> {
  const prompts = ofPurpose(keys, KeyPurpose.taskPrompt).map(({ key }) => key);
  if (boundariesOf(request, keys).length > 0 || (prompts.length === 0 && !isAgent(request))) return null;
  const subtask = (
    taskParentId: string | null,
    linkedBy: LinkedBy,
    confidence: LinkConfidence,
    more: Partial<ParentChoice>,
  ) => parentChoice("subtask", null, linkedBy, confidence, { taskParentId, ...more });
  const assignable = (call: StoredCall) =>
    candidates.isAssignedBefore(call, request.requestId) ? null : call;

  const workflow = ofPurpose(keys, KeyPurpose.workflowAgent);
  for (const [n, { key }] of workflow.entries()) {
    const lookup = { index: KeyPurpose.workflowCall, key, before: request.requestId, limit: MAX_CANDIDATES };
    const callers = (await candidates.find(lookup)).map(({ evidence }) => evidence);
    const caller = callers.find(
      (each) => mayBeSamePlace(each, request) && elapsedMs(each, request) <= DAY_MS,
    );
    if (!caller) continue;
    if (request.sessionKey === null) return subtask(caller.requestId, "prompt", "low", {});
    return subtask(caller.requestId, "ids", n === 0 && workflow.length > 1 ? "certain" : "likely", {});
  }
  const calls = await matchingCalls(request, prompts, candidates);
  const named = calls.find(({ agentKey }) => agentKey !== null && agentKey === request.agentKey);
  if (named) return subtask(named.requestId, "ids", "certain", { call: assignable(named) });
  const spawnerAgent = keys.find(({ purpose }) => purpose === KeyPurpose.parentAgent)?.key ?? 0n;
  const mismatch = (call: StoredCall) =>
    (isAgent(request) && call.agentKey !== null ? 8 : 0) +
    (assignable(call) === null ? 4 : 0) +
    (isAgent(request) && call.caller.agentKey !== spawnerAgent ? 2 : 0) +
    (elapsedMs(call.caller, request) > PREFERRED_DELAY_MS ? 1 : 0);
  const [best] = calls.toSorted((a, b) => mismatch(a) - mismatch(b));
  if (best) {
    const equal = calls.filter((call) => mismatch(call) === mismatch(best));
    const { sessionKey } = best.caller;
    const isSameSession = sessionKey !== null && sessionKey === request.sessionKey;
    const confidence =
      new Set(equal.map(({ requestId }) => requestId)).size > 1
        ? "low"
        : isSameSession
          ? "certain"
          : "likely";
    // A call that a tool result gives to another agent stays assigned to that agent; a request may not name its agent.
    const call = isAgent(request) && best.agentKey !== null ? null : assignable(best);
    return subtask(best.requestId, "prompt", confidence, { call });
  }
  if (!isAgent(request)) return null;
  const spawner = await latestOfThread(request, spawnerAgent, candidates.find);
  return subtask(spawner?.requestId ?? null, spawner ? "ids" : "none", "low", { needsSessionKey: true });
}

function ofPurpose(keys: readonly LinkKey[], wanted: LinkKey["purpose"]): LinkKey[] {
  return keys.filter(({ purpose }) => purpose === wanted).sort((a, b) => a.rank - b.rank);
}

/** Calls of the last day with one of these prompts, of the same session where both name one; the newest request first. */
async function matchingCalls(
  request: Evidence,
  prompts: readonly bigint[],
  { callsOf }: Candidates,
): Promise<StoredCall[]> {
  if (prompts.length === 0) return [];
  return (await callsOf(prompts))
    .filter(
      ({ requestId, caller }) =>
        requestId < request.requestId &&
        elapsedMs(caller, request) <= DAY_MS &&
        (caller.sessionKey === null ||
          request.sessionKey === null ||
          caller.sessionKey === request.sessionKey),
    )
    .sort(
      (a, b) =>
        (a.requestId < b.requestId ? 1 : a.requestId > b.requestId ? -1 : 0) || a.position - b.position,
    );
}
