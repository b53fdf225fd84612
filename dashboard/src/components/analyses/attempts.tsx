/** Failed attempts of an analysis: the last one as the reason, all of them as a history. */
import type { AnalysisView } from "../../../../workers/schemas/api/analyses.ts";
import type { View } from "../../context/view.ts";
import { formatCount } from "../../format/number.ts";
import { printable } from "../../format/text.ts";
import { Icon } from "../ui/icon.tsx";
import { Time } from "../ui/values.tsx";
import { failureLabel } from "./labels.tsx";

export function FailureReason({ error }: { error: NonNullable<AnalysisView["error"]> }) {
  return (
    <div class="callout error" role="status">
      <Icon name="warning" />
      <div>
        <p>
          <strong>{failureLabel(error.code)}.</strong>
        </p>
        <p dir="auto">{printable(error.message)}</p>
      </div>
    </div>
  );
}

export function FailedAttempts({ errors, view }: { errors: AnalysisView["errors"]; view: View }) {
  if (errors.length === 0) return null;
  return (
    <details class="collapsible">
      <summary>{formatCount(errors.length, "failed attempt")}</summary>
      <ol class="attempts">
        {errors.map(({ at, attempt, code, message }) => (
          <li>
            <span class="mute">
              Attempt {attempt}, <Time at={at} view={view} />
            </span>{" "}
            <strong>{failureLabel(code)}.</strong> <span dir="auto">{printable(message)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}
