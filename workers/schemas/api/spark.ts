/** Feedback on recommendations of Spark: `/api/spark`. Member names are those of Spark's own API. */
import { z } from "zod";
import { wholeInBody } from "./parameters.ts";

/** Session ids that a batch may name, as Spark allows. */
export const MAX_SPARK_SESSIONS = 100;
export const MAX_COMMENT_CHARACTERS = 10_000;
/** Entries of each list of a feedback. */
const MAX_ENTRIES = 100;

const SESSION_RULE = "a session id of 1 to 128 letters, digits and . _ : ~ @ -";
/** No slash and not dots alone, because the id becomes a segment of a URL. */
export const SparkSessionId = z
  .string({ error: SESSION_RULE })
  .regex(/^(?!\.{1,2}$)[\w.:~@-]{1,128}$/, { error: SESSION_RULE });

export const SparkSessionParameter = z.object({
  sessionId: SparkSessionId.describe("The `session_id` of the recommendation."),
});

const TEXT_RULE = `a text of at most ${MAX_COMMENT_CHARACTERS} characters`;
const words = z.string({ error: TEXT_RULE }).max(MAX_COMMENT_CHARACTERS, { error: TEXT_RULE });
const amount = z.number({ error: "a number" }).nullable().optional();
const listOf = <S extends z.ZodType>(item: S) =>
  z.array(item, { error: "a list" }).max(MAX_ENTRIES, { error: `at most ${MAX_ENTRIES} entries` });

const Opinion = z.strictObject({ rating: wholeInBody(1, 5), comments: words }, { error: "rating, comments" });

/** Spark requires the lists, which may be empty. */
const FeedbackReport = z.strictObject(
  {
    recommendation_feedback: z.strictObject(
      {
        overall_feedback: Opinion,
        section_feedbacks: listOf(
          z.strictObject({ section_id: words, feedback: Opinion }, { error: "section_id, feedback" }),
        ).default([]),
      },
      { error: "overall_feedback, section_feedbacks" },
    ),
    source_feedbacks: listOf(
      z.strictObject({ source_url: words, feedback: Opinion }, { error: "source_url, feedback" }),
    ).default([]),
    lessons_learned: listOf(
      z.strictObject(
        {
          situation: words,
          action: words,
          result: words,
          learning: words,
          generalized_code_example: words.nullable().optional(),
        },
        { error: "situation, action, result, learning, generalized_code_example" },
      ),
    ).default([]),
    integration_metrics: z
      .strictObject(
        {
          integration_time_seconds: amount,
          number_of_actions: amount,
          code_changes: z
            .strictObject(
              {
                number_of_files_created: amount,
                number_of_files_edited: amount,
                number_of_files_deleted: amount,
                total_number_of_lines_added: amount,
                total_number_of_lines_removed: amount,
              },
              { error: "numbers of files and lines" },
            )
            .optional(),
        },
        { error: "integration_time_seconds, number_of_actions, code_changes" },
      )
      .optional(),
  },
  { error: "recommendation_feedback, source_feedbacks, lessons_learned, integration_metrics" },
);

export const SparkFeedbackInput = z.strictObject(
  { session_id: SparkSessionId, feedback: FeedbackReport },
  { error: "session_id, feedback" },
);

export const SparkBatchInput = z.strictObject(
  {
    session_ids: z
      .array(SparkSessionId, { error: "a list of session ids" })
      .min(1, { error: "at least one session id" })
      .max(MAX_SPARK_SESSIONS, { error: `at most ${MAX_SPARK_SESSIONS} session ids` }),
  },
  { error: "session_ids" },
);

/** What Spark returns, as it is. */
export const SparkResponse = z.record(z.string(), z.unknown());
export type SparkResponse = z.infer<typeof SparkResponse>;

export const SparkBatch = z.object({
  results: z
    .record(z.string(), z.unknown())
    .describe("What Spark has for each requested session, by id; null or absent where it has nothing."),
});
export type SparkBatch = z.infer<typeof SparkBatch>;
