/**
 * Whether something raised is told, or has been told already. The same error is told once in ten minutes and then summed
 * up, missing bodies once an hour; what a user said once per conversation; everything else once per occasion. Called by the AlertOutbox object.
 */
import type { AlertEvent } from "../../schemas/alert.ts";

/** What is remembered under a key. */
export interface SentRecord {
  /** What exactly was told: of a conversation the user's words, else the empty string. */
  value: string;
  /** Epoch milliseconds. */
  at: number;
  /** Raised since and not told. */
  suppressed: number;
}

export interface DedupeKey {
  key: string;
  value: string;
  /** For so long the same is not told again. */
  quietMs: number;
  /** Whether what was not told is summed up afterwards. */
  sendsSummary: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The longest of the times below: what is older need not be remembered. */
export const MAX_QUIET_MS = 8 * DAY_MS;

/** What an event is the same as. */
export function dedupeKeyOf(event: AlertEvent): DedupeKey {
  const once = { value: "", quietMs: MAX_QUIET_MS, sendsSummary: false };
  switch (event.kind) {
    case "message":
      return { ...once, key: `message ${event.conversation}`, value: event.userText };
    case "error":
      return {
        key: JSON.stringify(["error", event.status, event.errorType, event.model]),
        value: "",
        quietMs: 10 * MINUTE_MS,
        sendsSummary: true,
      };
    case "window_threshold":
      return {
        ...once,
        key: JSON.stringify([event.kind, event.window, event.threshold, event.resetsAt ?? event.at]),
      };
    case "needs_login":
      return { ...once, key: event.kind, quietMs: HOUR_MS };
    case "ingest_backlog":
      return { ...once, key: event.kind, quietMs: HOUR_MS };
    case "unrecorded":
      return { ...once, key: event.kind, quietMs: HOUR_MS, sendsSummary: true };
    case "facts_lost":
      return { ...once, key: event.kind, quietMs: HOUR_MS };
    case "unknown_model":
      return { ...once, key: JSON.stringify([event.kind, event.model]), quietMs: 7 * DAY_MS };
    case "test":
      return { ...once, key: event.kind, quietMs: 0 };
  }
}

export interface DedupeDecision {
  isSent: boolean;
  /** How many were not told since the last time, when it is told now. */
  repeats: number;
  record: SentRecord;
}

export function shouldSend(dedupe: DedupeKey, record: SentRecord | null, now: number): DedupeDecision {
  // A memory of the future was made by a clock that had jumped.
  const isQuiet =
    record !== null && record.value === dedupe.value && now - record.at < dedupe.quietMs && record.at <= now;
  if (isQuiet) return { isSent: false, repeats: 0, record: { ...record, suppressed: record.suppressed + 1 } };
  const repeats = dedupe.sendsSummary ? (record?.suppressed ?? 0) : 0;
  return { isSent: true, repeats, record: { value: dedupe.value, at: now, suppressed: 0 } };
}
