CREATE TABLE "analyses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"domain_id" integer NOT NULL,
	"conversation_id" uuid NOT NULL,
	"branch_key" uuid NOT NULL,
	"branch_id" text NOT NULL,
	"version" integer NOT NULL,
	"is_current" boolean NOT NULL,
	"status" text NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"next_attempt_at" timestamp (3) with time zone,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"custom_prompt" text,
	"prompt_hash" text,
	"input_tokens" bigint,
	"cached_input_tokens" bigint,
	"output_tokens" bigint,
	"thinking_tokens" bigint,
	"cost_pico" numeric(30, 0),
	"result" jsonb,
	"analysis_content" text,
	"note" text,
	"errors" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"requested_by" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "domains" ADD COLUMN "analysis_enabled" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "analyses_current" ON "analyses" USING btree ("branch_key") WHERE is_current;--> statement-breakpoint
CREATE UNIQUE INDEX "analyses_version" ON "analyses" USING btree ("branch_key","version");--> statement-breakpoint
CREATE INDEX "analyses_newest" ON "analyses" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "analyses_open" ON "analyses" USING btree ("status","next_attempt_at") WHERE status in ('pending', 'processing');