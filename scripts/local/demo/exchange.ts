/** The day's traffic as plain data: what is sent, when, by whom, and what the fake Claude shall say to it. */
import type { Answer } from "../fake-claude/server.ts";

export type PlannedOutcome =
  | { kind: "answer"; answer: Answer }
  | { kind: "error"; status: number; message: string; headers?: Record<string, string> }
  /** The client hangs up after this many bytes of a long answer. */
  | { kind: "abandoned"; answer: Answer; afterBytes: number }
  /** Whatever the fake says to it by itself (models, token counts). */
  | { kind: "own" };

export interface PlannedExchange {
  /** Unique in the day. */
  key: string;
  /** Milliseconds since the day began. */
  at: number;
  domain: string;
  /** Who sends it: a person's or a script's name; each has a client key. */
  sender: string;
  /** What it is in the story, for reports and tests. */
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
  /** Keys of exchanges that have to be over before. */
  after: string[];
  outcome: PlannedOutcome;
}
