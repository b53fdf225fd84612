ALTER TABLE "link_evidence" ADD COLUMN "session_key" bigint;--> statement-breakpoint
ALTER TABLE "link_evidence" ADD COLUMN "agent_key" bigint;--> statement-breakpoint
ALTER TABLE "link_evidence" ADD COLUMN "message_key" bigint NOT NULL;--> statement-breakpoint
ALTER TABLE "link_evidence" ADD COLUMN "prior_message_key" bigint;--> statement-breakpoint
ALTER TABLE "link_evidence" ADD COLUMN "system_key" bigint;--> statement-breakpoint
CREATE INDEX "link_evidence_thread" ON "link_evidence" USING btree ("session_key","agent_key","request_id") WHERE session_key is not null;