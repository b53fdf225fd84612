/** Beside a transcript: whether its branch is analyzed, with the way to the analysis. */
import type { AnalysisPlan } from "../../../../workers/schemas/api/analyses.ts";
import type { Result } from "../../api/client.ts";
import type { View } from "../../context/view.ts";
import { ButtonLink } from "../ui/controls.tsx";
import { AnalysisStatusBadge } from "./labels.tsx";
import { versionHref } from "./versions.tsx";

const LINKS = {
  pending: "Show progress",
  processing: "Show progress",
  completed: "Read the analysis",
  failed: "Show the reason",
} as const;
const WITHOUT = {
  ready: "Not analyzed yet.",
  budget_spent: "Not analyzed yet. Today's budget is spent.",
  over_budget: "Not analyzed yet. The daily budget does not cover it.",
  worker_off: "Not analyzed yet. Analyses wait at the moment.",
  domain_off: "Analysis is off for this domain.",
  not_configured: "No provider is configured.",
} as const satisfies Record<AnalysisPlan["state"], string>;

export function AnalysisCard({ view, path, plan }: { view: View; path: string; plan: Result<AnalysisPlan> }) {
  const { current = null, state } = plan.ok ? plan.data : { state: null };
  const isOpen = current?.status === "pending" || current?.status === "processing";
  return (
    <section class="card analysis-panel" id="analysis" {...(isOpen ? { "data-live": "analysis" } : {})}>
      <h2>Analysis</h2>
      {state === null ? (
        <p class="mute">Could not load the state of its analysis.</p>
      ) : current === null ? (
        <p class="mute">{WITHOUT[state]}</p>
      ) : (
        <p data-changing={isOpen || undefined}>
          <AnalysisStatusBadge status={current.status} />
          {current.version > 1 && <span class="mute"> version {current.version}</span>}
        </p>
      )}
      <p class="card-foot">
        <ButtonLink
          href={versionHref(view, path, null)}
          label={
            current !== null ? LINKS[current.status] : state === "ready" ? "Analyze this branch" : "Details"
          }
        />
      </p>
    </section>
  );
}
