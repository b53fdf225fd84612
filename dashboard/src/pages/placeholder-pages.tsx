/** /prompts and /analyses: places that are kept for features this version does not have, and what can be done meanwhile. */
import { EmptyState } from "../components/ui/problem.tsx";
import { linkTo } from "../context/filters.ts";
import type { View } from "../context/view.ts";

export function PromptsPage({ view }: { view: View }) {
  return (
    <EmptyState title="This version serves no prompts.">
      <p>
        What people and programs asked stands in their{" "}
        <a href={linkTo("/conversations", view.filters)}>conversations</a>, searchable by its words.
      </p>
    </EmptyState>
  );
}

export function AnalysesPage({ view }: { view: View }) {
  return (
    <EmptyState title="This version analyses no conversations.">
      <p>
        A <a href={linkTo("/conversations", view.filters)}>conversation</a> can be read, compared branch by
        branch, and exported as Markdown for whatever you analyse it with.
      </p>
    </EmptyState>
  );
}
