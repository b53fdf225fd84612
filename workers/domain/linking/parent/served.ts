/**
 * A side request: it has no parent and no conversation. It serves the turn whose history it repeats, else the latest earlier
 * request of its thread. That may be a likely side request, which stands for what it serves itself (served-turns.ts).
 */
import type { Evidence, LinkKey } from "../evidence/evidence.ts";
import { type Candidates, latestOfThread, type ParentChoice, parentChoice } from "./candidates.ts";
import { chooseTurn } from "./turn.ts";

export async function chooseServed(
  request: Evidence,
  keys: readonly LinkKey[],
  candidates: Candidates,
): Promise<ParentChoice> {
  const turn = await chooseTurn(request, keys, candidates);
  const repeated = turn?.parentRequestId ?? turn?.taskParentId ?? null;
  const latest =
    repeated === null ? await latestOfThread(request, request.agentKey, candidates.find) : undefined;
  return parentChoice("aux", null, "none", "certain", {
    isAmbiguous: turn?.isAmbiguous ?? false,
    needsAncestorKeys: turn?.needsAncestorKeys ?? true,
    needsEndKey: turn?.needsEndKey ?? true,
    servesRequestId: repeated ?? latest?.requestId ?? null,
  });
}
