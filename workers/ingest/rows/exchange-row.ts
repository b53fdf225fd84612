/**
 * A journal entry and its bell as one exchange ready to be stored. Pure; called by the consumer. Links are not known here:
 * they depend on more than one exchange. What a link is made of is.
 */
import type { PrefixCache } from "../../domain/content/prefix-cache.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { isOAuthPath } from "../../domain/http/paths.ts";
import type { ExchangeMessage, RequestMetadata } from "../../schemas/exchange.ts";
import type { StorableExchange } from "../../store/requests/write-model.ts";
import type { JournalEntry } from "../../store/journal/objects.ts";
import { requestEvidence } from "../../domain/linking/evidence/linkable-request.ts";
import { requestRow } from "./request-row.ts";
import { responseRow } from "./response-row.ts";

const NOTHING = new Uint8Array(0);

/**
 * What the journal has comes first; the facts in the bell stand in for a half that R2 did not take, and then the exchange is
 * "unrecorded". `memory` spares work and changes nothing. Null when neither knows anything. Throws where the id is not an exchange id.
 */
export function exchangeRow(
  bell: Pick<ExchangeMessage, "id" | "request" | "response">,
  entry: JournalEntry,
  memory?: PrefixCache,
): StorableExchange | null {
  const request = entry.request ?? (bell.request && { metadata: bell.request, body: NOTHING });
  const response = entry.response ?? (bell.response && { metadata: bell.response, body: NOTHING });
  if (!request && !response) return null;
  const { id } = bell;
  const startedAt = startedAtOf(id);
  if (startedAt === null) throw new Error(`${id} is not an exchange id`);
  const isUnrecorded =
    (request && (!entry.request || hasLostBody(request.metadata))) || (response && !entry.response);
  const metadata =
    response && (isUnrecorded ? { ...response.metadata, outcome: "unrecorded" as const } : response.metadata);
  const requested = request && requestRow(request.metadata, request.body, memory);
  const answered = response && metadata && responseRow(metadata, response.body);
  const exchange: StorableExchange = {
    id,
    startedAt: new Date(startedAt),
    request: requested,
    response: answered,
    evidence: requested?.linkable
      ? requestEvidence(id, requested.linkable, {
          message: answered?.answer?.bytes ?? null,
          outcome: answered?.columns.outcome ?? null,
        })
      : null,
  };
  // Elsewhere a missing end cost nobody any tokens.
  if (exchange.response && exchange.request && exchange.request.columns.endpoint !== "messages")
    exchange.response.columns.usagePartial = false;
  return exchange;
}

/** Nothing of its body is recorded, and that is not the rule for its path. */
function hasLostBody({ body, path }: RequestMetadata): boolean {
  return body.recorded === "none" && !isOAuthPath(path);
}

/**
 * The request as its answer knows it, for an answer whose request nobody waits for any more. Null where it knows nothing of it, as
 * in what earlier versions wrote.
 */
export function requestFromSummary({ response }: JournalEntry): RequestMetadata | null {
  if (!response?.metadata.asked) return null;
  const { id, asked } = response.metadata;
  const unknown = { query: "", headers: {}, body: { recorded: "none" as const, bytes: 0, sha256: null } };
  return { v: 1, id, startedAt: startedAtOf(id) ?? 0, ...unknown, ...asked };
}
