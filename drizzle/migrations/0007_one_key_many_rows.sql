DROP INDEX "requests_session";--> statement-breakpoint
DROP INDEX "requests_conversation";--> statement-breakpoint
DROP INDEX "requests_model";--> statement-breakpoint
CREATE INDEX "requests_session" ON "requests" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "requests_conversation" ON "requests" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "requests_model" ON "requests" USING btree ("model");