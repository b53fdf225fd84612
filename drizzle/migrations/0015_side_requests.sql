ALTER TABLE "link_evidence" ADD COLUMN "device_key" bigint;--> statement-breakpoint
ALTER TABLE "link_evidence" ADD COLUMN "directory_key" bigint;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "serves_request_id" uuid;--> statement-breakpoint
CREATE INDEX "link_evidence_side_requests" ON "link_evidence" USING btree ("session_key","request_id") WHERE (form & 256) <> 0;--> statement-breakpoint
CREATE INDEX "requests_serves" ON "requests" USING btree ("serves_request_id") WHERE serves_request_id is not null;