ALTER TABLE "message_batches" ADD COLUMN "request_count" integer;--> statement-breakpoint
ALTER TABLE "message_batches" ADD COLUMN "result_count" integer;