/** POST /spark/feedback: the form of a recommendation's card, which works without a script. */
import { Hono } from "hono";
import type { Problem } from "../api/client.ts";
import { sparkAnchor } from "../components/transcript/recommendation.tsx";
import type { AppEnv } from "../context/environment.ts";
import { viewOf } from "../context/view.ts";
import { problemStatus } from "../http/form-problem.ts";
import { field } from "../http/require-csrf.tsx";
import { safeNext } from "../http/safe-next.ts";
import { renderPage } from "../layout/render.tsx";
import { type SparkDraft, SparkFeedbackPage } from "../pages/spark-feedback.tsx";

export const sparkRoutes = new Hono<AppEnv>();

sparkRoutes.post("/spark/feedback", async (c) => {
  const form = await c.req.parseBody();
  const rating = field(form, "rating");
  const draft: SparkDraft = {
    sessionId: field(form, "session_id"),
    rating: /^[1-5]$/.test(rating) ? Number(rating) : null,
    comments: field(form, "comments").replaceAll("\r\n", "\n").trim(),
    next: safeNext(field(form, "next")),
  };
  const showProblem = (problem: Problem) =>
    renderPage(
      c,
      { title: "Feedback not sent", status: problemStatus(problem) },
      <SparkFeedbackPage view={viewOf(c)} draft={draft} problem={problem} />,
    );
  if (draft.rating === null)
    return showProblem({
      status: 400,
      code: "invalid_request",
      message: "Nothing was sent. Choose 1 to 5 stars.",
      requestId: c.get("requestId"),
    });
  const opinion = { rating: draft.rating, comments: draft.comments };
  const sent = await c.get("api").send(
    "POST",
    "/api/spark/feedback",
    {},
    {
      session_id: draft.sessionId,
      feedback: { recommendation_feedback: { overall_feedback: opinion } },
    },
  );
  return sent.ok ? c.redirect(withRated(draft), 303) : showProblem(sent.problem);
});

/** The page that the form is on, at the card, which says that the feedback was sent. */
function withRated({ next, sessionId }: SparkDraft): string {
  const url = new URL(next, "https://dashboard.invalid");
  if (/^\/(conversations|requests)\/[^/]+$/.test(url.pathname)) url.searchParams.set("rated", sessionId);
  url.hash = sparkAnchor(sessionId);
  return url.pathname + url.search + url.hash;
}
