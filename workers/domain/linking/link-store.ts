/**
 * What linking asks of a store, and what it tells it: implemented over Postgres for ingest and in memory for tests. Everything
 * is of one domain, and nobody else writes to it meanwhile.
 */
import type { Evidence, LinkKey, FullEvidence, Purpose } from "./evidence.ts";

export type LinkKind =
  "root" | "turn" | "retry" | "fork" | "resume" | "compact-ask" | "compact" | "subtask" | "aux";
export type LinkedBy = "ids" | "tools" | "answer" | "hash" | "summary" | "prompt" | "none";
export type LinkConfidence = "certain" | "likely" | "low";

/** The place of a request, as its row has it. */
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
  /** As in its evidence. */
  form: number;
}

/** What linking some exchanges came to. */
export interface LinkResult {
  /** The places of the exchanges given. */
  links: Map<string, Link>;
  /** Others whose place changed: as it was, and as it is. */
  moved: { before: Link; after: Link }[];
}

/** One way to look for evidence. "thread" takes a session and an agent; numbers are purposes of keys. */
export type LookupIndex = "end" | "answer" | "priorAnswer" | "thread" | "ambiguous" | Purpose;

export interface Lookup {
  index: LookupIndex;
  key: bigint;
  /** Only of this session; of "thread", and else where given. */
  sessionKey?: bigint;
  /** Of "thread". */
  agentKey?: bigint;
  /** Requests before this one, newest first; else those after `after`, oldest first. */
  before?: string;
  after?: string;
  limit: number;
}

export interface FoundEvidence {
  evidence: Evidence;
  /** Of the key it was found by; 0 of an index. */
  rank: number;
}

/** A call of `Task` or `Agent`. */
export interface StoredCall {
  requestId: string;
  position: number;
  promptKey: bigint;
  /** Whose answer it is in. */
  caller: Pick<Evidence, "requestId" | "sessionKey" | "agentKey">;
  /** Of the agent that a tool result named; null as long as none did. */
  agentKey: bigint | null;
  /** The first request of the agent that came of it. */
  subtaskRequestId: string | null;
}

export interface LinkStore {
  /** Evidence, keys that are always wanted, calls and mentions of these; what is there of the same requests is replaced. */
  saveEvidence(made: readonly FullEvidence[]): Promise<void>;
  find(lookups: readonly Lookup[]): Promise<FoundEvidence[][]>;
  /** All keys of these requests. */
  keysOf(requestIds: readonly string[]): Promise<Map<string, LinkKey[]>>;
  /** Rows of these requests that are linked already. */
  linksOf(requestIds: readonly string[]): Promise<Link[]>;
  /** Those of these requests, and those whose parent is one of them. */
  familyOf(requestIds: readonly string[]): Promise<Link[]>;
  conversationsOf(conversationIds: readonly string[]): Promise<Link[]>;
  /** Calls with one of these prompts. */
  callsOf(promptKeys: readonly bigint[]): Promise<StoredCall[]>;
  /** Calls that an agent came of, as these requests tell. */
  callsNamedBy(made: readonly FullEvidence[]): Promise<StoredCall[]>;
  saveKeys(keys: readonly (LinkKey & { requestId: string })[]): Promise<void>;
  saveAssignments(
    claims: readonly Pick<StoredCall, "requestId" | "position" | "subtaskRequestId">[],
  ): Promise<void>;
  saveAmbiguity(ambiguity: readonly { requestId: string; isAmbiguous: boolean }[]): Promise<void>;
}
