/**
 * The store that linking reads and writes: implemented over Postgres for ingest and in memory for tests. Everything is of one
 * domain, and the caller holds that domain's lock.
 */
import type { Evidence, FullEvidence, LinkKey } from "./evidence/evidence.ts";
import type { FoundEvidence, Lookup, StoredCall } from "./evidence/lookup.ts";
import type { LinkConfidence, LinkedBy, LinkKind } from "./parent/candidates.ts";

/** A request's link, as its row stores it. */
export interface Link {
  requestId: string;
  conversationId: string;
  branchId: string;
  /** The id of the branch's first request. */
  branchKey: string;
  parentRequestId: string | null;
  isSubtask: boolean;
  parentTaskRequestId: string | null;
  linkKind: LinkKind;
  linkedBy: LinkedBy;
  linkConfidence: LinkConfidence;
  flags: Evidence["flags"];
  textKey: Evidence["textKey"];
}

export interface Served {
  /** The turn that the side request serves; null where that is not known. */
  servesRequestId: string | null;
  linkConfidence: LinkConfidence;
}

export interface LinkResult {
  /** The links of the exchanges given. */
  links: Map<string, Link>;
  /** Stored links that changed. */
  moved: { before: Link; after: Link }[];
  /** Links of stored side requests that turned out to be part of a conversation. */
  added: Link[];
  /** Stored links of requests that turned out to be side requests. */
  removed: Link[];
  /** Side requests that were given or affected. */
  served: ReadonlyMap<string, Served>;
}

export type CallAssignment = Pick<StoredCall, "requestId" | "position" | "subtaskRequestId">;

/** Calls take effect in their order, also while an earlier one has not resolved. */
export interface LinkStore {
  /** Stores evidence, its calls and mentions, and all keys but those of ancestors; replaces what is stored of these requests. */
  saveEvidence(arrivals: readonly FullEvidence[]): Promise<void>;
  find(lookups: readonly Lookup[]): Promise<FoundEvidence[][]>;
  evidenceOf(requestIds: readonly string[]): Promise<Evidence[]>;
  /** All keys of these requests. */
  keysOf(requestIds: readonly string[]): Promise<Map<string, LinkKey[]>>;
  /** The stored links of these requests. */
  linksOf(requestIds: readonly string[]): Promise<Link[]>;
  /** The links of these requests and of their children. */
  familyOf(requestIds: readonly string[]): Promise<Link[]>;
  /** The requests that these side requests serve, as stored; those without one are left out. */
  servedBy(requestIds: readonly string[]): Promise<Map<string, string>>;
  conversationsOf(conversationIds: readonly string[]): Promise<Link[]>;
  /** The side requests with a text key that serve requests of these conversations, each as the turn that it would be there. */
  repeatedIn(conversationIds: readonly string[]): Promise<Link[]>;
  /** Those of these requests that are such side requests. */
  repeatedOf(requestIds: readonly string[]): Promise<Link[]>;
  /** Calls with one of these prompts. */
  callsOf(promptKeys: readonly bigint[]): Promise<StoredCall[]>;
  /** The calls that these requests make, and those whose agent they name. */
  callsNamedBy(arrivals: readonly FullEvidence[]): Promise<StoredCall[]>;
  saveKeys(keys: readonly (LinkKey & { requestId: string })[]): Promise<void>;
  saveAssignments(assignments: readonly CallAssignment[]): Promise<void>;
  saveAmbiguity(ambiguity: readonly { requestId: string; isAmbiguous: boolean }[]): Promise<void>;
}
