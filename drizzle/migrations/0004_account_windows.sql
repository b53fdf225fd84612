CREATE TABLE "account_windows" (
	"account_id" text PRIMARY KEY NOT NULL,
	"token_limit" bigint,
	"thresholds" jsonb,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
