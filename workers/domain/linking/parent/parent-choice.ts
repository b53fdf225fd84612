/** The result of choosing a request's parent, and which keys later arrivals need to find the request. */
import type { StoredCall } from "../evidence/lookup.ts";

export type LinkKind =
  "root" | "turn" | "retry" | "fork" | "resume" | "compact-ask" | "compact" | "subtask" | "aux";
export type LinkedBy = "ids" | "tools" | "answer" | "hash" | "summary" | "prompt" | "none";
export type LinkConfidence = "certain" | "likely" | "low";

export interface ParentChoice {
  linkKind: LinkKind;
  parentRequestId: string | null;
  /** The spawning request; of the first request of a subtask. */
  taskParentId: string | null;
  linkedBy: LinkedBy;
  linkConfidence: LinkConfidence;
  /** Several candidates matched, so the choice depends on their conversations and the sizes of these. */
  isAmbiguous: boolean;
  /** Nothing but the session links it, so later arrivals of the session matter. */
  needsSessionKey: boolean;
  /** A parent of its own thread may arrive that matches further back in its history. */
  needsAncestorKeys: boolean;
  /** A parent may arrive whose answer is not known. */
  needsEndKey: boolean;
  /** The task call assigned to this subtask. */
  call: StoredCall | null;
}

export function parentChoice(
  linkKind: LinkKind,
  parentRequestId: string | null,
  linkedBy: LinkedBy,
  linkConfidence: LinkConfidence,
  more: Partial<ParentChoice> = {},
): ParentChoice {
  return {
    linkKind,
    parentRequestId,
    taskParentId: null,
    linkedBy,
    linkConfidence,
    isAmbiguous: false,
    needsSessionKey: false,
    needsAncestorKeys:
      linkedBy === "none" || linkedBy === "ids" || linkKind === "subtask" || linkKind === "compact",
    needsEndKey: true,
    call: null,
    ...more,
  };
}
