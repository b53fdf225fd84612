/** What ingest hands to the store: an exchange as columns, contents and chains. Types only; stored by exchanges.ts. */
import type { requests } from "../../../drizzle/schema.ts";
import type { ChainElement } from "../../domain/content/split-body.ts";
import type { FullEvidence } from "../../domain/linking/evidence/evidence.ts";
import type { LinkColumns } from "../conversations/links.ts";
import type { TokenField } from "../../schemas/tokens.ts";
import type { PriceColumns } from "./price.ts";
import type { Content } from "../content/contents.ts";

type Row = typeof requests.$inferInsert;

/** What a row has from its response: tokens and the rest. */
export type ResponseColumns = Pick<
  Row,
  | TokenField
  | "status"
  | "outcome"
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
  | "upstreamRequestId"
  | "responseHeaders"
  | "responseBytes"
  | "responseTruncated"
>;

/** What a row has from its request: all that neither its response, its link nor the store itself adds. */
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
  | "messagesNodeId"
  | "systemNodeId"
  | "toolsNodeId"
>;

export interface StorableRequest {
  domain: string;
  columns: RequestColumns;
  /** The allow-listed headers as one content; most requests of a client share it. */
  headers: Content;
  /** Null when nothing of the body is kept. */
  body: {
    skeleton: Content;
    messages: readonly ChainElement[];
    system: readonly ChainElement[];
    tools: readonly ChainElement[];
  } | null;
}

export interface StorableResponse {
  columns: ResponseColumns;
  /** Those of the allow-listed headers that come again; the others are in the columns. */
  headers: Content;
  /** The answer's `anthropic-organization-id`: the account of a passthrough exchange. */
  organizationId: string | null;
  /** The assembled answer message as a history element. */
  answer: Content | null;
  /** Tokens of output that came at least (workers/domain/answer-size); null where no message is known. */
  receivedTokens: number | null;
  /** Null when nothing of it is kept. */
  body: Uint8Array | null;
  /** When the pieces of the body came, packed; null where it was not timed. */
  timing: Uint8Array | null;
}

/** An exchange as ingest read it. At least one half is there. */
export interface StorableExchange {
  id: string;
  startedAt: Date;
  /** Null when only the answer is (still) in the journal: then the row is expected to be stored already. */
  request: StorableRequest | null;
  /** Null when the end was not seen. */
  response: StorableResponse | null;
  /** What its link is made of, of both halves; null where it is part of no conversation, or the request is not here. */
  evidence: FullEvidence | null;
}
