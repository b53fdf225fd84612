/** Planned traffic as data: request, time, sender, and the response of the fake Claude. */
import type { ModelResponse } from "../fake-claude/server.ts";

export type PlannedOutcome =
  | { kind: "response"; response: ModelResponse }
  | { kind: "error"; status: number; message: string; headers?: Record<string, string> }
  /** The client disconnects after this many bytes of a long response. */
  | { kind: "abandoned"; response: ModelResponse; afterBytes: number }
  /** The fake's default response (models, token counts). */
  | { kind: "own" };

export interface PlannedExchange {
  /** Unique in the traffic. */
  key: string;
  /** Milliseconds since the start of the traffic. */
  at: number;
  domain: string;
  /** Name of the person or script; each has a client key. */
  sender: string;
  /** Its role in the scenario, for reports and tests. */
  kind:
    | "turn"
    | "subtask"
    | "compact-ask"
    | "compact"
    | "retry"
    | "title"
    | "topic"
    | "script"
    | "count-tokens"
    | "models"
    | "warm-up";
  method: "POST" | "GET" | "HEAD";
  path: string;
  headers: Record<string, string>;
  /** How the client presents its key. */
  auth: "bearer" | "x-api-key" | "none";
  body: string | null;
  /** Keys of exchanges that must end before. */
  after: string[];
  outcome: PlannedOutcome;
}
