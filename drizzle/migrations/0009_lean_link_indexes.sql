DROP INDEX "link_evidence_prior_end";--> statement-breakpoint
DROP INDEX "link_evidence_prior_answer";--> statement-breakpoint
CREATE INDEX "link_evidence_prior_answer" ON "link_evidence" USING btree ("prior_answer_key") WHERE prior_answer_key is not null;