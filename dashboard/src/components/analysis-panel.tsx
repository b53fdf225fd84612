/** The analysis of a conversation has its place here, beside the transcript. Until there is one: what to do without. */
import { search } from "../api/client.ts";
import type { View } from "../view.ts";

export function AnalysisPanel({ view, path }: { view: View; path: string }) {
  const file = `${path}/export${search({ branch: view.query.branch ?? null, format: "md" })}`;
  return (
    <section class="card analysis-panel" id="analysis">
      <h2>Analysis</h2>
      <p class="mute">
        This version makes none.{" "}
        <a href={file} download>
          The transcript as Markdown
        </a>{" "}
        can be given to whatever does.
      </p>
    </section>
  );
}
