/** Ways to look for stored evidence, and what they find. */
import type { Evidence, Purpose } from "./evidence.ts";

/**
 * "thread" and "sideRequests" take a session and an agent; a number is the purpose of a key. "thread" finds no side requests,
 * likely ones included, "sideRequests" only those before the next request of the thread.
 */
export type LookupIndex =
  "end" | "response" | "priorResponse" | "thread" | "sideRequests" | "ambiguous" | Purpose;

export interface Lookup {
  index: LookupIndex;
  key: bigint;
  /** Only evidence of this session; always with "thread" and "sideRequests". */
  sessionKey?: bigint;
  /** With "thread" and "sideRequests". */
  agentKey?: bigint;
  /** Requests before this one, newest first; else those after `after`, oldest first. */
  before?: string;
  after?: string;
  limit: number;
}

export interface FoundEvidence {
  evidence: Evidence;
  /** The rank of the key that found it; 0 for an index. */
  rank: number;
}

/** A stored call of `Task` or `Agent`. */
export interface StoredCall {
  requestId: string;
  position: number;
  promptKey: bigint;
  /** The request whose response holds the call. */
  caller: Pick<Evidence, "requestId" | "sessionKey" | "agentKey">;
  /** The agent that a tool result named; null until one does. */
  agentKey: bigint | null;
  /** The first request of the subtask that the call is assigned to. */
  subtaskRequestId: string | null;
}
