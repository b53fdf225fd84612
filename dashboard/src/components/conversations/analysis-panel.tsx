/** The analysis of a conversation has its place here, beside the transcript. Until there is one: what to do without. */

export function AnalysisPanel() {
  return (
    <section class="card analysis-panel" id="analysis">
      <h2>Analysis</h2>
      <p class="mute">Not available in this version. Export the transcript to analyze it elsewhere.</p>
    </section>
  );
}
