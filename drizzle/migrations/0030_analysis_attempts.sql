CREATE TABLE "analysis_attempts" (
	"analysis_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"outcome" text,
	"input_tokens" bigint,
	"cached_input_tokens" bigint,
	"output_tokens" bigint,
	"thinking_tokens" bigint,
	"cost_pico" numeric(30, 0),
	"estimated_pico" numeric(30, 0),
	CONSTRAINT "analysis_attempts_analysis_id_attempt_pk" PRIMARY KEY("analysis_id","attempt")
);
--> statement-breakpoint
ALTER TABLE "analyses" ADD COLUMN "waits_for" text;--> statement-breakpoint
ALTER TABLE "analyses" ADD COLUMN "enqueued_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "analyses" ADD COLUMN "estimated_tokens" integer;--> statement-breakpoint
CREATE INDEX "analysis_attempts_started" ON "analysis_attempts" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "analyses_by_status" ON "analyses" USING btree ("status","created_at","id") WHERE is_current;--> statement-breakpoint
CREATE INDEX "analyses_by_domain" ON "analyses" USING btree ("domain_id","created_at","id");--> statement-breakpoint
-- What earlier attempts used is known as a sum, which counts as that of the last one.
INSERT INTO "analysis_attempts" ("analysis_id", "attempt", "started_at", "ended_at", "outcome",
  "input_tokens", "cached_input_tokens", "output_tokens", "thinking_tokens", "cost_pico")
SELECT "id", "attempts", coalesce("started_at", "created_at"),
  CASE WHEN "status" <> 'processing' THEN "updated_at" END,
  CASE WHEN "status" = 'completed' THEN 'completed' WHEN "status" <> 'processing' THEN coalesce("errors" -> -1 ->> 'code', 'interrupted') END,
  "input_tokens", "cached_input_tokens", "output_tokens", "thinking_tokens", "cost_pico"
FROM "analyses" WHERE "attempts" > 0;
