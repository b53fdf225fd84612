CREATE TABLE "accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"credential_type" text NOT NULL,
	"credential" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"role" text NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "client_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"domain_id" integer NOT NULL,
	"name" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "client_keys_key_hash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "contents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "contents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain_id" integer NOT NULL,
	"sha256" "bytea" NOT NULL,
	"size" integer NOT NULL,
	"coding" smallint NOT NULL,
	"data" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "counter_messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "counters" (
	"bucket" timestamp (3) with time zone NOT NULL,
	"name" text NOT NULL,
	"value" bigint NOT NULL,
	CONSTRAINT "counters_bucket_name_pk" PRIMARY KEY("bucket","name")
);
--> statement-breakpoint
CREATE TABLE "domains" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "domains_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"configured" boolean DEFAULT false NOT NULL,
	"account_id" text,
	"endpoints" jsonb,
	"slack" jsonb,
	"slack_webhook" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "domains_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "ingest_failures" (
	"exchange_id" uuid PRIMARY KEY NOT NULL,
	"domain" text NOT NULL,
	"error" text NOT NULL,
	"attempts" integer NOT NULL,
	"first_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "nodes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"domain_id" integer NOT NULL,
	"hash" "bytea" NOT NULL,
	"parent_id" bigint,
	"content_id" bigint NOT NULL,
	"depth" integer NOT NULL,
	"form" "bytea"
);
--> statement-breakpoint
CREATE TABLE "requests" (
	"id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"domain_id" integer NOT NULL,
	"account_id" text,
	"credential_type" text NOT NULL,
	"client_key_id" uuid,
	"session_id" text,
	"agent_id" text,
	"parent_agent_id" text,
	"method" text NOT NULL,
	"path" text NOT NULL,
	"query" text NOT NULL,
	"endpoint" text NOT NULL,
	"request_type" text NOT NULL,
	"model" text,
	"model_served" text,
	"stream" boolean NOT NULL,
	"status" smallint,
	"outcome" text NOT NULL,
	"error_type" text,
	"error_message" text,
	"stop_reason" text,
	"input_tokens" integer,
	"output_tokens" integer,
	"cache_read_input_tokens" integer,
	"cache_creation_input_tokens" integer,
	"cache_creation_5m_input_tokens" integer,
	"cache_creation_1h_input_tokens" integer,
	"thinking_tokens" integer,
	"server_tool_use" jsonb,
	"usage" jsonb,
	"usage_partial" boolean DEFAULT false NOT NULL,
	"cost_pico" numeric(30, 0),
	"cost_breakdown" jsonb,
	"price_version" text,
	"tool_calls" jsonb,
	"tool_call_count" integer DEFAULT 0 NOT NULL,
	"time_to_first_byte_ms" double precision,
	"duration_ms" double precision,
	"upstream_request_id" text,
	"request_headers_id" bigint,
	"response_headers_id" bigint,
	"response_headers" jsonb,
	"body_kind" text NOT NULL,
	"body_bytes" integer NOT NULL,
	"body_sha256" "bytea",
	"body_truncated" boolean DEFAULT false NOT NULL,
	"body_masked" boolean DEFAULT false NOT NULL,
	"body_content_id" bigint,
	"messages_node_id" bigint,
	"system_node_id" bigint,
	"tools_node_id" bigint,
	"message_count" integer DEFAULT 0 NOT NULL,
	"response_content_id" bigint,
	"response_bytes" integer NOT NULL,
	"response_truncated" boolean DEFAULT false NOT NULL,
	"conversation_id" uuid,
	"branch_id" text,
	"branch_key" uuid,
	"parent_request_id" uuid,
	"is_subtask" boolean DEFAULT false NOT NULL,
	"parent_task_request_id" uuid,
	"link_kind" text,
	"linked_by" text,
	"link_confidence" text,
	"message_hash" "bytea",
	"parent_message_hash" "bytea",
	"system_hash" "bytea",
	"stored_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "requests_id_started_at_pk" PRIMARY KEY("id","started_at")
) PARTITION BY RANGE ("started_at");
--> statement-breakpoint
CREATE TABLE "response_bodies" (
	"request_id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"size" integer NOT NULL,
	"coding" smallint NOT NULL,
	"data" "bytea" NOT NULL,
	CONSTRAINT "response_bodies_request_id_started_at_pk" PRIMARY KEY("request_id","started_at")
) PARTITION BY RANGE ("started_at");
--> statement-breakpoint
CREATE TABLE "rollups" (
	"bucket" timestamp (3) with time zone NOT NULL,
	"domain_id" integer NOT NULL,
	"account_id" text NOT NULL,
	"model" text NOT NULL,
	"request_type" text NOT NULL,
	"outcome" text NOT NULL,
	"requests" bigint NOT NULL,
	"errors" bigint NOT NULL,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"cache_read_input_tokens" bigint NOT NULL,
	"cache_creation_5m_input_tokens" bigint NOT NULL,
	"cache_creation_1h_input_tokens" bigint NOT NULL,
	"cache_creation_input_tokens" bigint NOT NULL,
	"thinking_tokens" bigint NOT NULL,
	"tool_call_count" bigint NOT NULL,
	"cost_pico" numeric(38, 0) NOT NULL,
	"unpriced_count" bigint NOT NULL,
	"duration_ms" double precision NOT NULL,
	"duration_histogram" integer[] NOT NULL,
	"first_byte_histogram" integer[] NOT NULL,
	CONSTRAINT "rollups_bucket_domain_id_account_id_model_request_type_outcome_pk" PRIMARY KEY("bucket","domain_id","account_id","model","request_type","outcome")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"actor" text NOT NULL,
	"key_fingerprint" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "swept_entries" (
	"exchange_id" uuid PRIMARY KEY NOT NULL,
	"rings" integer NOT NULL,
	"next_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "client_keys" ADD CONSTRAINT "client_keys_domain_id_domains_id_fk" FOREIGN KEY ("domain_id") REFERENCES "public"."domains"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_log_newest" ON "audit_log" USING btree ("at","id");--> statement-breakpoint
CREATE INDEX "client_keys_domain" ON "client_keys" USING btree ("domain_id");--> statement-breakpoint
CREATE INDEX "contents_address" ON "contents" USING hash ("sha256");--> statement-breakpoint
CREATE INDEX "nodes_address" ON "nodes" USING hash ("hash");--> statement-breakpoint
CREATE INDEX "requests_newest" ON "requests" USING btree ("started_at","id");--> statement-breakpoint
CREATE INDEX "requests_domain" ON "requests" USING btree ("domain_id","started_at","id");--> statement-breakpoint
CREATE INDEX "requests_account" ON "requests" USING btree ("account_id","started_at","id");--> statement-breakpoint
CREATE INDEX "requests_session" ON "requests" USING btree ("session_id","started_at");--> statement-breakpoint
CREATE INDEX "requests_conversation" ON "requests" USING btree ("conversation_id","started_at");--> statement-breakpoint
CREATE INDEX "rollups_domain" ON "rollups" USING btree ("domain_id","bucket");--> statement-breakpoint
CREATE INDEX "sessions_expiry" ON "sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "swept_entries_next" ON "swept_entries" USING btree ("next_at");--> statement-breakpoint
CREATE TABLE "requests_default" PARTITION OF "requests" DEFAULT;--> statement-breakpoint
CREATE TABLE "response_bodies_default" PARTITION OF "response_bodies" DEFAULT;--> statement-breakpoint
ALTER TABLE "contents" ALTER COLUMN "data" SET STORAGE EXTERNAL;--> statement-breakpoint
-- Messages of some kilobytes stay in their row: read at once, and without the overhead of TOAST.
ALTER TABLE "contents" SET (toast_tuple_target = 4080);--> statement-breakpoint
ALTER TABLE "response_bodies" ALTER COLUMN "data" SET STORAGE EXTERNAL;--> statement-breakpoint
-- Makes the monthly partitions of `requests` and `response_bodies` from the month of `first` on, `months` of them.
-- Months are UTC. A month whose rows already lie in the default partition is left there (attaching would fail).
CREATE FUNCTION "ensure_partitions"("first" timestamptz, "months" integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  lower timestamptz;
  upper timestamptz;
  part text;
  made integer := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['requests', 'response_bodies'] LOOP
    FOR n IN 0 .. "months" - 1 LOOP
      lower := (date_trunc('month', "first" AT TIME ZONE 'UTC') + make_interval(months => n)) AT TIME ZONE 'UTC';
      upper := (date_trunc('month', "first" AT TIME ZONE 'UTC') + make_interval(months => n + 1)) AT TIME ZONE 'UTC';
      part := parent || '_' || to_char(lower AT TIME ZONE 'UTC', 'YYYY_MM');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent, lower, upper);
        IF parent = 'response_bodies' THEN
          EXECUTE format('ALTER TABLE %I ALTER COLUMN data SET STORAGE EXTERNAL', part);
        END IF;
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        RAISE NOTICE 'rows of % are in the default partition', part;
      END;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;--> statement-breakpoint
SELECT "ensure_partitions"(now() - interval '1 month', 5);
