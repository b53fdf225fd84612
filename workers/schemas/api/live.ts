/**
 * What happens right now, as the LiveFeed Durable Object is told and as `GET /api/live` tells it on. The proxy tells of
 * beginnings and ends, ingest of stored rows, the account windows of changes.
 */
import { z } from "zod";
import type { RequestRow } from "./requests.ts";

export const StartedExchange = z.object({
  requestId: z.string(),
  domain: z.string(),
  accountId: z.string().nullable().describe("Null for a passthrough, whose answer names its account."),
  model: z.string().nullable().describe("As far as the beginning of the body tells."),
  startedAt: z.iso.datetime(),
});
export type StartedExchange = z.infer<typeof StartedExchange>;

/** What the feed is told. `exchange.ended` only counts: readers hear of it as `exchange.stored`. */
export type LiveEvent =
  | { event: "exchange.started"; data: StartedExchange }
  | { event: "exchange.ended"; requestId: string }
  | { event: "exchange.stored"; data: RequestRow }
  | { event: "window.updated"; data: Record<string, unknown> };

/** Exchanges that have begun and not ended. */
export const InFlight = z.object({
  count: z.number().int(),
  newest: z.array(StartedExchange).describe("The newest of them, at most 50."),
});
export type InFlight = z.infer<typeof InFlight>;
