/**
 * Raises alerts from the Worker and from Durable Objects. Never on the hot path: under `waitUntil`, in
 * ingest after its commit, or in an alarm.
 */
import { errorText, log } from "./log.ts";
import type { AlertEvent, AlertTarget } from "../schemas/alert.ts";

/** Hands an event to its outbox. Never rejects. An event raised twice is sent once (workers/domain/alerts/dedupe.ts). */
export function alert(env: Env, event: AlertEvent): Promise<void> {
  return alertAll(env, [event]);
}

/** The same for several events: one call per domain or account. */
export async function alertAll(env: Env, events: readonly AlertEvent[]): Promise<void> {
  const outboxes = new Map<string, { target: AlertTarget; events: AlertEvent[] }>();
  for (const event of events) {
    const target = targetOf(event);
    const name = outboxName(target);
    const outbox = outboxes.get(name) ?? { target, events: [] };
    outbox.events.push(event);
    outboxes.set(name, outbox);
  }
  await Promise.all([...outboxes].map(([name, outbox]) => raise(env, name, outbox.target, outbox.events)));
}

async function raise(env: Env, name: string, target: AlertTarget, events: AlertEvent[]): Promise<void> {
  try {
    await env.ALERT_OUTBOX.getByName(name).raise(target, events);
  } catch (thrown) {
    log.error("alerts: raise failed", {
      kind: events[0]?.kind,
      events: events.length,
      error: errorText(thrown),
    });
  }
}

function targetOf(event: AlertEvent): AlertTarget {
  switch (event.kind) {
    case "message":
    case "error":
    case "test":
      return { kind: "domain", domain: event.domain };
    case "window_threshold":
    case "needs_login":
      return { kind: "account", accountId: event.accountId };
    case "ingest_backlog":
    case "unknown_model":
    case "unrecorded":
    case "unread":
    case "facts_lost":
    case "wrong_keys":
    case "exchanges_lost":
    case "prompt_sync":
      return { kind: "deployment" };
  }
}

/** Name of the AlertOutbox object. */
export function outboxName(target: AlertTarget): string {
  switch (target.kind) {
    case "domain":
      return `domain:${target.domain}`;
    case "account":
      return `account:${target.accountId}`;
    case "deployment":
      return "deployment";
  }
}
