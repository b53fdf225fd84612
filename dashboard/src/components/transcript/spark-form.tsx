/** The rating of a recommendation: five stars that are a group of radio buttons, and a comment. Works without a script. */
import type { SparkOpinion } from "../../../../workers/domain/spark/feedback.ts";
import { MAX_COMMENT_CHARACTERS } from "../../../../workers/schemas/api/spark.ts";
import type { View } from "../../context/view.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { SubmitButton } from "../ui/controls.tsx";

const RATINGS = ["Not helpful", "Slightly helpful", "Helpful", "Very helpful", "Excellent"] as const;

interface Props {
  view: View;
  sessionId: string;
  /** Path that the form returns to. */
  next: string;
  /** What was given before, or was entered and could not be sent. */
  draft?: { rating: number | null; comments: string } | undefined;
}

export function SparkForm({ view, sessionId, next, draft }: Props) {
  return (
    <form class="spark-form" method="post" action="/spark/feedback">
      <CsrfField view={view} />
      <input type="hidden" name="session_id" value={sessionId} />
      <input type="hidden" name="next" value={next} />
      <fieldset class="stars">
        <legend>How helpful is it?</legend>
        {RATINGS.map((label, index) => (
          <label title={`${index + 1}: ${label}`}>
            <input
              type="radio"
              name="rating"
              value={String(index + 1)}
              required
              checked={draft?.rating === index + 1}
            />
            <span class="star" aria-hidden="true"></span>
            <span class="visually-hidden">{`${index + 1} of 5: ${label}`}</span>
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>Comment (optional)</span>
        <textarea name="comments" rows={2} maxlength={MAX_COMMENT_CHARACTERS}>
          {draft?.comments ?? ""}
        </textarea>
      </label>
      <SubmitButton label="Send to Spark" />
    </form>
  );
}

/** A rating that was given. */
export function GivenRating({ rating }: Pick<SparkOpinion, "rating">) {
  return (
    <span class="given-rating" role="img" aria-label={`${rating} of 5: ${RATINGS[rating - 1] ?? ""}`}>
      {RATINGS.map((_, index) => (
        <span class={index < rating ? "star full" : "star"} aria-hidden="true"></span>
      ))}
    </span>
  );
}
