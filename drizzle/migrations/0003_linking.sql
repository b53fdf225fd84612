CREATE TABLE "conversation_aliases" (
	"id" uuid PRIMARY KEY NOT NULL,
	"domain_id" integer NOT NULL,
	"root_request_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "link_evidence" (
	"request_id" uuid PRIMARY KEY NOT NULL,
	"domain_id" integer NOT NULL,
	"form" smallint NOT NULL,
	"thread_key" bigint,
	"end_key" bigint NOT NULL,
	"answer_key" bigint,
	"prior_end_key" bigint,
	"prior_answer_key" bigint,
	"is_ambiguous" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "link_keys" (
	"request_id" uuid NOT NULL,
	"domain_id" integer NOT NULL,
	"purpose" smallint NOT NULL,
	"key" bigint NOT NULL,
	"rank" smallint NOT NULL,
	CONSTRAINT "link_keys_request_id_purpose_rank_key_pk" PRIMARY KEY("request_id","purpose","rank","key")
);
--> statement-breakpoint
CREATE TABLE "task_agents" (
	"domain_id" integer NOT NULL,
	"agent_id" text NOT NULL,
	"tool_use_id" text NOT NULL,
	CONSTRAINT "task_agents_domain_id_agent_id_tool_use_id_pk" PRIMARY KEY("domain_id","agent_id","tool_use_id")
);
--> statement-breakpoint
CREATE TABLE "task_invocations" (
	"request_id" uuid NOT NULL,
	"position" smallint NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"domain_id" integer NOT NULL,
	"tool_use_id" text NOT NULL,
	"tool_name" text NOT NULL,
	"subagent_type" text,
	"description" text,
	"prompt_excerpt" text NOT NULL,
	"prompt_key" bigint NOT NULL,
	"agent_id" text,
	"subtask_request_id" uuid,
	CONSTRAINT "task_invocations_request_id_position_pk" PRIMARY KEY("request_id","position")
);
--> statement-breakpoint
CREATE INDEX "link_evidence_end" ON "link_evidence" USING btree ("end_key","request_id");--> statement-breakpoint
CREATE INDEX "link_evidence_answer" ON "link_evidence" USING btree ("answer_key","request_id") WHERE answer_key is not null;--> statement-breakpoint
CREATE INDEX "link_evidence_prior_end" ON "link_evidence" USING btree ("prior_end_key","request_id") WHERE prior_end_key is not null;--> statement-breakpoint
CREATE INDEX "link_evidence_prior_answer" ON "link_evidence" USING btree ("prior_answer_key","request_id") WHERE prior_answer_key is not null;--> statement-breakpoint
CREATE INDEX "link_evidence_ambiguous" ON "link_evidence" USING btree ("domain_id","request_id") WHERE is_ambiguous;--> statement-breakpoint
CREATE INDEX "link_keys_key" ON "link_keys" USING btree ("key","purpose","request_id");--> statement-breakpoint
CREATE INDEX "task_agents_tool_use" ON "task_agents" USING btree ("domain_id","tool_use_id");--> statement-breakpoint
CREATE INDEX "task_invocations_prompt" ON "task_invocations" USING btree ("prompt_key","request_id");--> statement-breakpoint
CREATE INDEX "task_invocations_tool_use" ON "task_invocations" USING btree ("tool_use_id");--> statement-breakpoint
CREATE INDEX "task_invocations_subtask" ON "task_invocations" USING btree ("subtask_request_id");--> statement-breakpoint
CREATE INDEX "requests_parent" ON "requests" USING btree ("parent_request_id");--> statement-breakpoint
CREATE INDEX "requests_branch" ON "requests" USING btree ("conversation_id","id") WHERE branch_key = id;