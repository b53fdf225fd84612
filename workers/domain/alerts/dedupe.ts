/**
 * Deduplicates alerts by key. The same error is sent once in ten minutes, then as a summary; most other alerts once an hour; a
 * user's text once per conversation. Called by the AlertOutbox object.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../runtime/constants.ts";
import type { AlertEvent } from "../../schemas/alert.ts";

/** What the outbox stores under a key. */
export interface SentRecord {
  /** For messages the user's text that was sent, else the empty string. */
  value: string;
  /** Epoch milliseconds. */
  at: number;
  /** Alerts raised since then and not sent. */
  suppressed: number;
}

export interface DedupeKey {
  key: string;
  value: string;
  /** Time in which an alert with the same key and value is not sent again. */
  quietMs: number;
  /** Whether a summary of the suppressed alerts follows. */
  sendsSummary: boolean;
}

/** The longest of the times below; older records are deleted. */
export const MAX_QUIET_MS = 8 * DAY_MS;

/** The key that equal events share. */
export function dedupeKeyOf(event: AlertEvent): DedupeKey {
  const once = { value: "", quietMs: MAX_QUIET_MS, sendsSummary: false };
  switch (event.kind) {
    case "message":
      return { ...once, key: `message ${event.conversation}`, value: event.userText };
    case "error":
      return {
        key: JSON.stringify(["error", event.status, event.outcome, event.errorType, event.model]),
        value: "",
        quietMs: 10 * MINUTE_MS,
        sendsSummary: true,
      };
    case "window_threshold":
      return {
        ...once,
        key: JSON.stringify([event.kind, event.window, event.threshold, event.resetsAt ?? event.at]),
      };
    case "unrecorded":
      return { ...once, key: event.kind, quietMs: HOUR_MS, sendsSummary: true };
    case "needs_login":
    case "unread":
    case "ingest_backlog":
    case "facts_lost":
    case "wrong_keys":
    case "exchanges_lost":
    case "prompt_sync":
      return { ...once, key: event.kind, quietMs: HOUR_MS };
    case "unknown_model":
      return { ...once, key: JSON.stringify([event.kind, event.model]), quietMs: 7 * DAY_MS };
    case "test":
      return { ...once, key: event.kind, quietMs: 0 };
  }
}

export interface DedupeDecision {
  isSent: boolean;
  /** Alerts suppressed since the last one sent; 0 unless this one is sent. */
  repeats: number;
  record: SentRecord;
}

export function shouldSend(dedupe: DedupeKey, record: SentRecord | null, now: number): DedupeDecision {
  // A record from the future was written by a wrong clock, and is ignored.
  const isQuiet =
    record !== null && record.value === dedupe.value && now - record.at < dedupe.quietMs && record.at <= now;
  if (isQuiet) return { isSent: false, repeats: 0, record: { ...record, suppressed: record.suppressed + 1 } };
  const repeats = dedupe.sendsSummary ? (record?.suppressed ?? 0) : 0;
  return { isSent: true, repeats, record: { value: dedupe.value, at: now, suppressed: 0 } };
}
