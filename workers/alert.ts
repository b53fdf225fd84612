/**
 * How anybody in the Worker or in a Durable Object tells people something. Never on the hot path: under `waitUntil`, in
 * ingest after its commit, or in an alarm.
 */
import { log } from "./log.ts";
import type { AlertEvent } from "./schemas/alert.ts";

/**
 * Hands the event over and resolves; never rejects. What is raised twice is told once (see workers/domain/alert-gate).
 * @public Durable Objects of accounts raise `needs_login`.
 */
export async function alert(_env: Env, event: AlertEvent): Promise<void> {
  log.warn("alert: raised", {
    kind: event.kind,
    about: "domain" in event ? event.domain : "accountId" in event ? event.accountId : "deployment",
  });
}
