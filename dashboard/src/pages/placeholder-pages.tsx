/** /prompts and /analyses: places that are kept for features this version does not have, and what can be done meanwhile. */
import { EmptyState } from "../components/ui/problem.tsx";
import { linkTo } from "../context/filters.ts";
import type { View } from "../context/view.ts";

export function PromptsPage({ view }: { view: View }) {
  return (
    <EmptyState title="Prompts are not available in this version.">
      <p>
        Prompts are part of the <a href={linkTo("/conversations", view.filters)}>conversations</a>, where you
        can search them.
      </p>
    </EmptyState>
  );
}

export function AnalysesPage({ view }: { view: View }) {
  return (
    <EmptyState title="Analyses are not available in this version.">
      <p>
        You can read a <a href={linkTo("/conversations", view.filters)}>conversation</a>, compare its branches
        and export it as Markdown to analyze it elsewhere.
      </p>
    </EmptyState>
  );
}
