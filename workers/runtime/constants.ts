/** Numbers of the product, unit in the name, source in the comment. Nothing else is hard-coded elsewhere. */

/** A body is held for a retry of a failed connection only up to this size, and only when its length is known. */
export const MAX_BUFFERED_BODY_BYTES = 1_048_576;
/** Connection failures before any response byte are tried this often in addition to the first attempt. */
export const MAX_CONNECT_RETRIES = 2;
/** Only a connection that fails this early is tried again: one that dies later has probably been working on the answer. */
export const CONNECT_RETRY_WINDOW_MS = 10_000;
/** Pause before the first further try, doubled for the next. */
export const CONNECT_RETRY_DELAY_MS = 50;
/** A request is written to the journal this long after it was forwarded, if its answer has not ended sooner. */
export const REQUEST_RECORDING_DELAY_MS = 100;
/** Exchanges whose bodies are both no larger than this and that end before the request is written go into the journal in bundles: */
export const MAX_BUNDLED_BODY_BYTES = 65_536;
/** of at most so many exchanges and bytes, gathered for so long. */
export const MAX_BUNDLED_EXCHANGES = 100;
export const MAX_BUNDLE_BYTES = 1_048_576;
export const BUNDLING_MS = 100;
/** What recording does at the end of an answer begins this much later: the client's last bytes, its next request and others' go first. */
export const AFTER_RESPONSE_DELAY_MS = 100;
/** Once upstream has said everything, a client that is still reading after this long counts as served. */
export const CLIENT_GRACE_MS = 5_000;
/** Recordings that could all begin at once begin this far apart (one takes about half of it), but none later than the limit. */
export const RECORDING_INTERVAL_MS = 3;
export const MAX_AFTER_RESPONSE_DELAY_MS = 1_000;
/** A body is recorded whole up to this size (Anthropic's own limit for Messages is 32 MB). */
export const MAX_RECORDED_BODY_BYTES = 32 * 1_048_576;
/** Of a larger body this much is kept. */
export const RECORDED_HEAD_BYTES = 1_048_576;
/** How long an isolate trusts its copy of a domain or key record. */
export const TENANT_CACHE_MS = 30_000;
/** With KV down the last good record serves this long. */
export const TENANT_STALE_MS = 600_000;
/** Queues reject messages > 128 KB (1 KB = 1000 B, ~100 B are theirs). /queues/platform/limits */
export const MAX_QUEUE_MESSAGE_BYTES = 120_000;
/** And more than so many in one sending. /queues/platform/limits */
export const MAX_QUEUE_BATCH_MESSAGES = 100;
/** Ingest works on at most this many journal bytes at once: the isolate has 128 MB. */
export const MAX_INGEST_MEMORY_BYTES = 16 * 1_048_576;
/** One transaction stores about so many bytes of journal; meanwhile the next ones are read and taken apart. */
export const MAX_BATCH_JOURNAL_BYTES = 4 * 1_048_576;
/** And so many exchanges: a statement takes 65,535 parameters, and a row has more than sixty. */
export const MAX_BATCH_EXCHANGES = 200;
/** Of the isolate's memory, what ingest remembers of lists that it took apart: some 40 conversations of 100 KB. */
export const PREFIX_CACHE_BYTES = 16 * 1_048_576;
/** Ingest waits this long for the journal, per exchange and for clearing a slice; then it comes back later. */
export const JOURNAL_TIMEOUT_MS = 60_000;
/** Rollups sum this long. */
export const ROLLUP_BUCKET_MS = 300_000;
/** A dashboard session lives 7 days. */
export const SESSION_MS = 7 * 86_400_000;
/** To a connection with Postgres; after that the work fails and is tried again later. */
export const DATABASE_CONNECT_TIMEOUT_MS = 10_000;
/** One statement, its way included. The queue consumer has 15 minutes, a page of the dashboard has people waiting. */
export const DATABASE_STATEMENT_TIMEOUT_MS = 30_000;
/** Closing a connection waits this long for the server's farewell. */
export const DATABASE_CLOSE_TIMEOUT_MS = 2_000;
/** Of one event, at once. Neon's smallest computes take about 100 in all. */
export const MAX_WRITER_CONNECTIONS = 2;
/** The name of the one LiveFeed object. */
export const LIVE_FEED_NAME = "feed";
/** Events the live feed keeps for readers that come back. */
export const LIVE_EVENTS_KEPT = 1_000;
/** A quiet stream of live events says this often that it is there; proxies close what is quiet for a minute or so. */
export const LIVE_HEARTBEAT_MS = 15_000;
/** A stream of live events ends after 10 minutes, and its reader comes back: a session may have ended meanwhile. */
export const LIVE_STREAM_MAX_MS = 600_000;
/** An isolate collects notices for the live feed this long. */
export const LIVE_NOTICE_DELAY_MS = 1_000;
/** The product's version; a test holds it to package.json. */
export const VERSION = "0.1.0";
export const MINUTE_MS = 60_000;
/** An account's rolling window. */
export const WINDOW_MS = 5 * 3_600_000;
/** An account's window remembers this long: the vendor's longest is 7 days. What arrives later than this is history, not window. */
export const WINDOW_RETENTION_MS = 8 * 86_400_000;
/** Shares of a window at which to alert, unless an account has its own. */
export const WINDOW_THRESHOLDS: readonly number[] = [0.75, 0.9];
/** An isolate tells an account's window of rate limits at most this often. */
export const LIMIT_REPORT_INTERVAL_MS = 1_000;
/** Slack takes about one message a second from a webhook. https://docs.slack.dev/apis/web-api/rate-limits */
export const ALERT_INTERVAL_MS = 1_000;
/** Pause before the second try of an alert, doubled each time; ten tries take about an hour and a half. */
export const ALERT_RETRY_MS = 10_000;
export const ALERT_ATTEMPTS = 10;
/** Alerts kept for one domain while Slack is away. */
export const MAX_QUEUED_ALERTS = 100;
/** Slack answers in well under a second. */
export const SLACK_TIMEOUT_MS = 10_000;
/** What happened longer ago than this when it is stored is history, not news. */
export const MAX_ALERT_AGE_MS = 3_600_000;
/** Recording counts as behind when the oldest exchange has waited this long. */
export const BACKLOG_ALERT_MS = 300_000;

/** Who opens a transcript and reads on in it opened it once: reading again within this time adds nothing to the audit log. */
export const AUDIT_READING_MS = 30 * 60_000;
