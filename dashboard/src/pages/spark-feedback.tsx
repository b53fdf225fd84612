/** Feedback that could not be sent, with what was entered, so that it can be sent again. */
import type { Problem } from "../api/client.ts";
import { SparkForm } from "../components/transcript/spark-form.tsx";
import { ButtonLink } from "../components/ui/controls.tsx";
import { FormError } from "../components/ui/text-field.tsx";
import type { View } from "../context/view.ts";

export interface SparkDraft {
  sessionId: string;
  rating: number | null;
  comments: string;
  next: string;
}

export function SparkFeedbackPage(props: { view: View; draft: SparkDraft; problem: Problem }) {
  const { view, draft, problem } = props;
  return (
    <section class="card stack">
      <FormError problem={problem} />
      <SparkForm view={view} sessionId={draft.sessionId} next={draft.next} draft={draft} />
      <ButtonLink href={draft.next} label="Back without sending" />
    </section>
  );
}
