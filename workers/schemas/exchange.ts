/**
 * One exchange (a request and its answer) as it travels from the hot path to Postgres: facts known before the
 * upstream call, facts known after it, and the queue message that says "there is something in the journal".
 * Written by workers/proxy, read by workers/ingest; both run different versions for a while during a deploy,
 * so a field is only ever added, and readers keep what they do not know.
 */
import { z } from "zod";

export const CredentialType = z.enum(["api_key", "oauth", "passthrough"]);
export type CredentialType = z.infer<typeof CredentialType>;

/** How an exchange ended. `interrupted`: the isolate or host died before the end was seen. `unrecorded`: R2 was down, facts only. */
export const Outcome = z.enum(["complete", "client_gone", "upstream_failed", "interrupted", "unrecorded"]);
export type Outcome = z.infer<typeof Outcome>;

/** What is in the archive of a body: all of it, its first 1 MB, or nothing (never recorded by rule, or could not be). */
export const BodyRecorded = z.enum(["whole", "head", "none"]);
export type BodyRecorded = z.infer<typeof BodyRecorded>;

const BodyMetadata = z.looseObject({
  recorded: BodyRecorded,
  /** Bytes seen on the wire (request) or after decoding (response). */
  bytes: z.number().int().nonnegative(),
  /** Hex SHA-256 of all bytes seen; only given where `recorded` is "head". */
  sha256: z.string().nullable(),
});
export type BodyMetadata = z.infer<typeof BodyMetadata>;

/** Known when the request is forwarded. `id` is a UUIDv7 whose timestamp is exactly `startedAt`. */
export const RequestMetadata = z.looseObject({
  v: z.literal(1),
  id: z.uuid(),
  /** Epoch milliseconds. */
  startedAt: z.number().int(),
  domain: z.string(),
  /** Null only for passthrough, where the answer's organisation id names the account later. */
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
 * Of its request, what an answer knows that may turn out to be alone in the journal: who asked where. All facts of it, once R2
 * is known not to have taken the request's half.
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

/** Of one stream: beyond that neighbours become one. About 30 KB of facts. */
export const MAX_TIMING_POINTS = 4_000;
const amounts = z.array(z.number().int().min(0).max(0x7fff_ffff)).max(MAX_TIMING_POINTS);

/** When the pieces of a streamed answer came; only of a share of them (STREAM_TIMING_SAMPLE). */
export const StreamTiming = z
  .looseObject({
    /** Pieces that came within so many milliseconds of each other may be one, with the time of the last. */
    resolutionMs: z.number().int().positive(),
    /** Milliseconds from the piece before; the first's from the start of the exchange. */
    gapsMs: amounts,
    /** Bytes of each piece, before any decoding. */
    bytes: amounts,
  })
  .refine(({ gapsMs, bytes }) => gapsMs.length === bytes.length);
export type StreamTiming = z.infer<typeof StreamTiming>;

/** Known when the answer has ended, however it ended. */
export const ResponseMetadata = z.looseObject({
  v: z.literal(1),
  id: z.uuid(),
  outcome: Outcome,
  /** The status the client saw: upstream's, or ours (502, 504) when upstream never answered. Null when the client left first. */
  status: z.number().int().nullable(),
  /** Our own error type when the answer was ours (`api_error`, `timeout_error`), else null: ingest reads upstream's from the body. */
  errorType: z.string().nullable(),
  /** Allow-listed response headers, names in lower case. */
  headers: z.record(z.string(), z.string()),
  /** Milliseconds from start to upstream's response headers; null when there were none. */
  timeToFirstByteMs: z.number().nullable(),
  /** Milliseconds from start to the end of the answer. */
  durationMs: z.number(),
  /** "identity", or a content-coding that workerd passes through undecoded ("zstd", "deflate"). */
  bodyCoding: z.string(),
  /** Absent in what earlier versions wrote. */
  asked: RequestSummary.optional(),
  /** In the journal only, where the answer was timed. One that cannot be read must not cost the exchange. */
  timing: StreamTiming.optional().catch(undefined),
  body: BodyMetadata,
});
export type ResponseMetadata = z.infer<typeof ResponseMetadata>;

/** The doorbell: well under the queue's 128 KB. `request` and `response` travel inline only where R2 could not take them. */
export const ExchangeMessage = z.looseObject({
  v: z.literal(1),
  kind: z.literal("exchange"),
  id: z.uuid(),
  domain: z.string(),
  /** Bytes of both journal objects, so that the consumer can take batches by bytes. */
  journalBytes: z.number().int().nonnegative(),
  /** Who rang: the recorder at the end of the answer, or the sweep that found a journal entry left behind. */
  rungBy: z.enum(["recorder", "sweep"]),
  /** The sweep waits no longer for a half that is missing: what there is is stored. */
  isAbandoned: z.boolean().optional(),
  /** It rings for a bundle of so many exchanges, and `id` is the bundle's. */
  exchanges: z.number().int().positive().optional(),
  /** Facts of an exchange whose journal entry is missing or incomplete because R2 was down. */
  request: RequestMetadata.nullable(),
  response: ResponseMetadata.nullable(),
});
export type ExchangeMessage = z.infer<typeof ExchangeMessage>;

/** Things counted, not stored (refused before authentication, unrecorded): sums of one isolate over some seconds. */
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
