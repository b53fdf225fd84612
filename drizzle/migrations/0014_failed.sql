-- Whether an exchange has failed, decided by workers/domain/outcome.ts when it is stored. Existing rows get false without being rewritten; below,
-- those that may have failed are set to null and counted again. The previous Worker stores null, and counts by status.
ALTER TABLE "requests" ADD COLUMN "failed" boolean DEFAULT false;--> statement-breakpoint
ALTER TABLE "requests" ALTER COLUMN "failed" DROP DEFAULT;--> statement-breakpoint
CREATE INDEX "requests_failed" ON "requests" USING btree ("started_at","id") WHERE failed;--> statement-breakpoint
CREATE INDEX "requests_uncounted" ON "requests" USING btree ("started_at") WHERE failed is null;--> statement-breakpoint
-- Judges the rows of earlier Workers (`failed` is null) by what they know, and corrects the errors of their rollups and conversations. Can be
-- repeated; holds the locks of their domains, as ingest does. Returns the number of rows.
CREATE FUNCTION "recount_failed"() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  recounted bigint;
  affected uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock(7263116, domain_id)
    FROM (SELECT DISTINCT domain_id FROM requests WHERE failed IS NULL ORDER BY 1) locked;
  WITH uncounted AS (
    SELECT *, outcome = 'complete' AND endpoint = 'messages' AND status BETWEEN 200 AND 299 AND error_type IS NULL
      AND usage_partial AND NOT response_truncated AS ended_early
    FROM requests WHERE failed IS NULL
  ), judged AS (
    SELECT id, started_at, domain_id, account_id, model, request_type, outcome, conversation_id, ended_early,
      (status IS NULL OR status >= 400)::int AS counted,
      outcome <> 'client_gone' AND (status IS NULL OR status >= 400 OR error_type IS NOT NULL OR outcome = 'upstream_failed'
        OR outcome = 'interrupted' AND (usage_partial OR endpoint <> 'messages') OR ended_early) AS is_failed
    FROM uncounted
  ), updated AS (
    UPDATE requests r SET failed = j.is_failed,
      error_type = CASE WHEN j.ended_early THEN 'stream_ended_early' ELSE r.error_type END,
      error_message = CASE WHEN j.ended_early THEN 'The response ended before it was complete.' ELSE r.error_message END
    FROM judged j WHERE r.id = j.id AND r.started_at = j.started_at
    RETURNING r.conversation_id
  ), corrected AS (
    UPDATE rollups u SET errors = u.errors + d.change
    FROM (
      SELECT to_timestamp(floor(extract(epoch FROM started_at) / 300) * 300) AS bucket, domain_id, coalesce(account_id, '') AS account_id,
        coalesce(model, '') AS model, request_type, outcome, sum(is_failed::int - counted) AS change
      FROM judged GROUP BY 1, 2, 3, 4, 5, 6
    ) d
    WHERE d.change <> 0 AND u.bucket = d.bucket AND u.domain_id = d.domain_id AND u.account_id = d.account_id AND u.model = d.model
      AND u.request_type = d.request_type AND u.outcome = d.outcome
  )
  SELECT count(*), array_agg(DISTINCT conversation_id) FILTER (WHERE conversation_id IS NOT NULL) INTO recounted, affected FROM updated;
  UPDATE conversations c SET errors = (SELECT count(*) FROM requests r WHERE r.conversation_id = c.id AND r.failed)
    WHERE c.id = ANY (affected);
  RETURN recounted;
END $$;--> statement-breakpoint
UPDATE "requests" SET "failed" = NULL WHERE status >= 400 OR status IS NULL OR outcome <> 'complete';--> statement-breakpoint
UPDATE "requests" SET "failed" = NULL WHERE error_type IS NOT NULL OR usage_partial;--> statement-breakpoint
SELECT "recount_failed"();
