CREATE TABLE "conversations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"domain_id" integer NOT NULL,
	"root_request_id" uuid NOT NULL,
	"title" text,
	"session_id" text,
	"first_at" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"latest_request_id" uuid NOT NULL,
	"latest_at" timestamp (3) with time zone NOT NULL,
	"latest_is_subtask" boolean NOT NULL,
	"latest_model" text,
	"latest_context_tokens" integer,
	"account_ids" text[] NOT NULL,
	"models" text[] NOT NULL,
	"requests" integer NOT NULL,
	"turns" integer NOT NULL,
	"subtask_requests" integer NOT NULL,
	"errors" integer NOT NULL,
	"branches" integer NOT NULL,
	"user_branches" integer NOT NULL,
	"compact_branches" integer NOT NULL,
	"subtask_branches" integer NOT NULL,
	"continuations" integer NOT NULL,
	"orphans" integer NOT NULL,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"cache_read_input_tokens" bigint NOT NULL,
	"cache_creation_input_tokens" bigint NOT NULL,
	"thinking_tokens" bigint NOT NULL,
	"tool_call_count" bigint NOT NULL,
	"cost_pico" numeric(38, 0) NOT NULL,
	"unpriced_count" integer NOT NULL,
	"inference_ms" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "search_entries" (
	"content_id" bigint PRIMARY KEY NOT NULL,
	"domain_id" integer NOT NULL,
	"request_id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"role" text,
	"words" "tsvector"
);
--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "client" text;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "prompt" text;--> statement-breakpoint
CREATE INDEX "conversations_newest" ON "conversations" USING btree ("last_at","id");--> statement-breakpoint
CREATE INDEX "conversations_domain" ON "conversations" USING btree ("domain_id","last_at","id");--> statement-breakpoint
CREATE INDEX "search_entries_words" ON "search_entries" USING gin ("words");--> statement-breakpoint
CREATE INDEX "search_entries_newest" ON "search_entries" USING btree ("started_at","content_id");--> statement-breakpoint
CREATE INDEX "search_entries_pending" ON "search_entries" USING btree ("content_id") WHERE words is null;