CREATE TABLE "ingest_attempts" (
	"entry_id" uuid PRIMARY KEY NOT NULL,
	"attempts" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "unread" text;--> statement-breakpoint
CREATE INDEX "requests_unread" ON "requests" USING btree ("started_at") WHERE unread is not null;