/** What ingest passes to the store: an exchange as columns, contents and chains. Types only. */
import type { requests } from "../../../drizzle/schema.ts";
import type { ChainElement } from "../../domain/content/split-body.ts";
import type { BatchPart } from "../../domain/messages/batch-results.ts";
import type { FullEvidence } from "../../domain/linking/evidence/evidence.ts";
import type { LinkColumns } from "../conversations/links.ts";
import type { PriceColumns } from "./price.ts";
import type { Content } from "../content/contents.ts";

type Row = typeof requests.$inferInsert;

/** Columns of a row that come from its response; tokens and price are derived from them (price.ts). */
export type ResponseColumns = Pick<
  Row,
  | "contextTokens"
  | "status"
  | "outcome"
  | "failed"
  | "modelServed"
  | "errorType"
  | "errorMessage"
  | "stopReason"
  | "serverToolUse"
  | "usage"
  | "usagePartial"
  | "toolCalls"
  | "toolCallCount"
  | "timeToFirstByteMs"
  | "durationMs"
  | "upstreamAttempts"
  | "upstreamRequestId"
  | "responseHeaders"
  | "responseBytes"
  | "responseTruncated"
>;

/** Columns of a row that come from its request: those that neither response, link nor store adds. */
export type RequestColumns = Omit<
  Row,
  | keyof ResponseColumns
  | keyof LinkColumns
  | keyof PriceColumns
  | "id"
  | "startedAt"
  | "domainId"
  | "storedAt"
  | "requestHeadersId"
  | "responseHeadersId"
  | "responseContentId"
  | "bodyContentId"
  | "receivedBodyId"
  | "messagesNodeId"
  | "systemNodeId"
  | "toolsNodeId"
>;

export interface StorableRequest {
  domain: string;
  columns: RequestColumns;
  /** The allow-listed headers as one content, which most requests of a client share. */
  headers: Content;
  /** Null when the body is not stored. */
  body: {
    skeleton: Content;
    messages: readonly ChainElement[];
    system: readonly ChainElement[];
    tools: readonly ChainElement[];
    /** The bytes as received, where the text that the other parts make up is another. */
    received: Content | null;
  } | null;
}

export interface StorableResponse {
  columns: ResponseColumns;
  /** The allow-listed headers that recur; the others are in the columns. */
  headers: Content;
  /** The response's `anthropic-organization-id`: the account of a passthrough exchange. */
  organizationId: string | null;
  /** The assembled message as a history element. */
  message: Content | null;
  /** What it says of a message batch; null for all other endpoints. */
  batch: BatchPart | null;
  /** Minimum of received output tokens (estimate-output-tokens.ts); null where no message is known. */
  receivedTokens: number | null;
  /** Why it was not read as a whole; null for most. */
  unread: (Row["unread"] & string) | null;
  /** Null when it is not stored. */
  body: Uint8Array | null;
  /** Arrival times of the chunks, packed; null if not sampled. */
  timing: Uint8Array | null;
}

/** An exchange as ingest read it. At least one part is present. */
export interface StorableExchange {
  id: string;
  startedAt: Date;
  /** Null when only the response is in the journal: then the row should be stored already. */
  request: StorableRequest | null;
  /** Null if the end was not seen. */
  response: StorableResponse | null;
  /** Evidence for linking, from both parts; null if it belongs to no conversation or the request is missing. */
  evidence: FullEvidence | null;
}
