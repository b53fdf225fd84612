CREATE TABLE "prompt_syncs" (
	"repository" text PRIMARY KEY NOT NULL,
	"version" integer DEFAULT 0 NOT NULL,
	"commit" text,
	"etag" text,
	"files" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"prompts" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"problems" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"changed_at" timestamp (3) with time zone,
	"tried_at" timestamp (3) with time zone,
	"succeeded_at" timestamp (3) with time zone,
	"next_at" timestamp (3) with time zone,
	"failure" jsonb,
	"failures_in_row" integer DEFAULT 0 NOT NULL,
	"note" text,
	"token_hash" text,
	"deliveries" text[] DEFAULT '{}' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "prompt_uses" (
	"day" date NOT NULL,
	"name" text NOT NULL,
	"uses" bigint NOT NULL,
	CONSTRAINT "prompt_uses_day_name_pk" PRIMARY KEY("day","name")
);
