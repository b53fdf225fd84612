/** Shared limits and intervals, with the unit in the name and the source in the comment. */

/** A request body up to this size is buffered, if its length is known: after a 401 for an access token of ours it is sent again. */
export const MAX_BUFFERED_BODY_BYTES = 1_048_576;
/** Retries of a safe method after a connection failure without a response byte. */
export const MAX_CONNECT_RETRIES = 2;
/** Only a connection that fails this early is retried: the client has its own retries, and its own timeout. */
export const CONNECT_RETRY_WINDOW_MS = 10_000;
/** Delay before the first retry, doubled for the next. */
export const CONNECT_RETRY_DELAY_MS = 50;
/** A request is written to the journal this long after it was forwarded, unless its response has ended sooner. */
export const REQUEST_RECORDING_DELAY_MS = 100;
/** Exchanges whose bodies are both at most this large, and that end before the request is written, go into the journal in bundles. */
export const MAX_BUNDLED_BODY_BYTES = 65_536;
/** Limits of one bundle, and how long exchanges are collected for it. */
export const MAX_BUNDLED_EXCHANGES = 100;
export const MAX_BUNDLE_BYTES = 1_048_576;
export const BUNDLING_MS = 20;
/** Recording starts this long after a response has ended, so that it does not compete with the client's last bytes and next request, or with other streams. */
export const AFTER_RESPONSE_DELAY_MS = 50;
/** A client that is still reading this long after upstream's last byte counts as served. */
export const CLIENT_GRACE_MS = 5_000;
/** Recordings that are due together start this far apart (one takes about half of it), but none later than the limit. */
export const RECORDING_INTERVAL_MS = 3;
export const MAX_AFTER_RESPONSE_DELAY_MS = 1_000;
/** A body is recorded whole up to this size (Anthropic's own limit for Messages is 32 MB). */
export const MAX_RECORDED_BODY_BYTES = 32 * 1_048_576;
/** How much of a larger body is recorded. */
export const RECORDED_HEAD_BYTES = 1_048_576;
/**
 * Bodies that an isolate holds while it records them, all together: of 128 MB, which ingest shares. Beyond it, of a body of more than
 * RECORDED_HEAD_BYTES only that much is recorded.
 */
export const MAX_HELD_BODY_BYTES = 48 * 1_048_576;
/** Beyond it, no body is written: R2 takes less than comes, and an isolate that runs out of memory ends every stream. */
export const MAX_HELD_BYTES = 64 * 1_048_576;
/** How long an isolate caches a domain or key record. */
export const TENANT_CACHE_MS = 30_000;
/** While KV is unavailable, a cached record is used this long. */
export const TENANT_STALE_MS = 600_000;
/** Queues reject messages > 128 KB (1 KB = 1000 B, of which ~100 B are overhead). /queues/platform/limits */
export const MAX_QUEUE_MESSAGE_BYTES = 120_000;
/** Queues reject batches of more messages. /queues/platform/limits */
export const MAX_QUEUE_BATCH_MESSAGES = 100;
/**
 * JSON beyond either limit is not parsed. Its bytes, its text and its value are in memory together, and the isolate has 128 MB; a value
 * takes up to 400 bytes, whatever its text takes.
 */
export const MAX_PARSED_BYTES = 12 * 1_048_576;
export const MAX_PARSED_VALUES = 100_000;
/** A body in a content-coding is decoded up to this size and ratio: 1 MB of text compresses a thousandfold at most, a hundredfold rarely. */
export const MAX_DECODED_BYTES = 16 * 1_048_576;
export const MAX_DECODED_RATIO = 100;
/** Up to this size a body is decoded whatever its ratio. */
export const MIN_DECODED_BYTES = 1_048_576;
/** Decoded bytes and their overhead that ingest holds until they are stored; one exchange may take more. */
export const MAX_PART_MEMORY_BYTES = 16 * 1_048_576;
/** An exchange whose reading has begun this often and never ended is stored unread. */
export const MAX_READ_ATTEMPTS = 3;
/** Journal bytes that ingest holds in memory at once: the isolate has 128 MB. */
export const MAX_INGEST_MEMORY_BYTES = 16 * 1_048_576;
/** Journal bytes of one batch, which is stored while the next one is read and split. */
export const MAX_BATCH_JOURNAL_BYTES = 4 * 1_048_576;
/** Exchanges of one batch: a statement takes 65,535 parameters, and a row has more than sixty. */
export const MAX_BATCH_EXCHANGES = 200;
/** Memory of ingest's cache of message lists: some 40 conversations of 100 KB. */
export const PREFIX_CACHE_BYTES = 16 * 1_048_576;
/** How long ingest waits for the journal, per exchange read and per batch cleared; after that it retries later. */
export const JOURNAL_TIMEOUT_MS = 60_000;
/**
 * What is done at once with the bytes of a body: the isolate serves requests as well, and they wait meanwhile. Splitting or
 * compressing a megabyte takes 5 to 30 ms, a body of 32 MB would take 800.
 */
