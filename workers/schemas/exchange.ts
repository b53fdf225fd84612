/**
 * One exchange (a request and its response) on its way from the hot path to Postgres: metadata known before the
 * upstream call, metadata known after it, and the queue messages that announce a journal entry.
 * Written by workers/proxy, read by workers/ingest. Both run different versions for a while during a deploy,
 * so fields are only ever added, and readers keep unknown fields. Field names are serialised and never change.
 */
import { z } from "zod";

export const CredentialType = z.enum(["api_key", "oauth", "passthrough"]);
export type CredentialType = z.infer<typeof CredentialType>;

/** How an exchange ended. `interrupted`: the isolate or host died before the end was seen. `unrecorded`: R2 was down, only metadata is known. */
export const Outcome = z.enum(["complete", "client_gone", "upstream_failed", "interrupted", "unrecorded"]);
export type Outcome = z.infer<typeof Outcome>;

/** Whose response a status of 400 and above is; null for other exchanges. */
export const RefusedBy = z.enum(["upstream", "nexus"]).nullable();
export type RefusedBy = z.infer<typeof RefusedBy>;

/** How much of a body is archived: all of it, its first 1 MB, or nothing (excluded by rule, or recording failed). */
export const BodyRecorded = z.enum(["whole", "head", "none"]);
export type BodyRecorded = z.infer<typeof BodyRecorded>;

const BodyMetadata = z.looseObject({
  recorded: BodyRecorded,
  /** Bytes seen on the wire (request) or after decoding (response). */
  bytes: z.number().int().nonnegative(),
  /** Hex SHA-256 of all bytes seen; only where `recorded` is "head". */
  sha256: z.string().nullable(),
});
export type BodyMetadata = z.infer<typeof BodyMetadata>;

/** Version of the metadata in the journal. A later one also reads what this one wrote. */
export const JOURNAL_FORMAT = 1;

/** Known when the request is forwarded. `id` is a UUIDv7 whose timestamp is exactly `startedAt`. */
export const RequestMetadata = z.looseObject({
  v: z.literal(JOURNAL_FORMAT),
  id: z.uuid(),
  /** Epoch milliseconds. */
  startedAt: z.number().int(),
  domain: z.string(),
  /** Null only for passthrough, where the response's organization id names the account later. */
  accountId: z.string().nullable(),
  credentialType: CredentialType,
  clientKeyId: z.uuid().nullable(),
  method: z.string(),
  /** Path without query, as received. */
  path: z.string(),
  /** Query with its `?`, or the empty string. */
  query: z.string(),
  /** Allow-listed request headers, names in lower case, never a credential. */
  headers: z.record(z.string(), z.string()),
  body: BodyMetadata,
});
export type RequestMetadata = z.infer<typeof RequestMetadata>;

/**
 * Metadata of the request in its response part, in case the request part is missing from the journal: client and endpoint, or all of it
 * once R2 is known not to have taken the request part.
 */
export const RequestSummary = RequestMetadata.partial({
  v: true,
  id: true,
  startedAt: true,
  query: true,
  headers: true,
  body: true,
});
export type RequestSummary = z.infer<typeof RequestSummary>;

/** Chunks of one stream; beyond that neighbours are merged. About 30 KB of metadata. */
export const MAX_TIMING_POINTS = 4_000;
const amounts = z.array(z.number().int().min(0).max(0x7fff_ffff)).max(MAX_TIMING_POINTS);

/** Arrival times of the chunks of a streamed response, for a sample of responses (STREAM_TIMING_SAMPLE). */
export const StreamTiming = z
  .looseObject({
    /** Chunks that arrived within this many milliseconds of each other may be merged, with the time of the last. */
    resolutionMs: z.number().int().positive(),
    /** Milliseconds since the previous chunk; of the first, since the start of the exchange. */
    gapsMs: amounts,
    /** Bytes of each chunk, before any decoding. */
    bytes: amounts,
  })
  .refine(({ gapsMs, bytes }) => gapsMs.length === bytes.length);
export type StreamTiming = z.infer<typeof StreamTiming>;

/** Known when the response has ended, with any outcome. */
export const ResponseMetadata = z.looseObject({
  v: z.literal(JOURNAL_FORMAT),
  id: z.uuid(),
  outcome: Outcome,
  /** Where `outcome` is `unrecorded`: how the exchange ended. Absent in what earlier versions wrote. */
  endedAs: Outcome.optional(),
  /** The status the client received: upstream's, or the proxy's (502, 504) when upstream did not respond. Null when the client disconnected first. */
  status: z.number().int().nullable(),
  /** The proxy's error type when the response is the proxy's (`api_error`, `timeout_error`), else null: ingest reads upstream's from the body. */
  errorType: z.string().nullable(),
  /** Allow-listed response headers, names in lower case. */
  headers: z.record(z.string(), z.string()),
  /** Milliseconds from start to upstream's response headers; null when there were none. */
  timeToFirstByteMs: z.number().nullable(),
  /** Milliseconds from start to the end of the response. */
  durationMs: z.number(),
  /** How often the request was sent to Claude. Absent in what earlier versions wrote. */
  upstreamAttempts: z.number().int().optional(),
  /** "identity", or a content-coding that workerd passes through undecoded ("zstd", "deflate"). */
  bodyCoding: z.string(),
  /** Absent in entries of earlier versions. */
  asked: RequestSummary.optional(),
  /** In the journal only, where the response was timed. An invalid one is dropped, so that the exchange is stored. */
  timing: StreamTiming.optional().catch(undefined),
  body: BodyMetadata,
});
export type ResponseMetadata = z.infer<typeof ResponseMetadata>;

/** Announces a journal entry; well under the queue's 128 KB. `request` and `response` are inline only where R2 did not take them. */
export const ExchangeMessage = z.looseObject({
  v: z.literal(1),
  kind: z.literal("exchange"),
  id: z.uuid(),
  domain: z.string(),
  /** Bytes of both journal objects; the consumer limits batches by bytes. */
  journalBytes: z.number().int().nonnegative(),
  /** The sender: the recorder at the end of the response, or the sweep that found an unstored journal entry. */
  rungBy: z.enum(["recorder", "sweep"]),
  /** The sweep no longer waits for a missing part: ingest stores what exists. */
  isAbandoned: z.boolean().optional(),
  /** Number of exchanges of a bundle; then `id` is the bundle's. */
  exchanges: z.number().int().positive().optional(),
  /** Metadata of an exchange whose journal entry is missing or incomplete because R2 was down. */
  request: RequestMetadata.nullable(),
  response: ResponseMetadata.nullable(),
});
export type ExchangeMessage = z.infer<typeof ExchangeMessage>;

/** Counts of events without a row (rejected before authentication, unrecorded) of one isolate over some seconds. */
export const CountersMessage = z.looseObject({
  v: z.literal(1),
  kind: z.literal("counters"),
  /** Idempotency key of this message. */
  id: z.uuid(),
  /** Epoch milliseconds. */
  at: z.number().int(),
  /** Counter name (`refused_unauthenticated`, `refused_path`, `unrecorded`, …) → increment. */
  counts: z.record(z.string(), z.number().int().positive()),
});
export type CountersMessage = z.infer<typeof CountersMessage>;

export const QueueMessage = z.discriminatedUnion("kind", [ExchangeMessage, CountersMessage]);
export type QueueMessage = z.infer<typeof QueueMessage>;
