/**
 * Alert events as plain data: raised by ingest, cron and Durable Objects (workers/runtime/raise-alert.ts), formatted by
 * workers/domain/alerts, sent to Slack. They contain no secret; users' texts are truncated and redacted.
 */
import { z } from "zod";

const count = z.number().int().nonnegative();
const name = z.string().nullable();

/** One exchange between a user and Claude. */
export const MessageEvent = z.object({
  kind: z.literal("message"),
  domain: z.string(),
  requestId: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  /** Scope in which the same user text is sent once: conversation, else session, else the hash of its first message. */
  conversation: z.string(),
  conversationId: name,
  model: name,
  credentialType: z.string(),
  accountId: name,
  userText: z.string(),
  answerText: z.string(),
  tools: z.array(z.object({ name: z.string(), hint: name })),
  inputTokens: count,
  outputTokens: count,
});
export type MessageEvent = z.infer<typeof MessageEvent>;

/** An exchange that failed: rejected or interrupted by Claude, or Claude was not reached. */
export const ErrorEvent = z.object({
  kind: z.literal("error"),
  domain: z.string(),
  requestId: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  method: z.string(),
  path: z.string(),
  /** Null when there was no response. */
  status: z.number().int().nullable(),
  outcome: z.string(),
  errorType: name,
  message: name,
  model: name,
  accountId: name,
});
export type ErrorEvent = z.infer<typeof ErrorEvent>;

/** The utilization of an account's window has reached a threshold. */
export const ThresholdEvent = z.object({
  kind: z.literal("window_threshold"),
  accountId: z.string(),
  /** The vendor's suffix ("5h", "7d", "7d_oi", "overage", …), or "tokens": our own rolling five hours against the configured limit. */
  window: z.string(),
  /** Share used; may exceed 1. */
  utilization: z.number(),
  threshold: z.number(),
  /** Epoch milliseconds; null when not reported. */
  resetsAt: z.number().nullable(),
  /** When it is full at the current rate, epoch milliseconds; null when not before the reset, or unknown. */
  fullAt: z.number().nullable(),
  at: z.number(),
});
export type ThresholdEvent = z.infer<typeof ThresholdEvent>;

/** The login of an account has ended; an administrator has to log in again. */
export const NeedsLoginEvent = z.object({
  kind: z.literal("needs_login"),
  accountId: z.string(),
  /** The vendor's error in short, without secrets. */
  reason: z.string(),
  at: z.number(),
});
export type NeedsLoginEvent = z.infer<typeof NeedsLoginEvent>;

/** Ingest is behind, or exchanges cannot be stored. */
export const BacklogEvent = z.object({
  kind: z.literal("ingest_backlog"),
  /** Journal entries of ended exchanges that are not stored. */
  entries: count,
  /** Not all entries were counted. */
  isMore: z.boolean(),
  /** Age of the oldest in milliseconds. */
  oldestAgeMs: z.number(),
  databaseReachable: z.boolean(),
  at: z.number(),
});
export type BacklogEvent = z.infer<typeof BacklogEvent>;

/** A model without a price: its exchanges are counted as unpriced until the table knows it. */
export const UnknownModelEvent = z.object({
  kind: z.literal("unknown_model"),
  model: z.string(),
  domain: z.string(),
  requestId: z.string(),
  at: z.number(),
});
export type UnknownModelEvent = z.infer<typeof UnknownModelEvent>;

/** R2 did not store the bodies of an exchange; its metadata is stored. */
export const UnrecordedEvent = z.object({
  kind: z.literal("unrecorded"),
  domain: z.string(),
  requestId: z.string(),
  at: z.number(),
});
export type UnrecordedEvent = z.infer<typeof UnrecordedEvent>;

/** Reading an exchange ended the isolate three times; it is stored with its bodies, unread. */
const UnreadEvent = z.object({
  kind: z.literal("unread"),
  domain: z.string(),
  requestId: z.string(),
  at: z.number(),
});

/** R2 and the queue failed until the buffer in memory was full; only the number of lost exchanges is known. */
export const FactsLostEvent = z.object({
  kind: z.literal("facts_lost"),
  exchanges: count,
  at: z.number(),
});

/** Many wrong dashboard keys in a row, with less than 15 minutes between them. */
export const WrongKeysEvent = z.object({
  kind: z.literal("wrong_keys"),
  count,
  at: z.number(),
});
/** Exchanges were begun and never recorded: the Worker ended before it had written them. */
const ExchangesLostEvent = z.object({ kind: z.literal("exchanges_lost"), exchanges: count, at: z.number() });

/** GitHub does not accept the token of the prompt sync, which therefore waits for another one. */
const PromptSyncEvent = z.object({
  kind: z.literal("prompt_sync"),
  /** owner/name. */
  repository: z.string(),
  reason: z.string(),
  at: z.number(),
});

/** Sent from the dashboard to test a webhook. */
export const TestEvent = z.object({ kind: z.literal("test"), domain: z.string(), at: z.number() });
export type TestEvent = z.infer<typeof TestEvent>;

export const AlertEvent = z.discriminatedUnion("kind", [
  MessageEvent,
  ErrorEvent,
  ThresholdEvent,
  NeedsLoginEvent,
  BacklogEvent,
  UnknownModelEvent,
  UnrecordedEvent,
  UnreadEvent,
  FactsLostEvent,
  WrongKeysEvent,
  ExchangesLostEvent,
  PromptSyncEvent,
  TestEvent,
]);
export type AlertEvent = z.infer<typeof AlertEvent>;

/** Receivers: the channel of a domain, those of an account's domains, or the deployment's default channel. */
export type AlertTarget =
  { kind: "domain"; domain: string } | { kind: "account"; accountId: string } | { kind: "deployment" };

/** One event on its way from the outbox to the sender. */
export interface Delivery {
  target: AlertTarget;
  event: AlertEvent;
  repeats: { count: number; isSummary: boolean };
  /** Hashes of the webhooks that have accepted it already. */
  done: string[];
}

export type DeliveryResult =
  | { result: "sent"; done: string[] }
  /** There is no receiver (empty reason), or Slack rejects it permanently. */
  | { result: "dropped"; reason: string; done: string[] }
  | { result: "retry"; afterMs?: number; reason?: string; done: string[] };

/** State of an outbox; times in epoch milliseconds. */
export interface OutboxStatus {
  waiting: number;
  oldestAt: number | null;
  nextAt: number | null;
  /** Attempts of the alert with the most. */
  attempts: number;
  /** Reason of the last failed delivery; null after a successful one. */
  lastProblem: string | null;
}
