/** The way from a transcript to a comparison with another branch. */
import type { Branch } from "../../../../workers/schemas/api/conversations.ts";
import type { View } from "../../context/view.ts";

/** Branches offered; all are in the list of branches. */
const MAX_OPTIONS = 30;

/** Choosing the branch to compare with: without a script the button sends it. */
export function CompareForm({
  view,
  path,
  branches,
  current,
}: {
  view: View;
  path: string;
  branches: readonly Branch[];
  current: string;
}) {
  // Branches of the conversation before sub-tasks, of which there may be hundreds.
  const others = branches
    .filter(({ branchKey }) => branchKey !== current)
    .sort((left, right) => Number(left.kind === "subtask") - Number(right.kind === "subtask"))
    .slice(0, MAX_OPTIONS);
  if (others.length === 0) return null;
  return (
    <form method="get" action={path} class="compare-form">
      {view.query.branch && <input type="hidden" name="branch" value={view.query.branch} />}
      <label>
        <span class="visually-hidden">Compare with branch</span>
        <select name="compare">
          {others.map(({ branchKey, branchId }) => (
            <option value={branchKey}>{branchId.slice(0, 60)}</option>
          ))}
        </select>
      </label>
      <button type="submit" class="quiet">
        Compare
      </button>
    </form>
  );
}
