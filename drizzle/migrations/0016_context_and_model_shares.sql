ALTER TABLE "requests" ADD COLUMN "context_tokens" integer;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "model_shares" jsonb;--> statement-breakpoint
CREATE INDEX "requests_model_shares" ON "requests" USING gin ("model_shares" jsonb_path_ops) WHERE model_shares is not null;--> statement-breakpoint
-- The context of rows stored before: prompt and output of the last inference by the conversation's model, unknown where one
-- usage covers several inferences without listing them. Token counts and shares of such rows follow with `npx nexus reprice`.
UPDATE "requests" SET "context_tokens" = CASE
  WHEN jsonb_typeof("usage" -> 'iterations') = 'array' AND "usage" -> 'iterations' <> '[]' THEN (
    SELECT least(2147483647, greatest(0,
      CASE jsonb_typeof(v -> 'input_tokens') WHEN 'number' THEN (v ->> 'input_tokens')::numeric ELSE 0 END
      + CASE jsonb_typeof(v -> 'cache_read_input_tokens') WHEN 'number' THEN (v ->> 'cache_read_input_tokens')::numeric ELSE 0 END
      + CASE jsonb_typeof(v -> 'cache_creation_input_tokens') WHEN 'number' THEN (v ->> 'cache_creation_input_tokens')::numeric ELSE 0 END
      + CASE jsonb_typeof(v -> 'output_tokens') WHEN 'number' THEN (v ->> 'output_tokens')::numeric ELSE 0 END))::integer
    FROM jsonb_array_elements("usage" -> 'iterations') WITH ORDINALITY AS entries (v, n)
    WHERE v ->> 'type' IN ('message', 'fallback_message') ORDER BY n DESC LIMIT 1)
  WHEN EXISTS (SELECT FROM jsonb_each(coalesce("server_tool_use", '{}')) AS uses WHERE uses.value <> '0') THEN NULL
  ELSE least(2147483647, "input_tokens"::bigint + coalesce("cache_read_input_tokens", 0)
    + coalesce("cache_creation_input_tokens", 0) + coalesce("output_tokens", 0))::integer
END WHERE "usage" IS NOT NULL;--> statement-breakpoint
UPDATE "conversations" SET "latest_context_tokens" = "requests"."context_tokens" FROM "requests"
WHERE "requests"."id" = right("latest_context_key", 36)::uuid
  AND "latest_context_tokens" IS DISTINCT FROM "requests"."context_tokens";
