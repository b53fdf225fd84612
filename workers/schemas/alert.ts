/**
 * What somebody should be told, as plain data: raised by ingest, cron and Durable Objects (workers/alert), worded by
 * workers/domain/alerts, sent to Slack. Holds no secret; texts of users in it are cut and have their secrets masked.
 */
import { z } from "zod";

const count = z.number().int().nonnegative();
const name = z.string().nullable();

/** One exchange between a user and Claude, for those who like to follow along. */
export const MessageEvent = z.object({
  kind: z.literal("message"),
  domain: z.string(),
  requestId: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  /** Within it the same user text is told once: conversation, else session, else the hash of its first message. */
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

/** An exchange that failed: refused or broken by Claude, or never reached it. */
export const ErrorEvent = z.object({
  kind: z.literal("error"),
  domain: z.string(),
  requestId: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  method: z.string(),
  path: z.string(),
  /** Null when there was no answer. */
  status: z.number().int().nullable(),
  outcome: z.string(),
  errorType: name,
  message: name,
  model: name,
  accountId: name,
});
export type ErrorEvent = z.infer<typeof ErrorEvent>;

/** A window of an account has filled up to one of its thresholds. */
export const ThresholdEvent = z.object({
  kind: z.literal("window_threshold"),
  accountId: z.string(),
  /** The vendor's suffix ("5h", "7d", "7d_oi", "overage", …), or "tokens": our own rolling five hours against the configured limit. */
  window: z.string(),
  /** Share used; may exceed 1. */
  utilization: z.number(),
  threshold: z.number(),
  /** Epoch milliseconds; null when not told. */
  resetsAt: z.number().nullable(),
  /** When it is full at the current pace, epoch milliseconds; null when it is not before the reset, or nobody can tell. */
  fullAt: z.number().nullable(),
  at: z.number(),
});
export type ThresholdEvent = z.infer<typeof ThresholdEvent>;

/** The login of an account no longer works; only a person can renew it. */
export const NeedsLoginEvent = z.object({
  kind: z.literal("needs_login"),
  accountId: z.string(),
  /** What the vendor said, in short, without anything secret. */
  reason: z.string(),
  at: z.number(),
});
export type NeedsLoginEvent = z.infer<typeof NeedsLoginEvent>;

/** Recording is behind, or exchanges cannot be stored. */
export const BacklogEvent = z.object({
  kind: z.literal("ingest_backlog"),
  /** Journal entries that have ended and are not stored. */
  entries: count,
  /** There are more than were counted. */
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

/** The archive did not take all of an exchange: its facts are stored, bodies are missing. */
export const UnrecordedEvent = z.object({
  kind: z.literal("unrecorded"),
  domain: z.string(),
  requestId: z.string(),
  at: z.number(),
});
export type UnrecordedEvent = z.infer<typeof UnrecordedEvent>;

/** Neither archive nor queue took exchanges, for longer than memory lasts: nothing is known of them but their number. */
export const FactsLostEvent = z.object({
  kind: z.literal("facts_lost"),
  exchanges: count,
  at: z.number(),
});

/** Sent by hand from the dashboard, to see whether a webhook works. */
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
  FactsLostEvent,
  TestEvent,
]);
export type AlertEvent = z.infer<typeof AlertEvent>;

/** Who is told: whoever follows a domain, the domains of an account, or the deployment's default channel. */
export type AlertTarget =
  { kind: "domain"; domain: string } | { kind: "account"; accountId: string } | { kind: "deployment" };

/** One event on its way from the outbox to the sender. */
export interface Delivery {
  target: AlertTarget;
  event: AlertEvent;
  repeats: { count: number; isSummary: boolean };
  /** Hashes of the webhooks that have taken it already. */
  done: string[];
}

export type DeliveryResult =
  | { result: "sent"; done: string[] }
  /** Nobody wants to be told (without a reason), or Slack refuses for good. */
  | { result: "dropped"; reason: string; done: string[] }
  | { result: "retry"; afterMs?: number; reason?: string; done: string[] };

/** What an outbox says of itself; times in epoch milliseconds. */
export interface OutboxStatus {
  waiting: number;
  oldestAt: number | null;
  nextAt: number | null;
  /** Tries of the one that was tried most often. */
  attempts: number;
  /** Why Slack did not take the last one that it did not take; null once it has taken one since. */
  lastProblem: string | null;
}
