CREATE TABLE "batch_results" (
	"domain_id" integer NOT NULL,
	"key" "bytea" NOT NULL,
	"request_id" uuid NOT NULL,
	"message" jsonb NOT NULL,
	CONSTRAINT "batch_results_domain_id_key_pk" PRIMARY KEY("domain_id","key")
);
--> statement-breakpoint
CREATE TABLE "message_batches" (
	"domain_id" integer NOT NULL,
	"batch_id" text NOT NULL,
	"created_by" uuid,
	"is_counted" boolean NOT NULL,
	CONSTRAINT "message_batches_domain_id_batch_id_pk" PRIMARY KEY("domain_id","batch_id")
);
--> statement-breakpoint
CREATE INDEX "batch_results_request" ON "batch_results" USING btree ("request_id","key");--> statement-breakpoint
CREATE INDEX "message_batches_creation" ON "message_batches" USING btree ("created_by");