/** In place of data: a problem, or an empty state. */
import type { Child } from "hono/jsx";
import type { Problem } from "../../api/client.ts";
import { oneLine } from "../../format/text.ts";
import type { View } from "../../context/view.ts";
import { queryString } from "../../api/client.ts";
import { Icon } from "./icon.tsx";
import { ButtonLink } from "./controls.tsx";

/** What failed, under which id the log has it, and the way to try again. */
export function ProblemCard({ problem, what, view }: { problem: Problem; what: string; view: View }) {
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p class="problem-title">Could not load {what}.</p>
        <p>{oneLine(problem.message, 400)}</p>
        {problem.status === 503 && (
          <p class="mute">
            Requests are still proxied and recorded in the journal. They appear here once the database is
            back.
          </p>
        )}
        <p class="problem-foot">
          <ButtonLink href={view.path + queryString(view.query)} label="Try again" />
          <span class="mute">
            Request ID <code>{problem.requestId}</code>
          </span>
        </p>
      </div>
    </div>
  );
}

/** What would be here and the one action that brings it. */
export function EmptyState({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
