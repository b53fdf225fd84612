DROP INDEX "link_evidence_thread";--> statement-breakpoint
DROP INDEX "requests_newest";--> statement-breakpoint
DROP INDEX "requests_domain";--> statement-breakpoint
DROP INDEX "requests_account";--> statement-breakpoint
CREATE INDEX "link_evidence_thread" ON "link_evidence" USING btree ("session_key") WHERE session_key is not null;--> statement-breakpoint
CREATE INDEX "requests_newest" ON "requests" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "requests_domain" ON "requests" USING btree ("domain_id","started_at");--> statement-breakpoint
CREATE INDEX "requests_account" ON "requests" USING btree ("account_id","started_at");