/** The branches of a conversation as an indented list: the tree for phones, print and screen readers. */
import type { Branch, ConversationTree } from "../../../../workers/schemas/api/conversations.ts";
import { linkTo } from "../../context/filters.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { totalTokens } from "../../format/token-kinds.ts";
import { orderBranches, type BranchRow } from "../../transcript/branches.ts";
import type { View } from "../../context/view.ts";
import { BranchGlyph, glyphOf } from "./branch-glyphs.tsx";
import { Help } from "../ui/help.tsx";
import { MoneySum, ShortNumber, UntrustedText } from "../ui/values.tsx";

/** Further branches are behind a link. */
const MAX_BRANCHES = 20;

interface Props {
  view: View;
  path: string;
  branches: readonly Branch[];
  /** Null if it could not be read: then parents are unknown. */
  tree: ConversationTree | null;
  /** Key of the branch that is read. */
  now: string | null;
  /** Tab that the links lead to; default: the transcript. */
  tab?: string;
}

export function BranchList({ view, path, branches, tree, now, tab }: Props) {
  const requests = (tree?.nodes ?? []).map(({ id, branch }) => ({
    requestId: id,
    branchKey: tree!.branches[branch]!.key,
  }));
  const rows = orderBranches(branches, requests);
  const isAll = view.query.branches === "all" || rows.length <= MAX_BRANCHES;
  const shown = isAll ? rows : rows.filter(({ branch }, n) => n < MAX_BRANCHES || branch.branchKey === now);
  return (
    <nav class="card branches" aria-label="Branches" id="branches">
      <h2>
        Branches{" "}
        <Help
          label="branches"
          text="A branch starts where the user edited an earlier message or forked the session. A sub-task is a sub-agent that a request started. A compaction continues from a summary of the conversation so far."
        />
        <span class="mute">{formatExact(rows.length)}</span>
      </h2>
      <ul>
        {shown.map((row) => (
          <BranchItem row={row} view={view} path={path} tab={tab} isNow={row.branch.branchKey === now} />
        ))}
      </ul>
      {!isAll && (
        <p>
          <a
            href={`${linkTo(path, view.filters, { branch: view.query.branch ?? null, branches: "all", view: tab })}#branches`}
          >
            Show all {formatExact(rows.length)}
          </a>
        </p>
      )}
    </nav>
  );
}

interface ItemProps {
  row: BranchRow<Branch>;
  view: View;
  path: string;
  tab: string | undefined;
  isNow: boolean;
}

function BranchItem({ row, view, path, tab, isNow }: ItemProps) {
  const { branch, depth } = row;
  return (
    <li class={`branch depth-${Math.min(depth, 5)}`}>
      <a
        href={
          linkTo("", view.filters, { view: tab, branch: branch.kind === "main" ? null : branch.branchKey }) ||
          path
        }
        {...(isNow ? { "aria-current": "true" } : {})}
      >
        <span class="branch-name">
          {branch.kind !== "main" && <BranchGlyph kind={glyphOf(branch.kind)} />}
          <UntrustedText text={branch.branchId} length={40} />
          {branch.errorCount > 0 && (
            <span class="error-text" title={formatCount(branch.errorCount, "error")}>
              {" "}
              ✗<span class="visually-hidden">has errors</span>
            </span>
          )}
        </span>
        {branch.prompt !== null && branch.kind !== "main" && (
          <span class="branch-prompt">
            <UntrustedText text={branch.prompt} length={80} />
          </span>
        )}
        <span class="branch-stats mute">
          {formatCount(branch.requestCount, "request")}, <ShortNumber value={totalTokens(branch)} /> tokens,{" "}
          <MoneySum sum={branch} />
        </span>
      </a>
    </li>
  );
}
