ALTER TABLE "rollups" ADD COLUMN "share_requests" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "rollups" ADD COLUMN "share_errors" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "rollups_share_models" ON "rollups" USING btree ("model") WHERE share_requests > 0;--> statement-breakpoint
-- The rollups of models that only shares name exist already, with their tokens and without requests.
UPDATE "rollups" u SET "share_requests" = s.requests, "share_errors" = s.errors
FROM (
  SELECT to_timestamp(floor(extract(epoch FROM started_at) / 300) * 300) AS bucket, domain_id, coalesce(account_id, '') AS account_id,
    share ->> 'model' AS model, request_type, outcome, count(*) AS requests,
    count(*) FILTER (WHERE coalesce(failed, status IS NULL OR status >= 400)) AS errors
  FROM "requests", jsonb_array_elements("model_shares") share
  GROUP BY 1, 2, 3, 4, 5, 6
) s
WHERE u.bucket = s.bucket AND u.domain_id = s.domain_id AND u.account_id = s.account_id AND u.model = s.model
  AND u.request_type = s.request_type AND u.outcome = s.outcome;
