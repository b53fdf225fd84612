ALTER TABLE "prompt_syncs" ADD COLUMN "bundle" text;--> statement-breakpoint
ALTER TABLE "prompt_syncs" ADD COLUMN "blobs" jsonb DEFAULT '[]'::jsonb NOT NULL;