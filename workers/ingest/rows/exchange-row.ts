/**
 * Builds a storable exchange from a journal entry and its message. Pure; called by read-batch.ts. Links depend on other exchanges and are
 * added later; the evidence for them is read here.
 */
import type { PrefixCache } from "../../domain/content/prefix-cache.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { finish, type Steps } from "../../domain/steps.ts";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { endpointOf } from "../../domain/http/endpoint.ts";
import { countRequests } from "../../domain/messages/batch-results.ts";
import { carriesCredentials } from "../../domain/http/paths.ts";
import type { ExchangeMessage, RequestMetadata, ResponseMetadata } from "../../schemas/exchange.ts";
import type { StorableExchange } from "../../store/requests/write-model.ts";
import type { JournalEntry } from "../../store/journal/objects.ts";
import { requestEvidence } from "../../domain/linking/evidence/linkable-request.ts";
import { requestRow } from "./request-row.ts";
import { responseRow } from "./response-row.ts";

const EMPTY = new Uint8Array(0);

export interface RowOptions {
  /** Saves work and changes nothing. */
  cache?: PrefixCache;
  /** Bodies are kept as they are: reading them has ended the isolate before. */
  isUnread?: boolean;
}

/**
 * The journal takes precedence; metadata in the message replaces a part that R2 did not take, and then the exchange is
 * "unrecorded". Null when both are empty. Throws when the id is not an exchange id.
 */
export const exchangeRow = (...args: Parameters<typeof exchangeRowInSteps>): StorableExchange | null =>
  finish(exchangeRowInSteps(...args));

/** `exchangeRow` in steps. */
export function* exchangeRowInSteps(
  message: Pick<ExchangeMessage, "id" | "request" | "response">,
  entry: JournalEntry,
  { cache, isUnread = false }: RowOptions = {},
): Steps<StorableExchange | null> {
  const request = entry.request ?? (message.request && { metadata: message.request, body: EMPTY });
  const response = entry.response ?? (message.response && { metadata: message.response, body: EMPTY });
  if (!request && !response) return null;
  const { id } = message;
  const startedAt = startedAtOf(id);
  if (startedAt === null) throw new Error(`${id} is not an exchange id`);
  const isUnrecorded =
    (request !== null && (!entry.request || hasLostBody(request.metadata, response?.metadata))) ||
    (response !== null && !entry.response);
  const requestPart = request && (yield* requestRow(request.metadata, request.body, { cache, isUnread }));
  const isLarge = (request?.body.length ?? 0) + (response?.body.length ?? 0) > STEP_BYTES;
  if (isLarge) yield;
  const asked = request?.metadata ?? response?.metadata.asked;
  const responsePart =
    response &&
    (yield* responseRow(response.metadata, response.body, {
      ...(asked && {
        endpoint: endpointOf(asked.method, asked.path),
        method: asked.method,
        path: asked.path,
      }),
      isUnrecorded,
      isUnread,
    }));
  const batch = responsePart?.batch;
  if (batch?.isCreated && requestPart?.body)
    batch.requestCount ??= countRequests(requestPart.body.skeleton.bytes);
  if (isLarge) yield;
  const exchange: StorableExchange = {
    id,
    startedAt: new Date(startedAt),
    request: requestPart,
    response: responsePart,
    evidence: requestPart?.linkable
      ? requestEvidence(id, requestPart.linkable, {
          message: responsePart?.message?.bytes ?? null,
          outcome: responsePart?.columns.outcome ?? null,
        })
      : null,
  };
  // Only Messages responses report usage at their end.
  if (exchange.response && exchange.request && exchange.request.columns.endpoint !== "messages")
    exchange.response.columns.usagePartial = false;
  return exchange;
}

/** Its body is not recorded although its path is not excluded from recording, and the proxy did not reject it unread. */
function hasLostBody({ body, path }: RequestMetadata, response: ResponseMetadata | undefined): boolean {
  return body.recorded === "none" && !carriesCredentials(path) && response?.upstreamAttempts !== 0;
}

/**
 * The request from its response's summary, for a response whose request was given up. Null where there is no summary, as
 * in entries of earlier versions.
 */
export function requestFromSummary({ response }: JournalEntry): RequestMetadata | null {
  if (!response?.metadata.asked) return null;
  const { id, asked } = response.metadata;
  const unknown = { query: "", headers: {}, body: { recorded: "none" as const, bytes: 0, sha256: null } };
  return { v: 1, id, startedAt: startedAtOf(id) ?? 0, ...unknown, ...asked };
}