export const STEP_BYTES = 1_048_576;
/** Time span of one rollup. */
export const ROLLUP_BUCKET_MS = 300_000;
/** Lifetime of a dashboard session: 7 days. */
export const SESSION_MS = 7 * 86_400_000;
/** Time to connect to Postgres; after that the work fails and is retried later. */
export const DATABASE_CONNECT_TIMEOUT_MS = 10_000;
/** Time of one statement, network included. The queue consumer has 15 minutes; people wait for a dashboard page. */
export const DATABASE_STATEMENT_TIMEOUT_MS = 30_000;
/** How long closing a connection waits for the server. */
export const DATABASE_CLOSE_TIMEOUT_MS = 2_000;
/** Connections of one invocation at once. Neon's smallest computes take about 100 in all. */
export const MAX_WRITER_CONNECTIONS = 2;
/** The name of the one CronSchedule object. */
export const CRON_SCHEDULE_NAME = "schedule";
/** An isolate reports at most this often that it uses the database. */
export const DATABASE_USE_REPORT_MS = 30_000;
/** The name of the one LiveFeed object. */
export const LIVE_FEED_NAME = "feed";
/** Header with which the API names the owner of a stream to the live feed: the actor, as in the audit log. */
export const LIVE_READER_HEADER = "x-nexus-reader";
/** Events that the live feed keeps for readers that reconnect. */
export const LIVE_EVENTS_KEPT = 1_000;
/** Interval of heartbeats on a quiet live stream; proxies close a stream that is idle for about a minute. */
export const LIVE_HEARTBEAT_MS = 15_000;
/** A live stream ends after 10 minutes and its reader reconnects, because the session may have ended meanwhile. */
export const LIVE_STREAM_MAX_MS = 600_000;
/** How long an isolate collects notices for the live feed. What an isolate that is killed has not stored is known from them. */
export const LIVE_NOTICE_DELAY_MS = 20;
/** The product's version; a test compares it with package.json. */
export const VERSION = "0.2.0";
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** An account's rolling window. */
export const WINDOW_MS = 5 * 3_600_000;
/** Retention of an account's window; the vendor's longest window is 7 days. Usage that arrives later is not counted there. */
export const WINDOW_RETENTION_MS = 8 * 86_400_000;
/** Shares of a window at which to alert, unless the account has its own thresholds. */
export const WINDOW_THRESHOLDS: readonly number[] = [0.75, 0.9];
/** Minimum interval at which an isolate reports an account's rate limits. */
export const LIMIT_REPORT_INTERVAL_MS = 1_000;
/** Slack accepts about one message per second from a webhook. https://docs.slack.dev/apis/web-api/rate-limits */
export const ALERT_INTERVAL_MS = 1_000;
/** Delay before the second attempt to send an alert, doubled each time; ten attempts take about an hour and a half. */
export const ALERT_RETRY_MS = 10_000;
export const ALERT_ATTEMPTS = 10;
/** Alerts queued per domain while Slack is unavailable. */
export const MAX_QUEUED_ALERTS = 100;
/** Slack responds in well under a second. */
export const SLACK_TIMEOUT_MS = 10_000;
/** An exchange that is stored later than this after its start raises no alerts. */
export const MAX_ALERT_AGE_MS = 3_600_000;
/** Ingest counts as behind when the oldest exchange has waited this long. */
export const BACKLOG_ALERT_MS = 300_000;

/** Reading the same transcript, or searching for the same words, again within this time adds no entry to the audit log. */
export const AUDIT_READING_MS = 30 * 60_000;

/** A queue consumer has 15 minutes of wall time, also for reading the transcript and storing the end. /queues/platform/limits */
export const MAX_ANALYSIS_CALL_MS = 600_000;
