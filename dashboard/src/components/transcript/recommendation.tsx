/** A recommendation of Spark in place of its tool call: title, text, confidence, sources, and the feedback on it. */
import type {
  Recommendation,
  RecommendationSource,
} from "../../../../workers/domain/spark/recommendation.ts";
import type { SparkOpinion } from "../../../../workers/domain/spark/feedback.ts";
import { canAdminister } from "../../context/view.ts";
import { formatShare } from "../../format/number.ts";
import { cutAt } from "../../format/text.ts";
import { Callout } from "../ui/controls.tsx";
import { Icon } from "../ui/icon.tsx";
import { UntrustedText, VariableText } from "../ui/values.tsx";
import { Prose } from "./long-text.tsx";
import { GivenRating, SparkForm } from "./spark-form.tsx";
import { COLLAPSE_NEWEST_AT, type SparkContext, type TranscriptContext } from "./transcript-context.ts";

/** Characters of a comment that a card shows. */
const MAX_COMMENT = 2_000;

interface Props {
  recommendation: Recommendation;
  spark: SparkContext;
  context: TranscriptContext;
}

export function RecommendationCard({ recommendation, spark, context }: Props) {
  const { sessionId, title, text, confidence, sources, query, isCut } = recommendation;
  const isRepeated = spark.shown.has(sessionId);
  spark.shown.add(sessionId);
  return (
    <section class="recommendation" id={isRepeated ? undefined : sparkAnchor(sessionId)}>
      <header>
        <Icon name="lightbulb" />
        <h4>
          <span class="visually-hidden">Recommendation of Spark: </span>
          <UntrustedText text={title} length={160} />
        </h4>
        <span class="recommendation-facts mute">
          Spark
          {confidence !== null && (
            <>
              {" · "}confidence{" "}
              {typeof confidence === "number" ? (
                formatShare(confidence)
              ) : (
                <UntrustedText text={confidence} length={40} />
              )}
            </>
          )}
        </span>
      </header>
      {query !== null && (
        <p class="recommendation-query">
          <span class="mute">Query:</span> <UntrustedText text={query} length={400} />
        </p>
      )}
      <Prose text={text} collapseAt={COLLAPSE_NEWEST_AT} context={context} highlight={context.highlight} />
      {isCut && (
        <p class="note">
          Shortened here. <a href={spark.wholeHref}>Open the request</a> for the whole recommendation.
        </p>
      )}
      {sources.length > 0 && <Sources sources={sources} />}
      {isRepeated ? (
        <p class="note">
          The same recommendation as <a href={`#${sparkAnchor(sessionId)}`}>above</a>.
        </p>
      ) : (
        <Feedback sessionId={sessionId} spark={spark} here={context.here} />
      )}
    </section>
  );
}

function Sources({ sources }: { sources: readonly RecommendationSource[] }) {
  return (
    <p class="recommendation-sources">
      <span class="mute">{sources.length === 1 ? "Source:" : "Sources:"}</span>{" "}
      {sources.map(({ label, url }, index) => (
        <>
          {index > 0 && ", "}
          {url === null ? (
            <UntrustedText text={label} length={120} />
          ) : (
            <a href={url} rel="noopener noreferrer nofollow" target="_blank">
              <UntrustedText text={label} length={120} />
            </a>
          )}
        </>
      ))}
    </p>
  );
}

function Feedback({ sessionId, spark, here }: { sessionId: string; spark: SparkContext; here: string }) {
  const { view } = spark;
  const feedback = spark.feedback.result;
  const isSent = view.query.rated === sessionId;
  if (feedback.state === "not_configured")
    return (
      <div class="recommendation-feedback">
        <p class="note">
          <VariableText text={feedback.why} />
        </p>
      </div>
    );
  const opinion = feedback.state === "loaded" ? feedback.opinions.get(sessionId) : undefined;
  const next = `${here}#${sparkAnchor(sessionId)}`;
  const form = canAdminister(view) && (
    <SparkForm view={view} sessionId={sessionId} next={next} draft={opinion} />
  );
  return (
    <div class="recommendation-feedback">
      {isSent && (
        <Callout
          tone="good"
          text={opinion ? "Feedback sent." : "Feedback sent. Spark does not list it yet."}
        />
      )}
      {feedback.state === "failed" && (
        <p class="note">
          <Icon name="alert" /> Earlier feedback could not be loaded:{" "}
          <UntrustedText text={feedback.why} length={300} />
        </p>
      )}
      {opinion ? (
        <>
          <GivenOpinion opinion={opinion} />
          {form && (
            <details class="collapsible">
              <summary>Rate again</summary>
              {form}
            </details>
          )}
        </>
      ) : (
        (!isSent && form) || (feedback.state === "loaded" && !isSent && <p class="note">Not rated yet.</p>)
      )}
    </div>
  );
}

function GivenOpinion({ opinion }: { opinion: SparkOpinion }) {
  return (
    <div class="given-opinion">
      <GivenRating rating={opinion.rating} />
      {opinion.comments.trim() === "" ? (
        <span class="mute">No comment.</span>
      ) : (
        <p>
          <UntrustedText text={cutAt(opinion.comments, MAX_COMMENT)} />
          {opinion.comments.length > MAX_COMMENT && "…"}
        </p>
      )}
    </div>
  );
}

/** The fragment of a recommendation's card. */
export const sparkAnchor = (sessionId: string) => `spark-${sessionId}`;
