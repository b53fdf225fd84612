/**
 * Live events, as the LiveFeed Durable Object receives them and `GET /api/live` sends them. The proxy reports starts and
 * ends, ingest stored rows, account windows their changes, API and queue consumer changed analyses.
 */
import { z } from "zod";
import type { RequestRow } from "./requests.ts";

export const StartedExchange = z.object({
  requestId: z.string(),
  domain: z.string(),
  accountId: z.string().nullable().describe("Null for a passthrough: its response names the account."),
  model: z.string().nullable().describe("If it is in the beginning of the body."),
  startedAt: z.iso.datetime(),
});
export type StartedExchange = z.infer<typeof StartedExchange>;

/** `exchange.ended` only changes the count; readers get `exchange.stored`. */
export type LiveEvent =
  | { event: "exchange.started"; data: StartedExchange }
  | { event: "exchange.ended"; requestId: string }
  | { event: "exchange.stored"; data: RequestRow }
  | { event: "window.updated"; data: Record<string, unknown> }
  | { event: "analysis.updated"; data: { analysisId: string } };

/** Exchanges that have started and not ended. */
export const InFlight = z.object({
  count: z.number().int(),
  newest: z.array(StartedExchange).describe("The newest, at most 50."),
});
export type InFlight = z.infer<typeof InFlight>;
