/** Models without a price that an alert reports. Called by workers/ingest after exchanges are stored. */
import type { UnknownModelEvent } from "../../schemas/alert.ts";
import type { RequestRow } from "../../schemas/api/requests.ts";
import { modelsWithoutPrice } from "../pricing/cost-breakdown.ts";

type Unpriced = Pick<RequestRow, "costBreakdown" | "domain" | "requestId" | "timestamp">;

/** One event per domain and model. */
export function unknownModels(rows: readonly Unpriced[]): UnknownModelEvent[] {
  const events = new Map<string, UnknownModelEvent>();
  for (const { costBreakdown, domain, requestId, timestamp } of rows)
    for (const model of costBreakdown ? modelsWithoutPrice(costBreakdown) : [])
      events.set(JSON.stringify([domain, model]), {
        kind: "unknown_model",
        model,
        domain,
        requestId,
        at: Date.parse(timestamp),
      });
  return [...events.values()];
}
