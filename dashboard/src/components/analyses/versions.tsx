/** The versions of an analysis: each is a link, and two of them can be compared. */
import type { AnalysisView } from "../../../../workers/schemas/api/analyses.ts";
import { linkTo } from "../../context/filters.ts";
import type { View } from "../../context/view.ts";
import { Money, Time } from "../ui/values.tsx";
import { AnalysisStatusBadge } from "./labels.tsx";

/** Versions listed; the API has all. */
const MAX_VERSIONS = 20;

interface Props {
  view: View;
  path: string;
  analysis: AnalysisView;
}

/** Address of a version; of the current one without its number, so that the address follows a new version. */
export function versionHref(view: View, path: string, version: number | null): string {
  return linkTo(path, view.filters, { view: "analysis", branch: view.query.branch ?? null, version });
}

export function Versions({ view, path, analysis }: Props) {
  const { versions, version: shown } = analysis;
  if (versions.length < 2) return null;
  const listed = versions.slice(0, MAX_VERSIONS);
  const newest = listed[0]!.version;
  const others = listed.filter(({ version, status }) => version !== shown && status === "completed");
  return (
    <section class="card">
      <h2>Versions</h2>
      <ul class="versions">
        {listed.map(({ version, status, createdAt, costUsd }) => (
          <li>
            <a
              href={versionHref(view, path, version === newest ? null : version)}
              aria-current={version === shown ? "true" : undefined}
            >
              Version {version}
            </a>
            <AnalysisStatusBadge status={status} />
            <span class="mute">
              <Time at={createdAt} view={view} />
            </span>
            <span class="mute right">{costUsd !== null && <Money amount={costUsd} />}</span>
          </li>
        ))}
      </ul>
      {analysis.data !== null && others.length > 0 && (
        <form method="get" action={path} class="inline-form">
          <input type="hidden" name="view" value="analysis" />
          {view.query.branch && <input type="hidden" name="branch" value={view.query.branch} />}
          <input type="hidden" name="version" value={String(shown)} />
          <label class="field">
            <span>Compare version {shown} with</span>
            <select name="against">
              {others.map(({ version }) => (
                <option value={String(version)}>Version {version}</option>
              ))}
            </select>
          </label>
          <button type="submit">Compare</button>
        </form>
      )}
    </section>
  );
}
