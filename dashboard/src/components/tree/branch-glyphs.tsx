/** How a conversation grew, as counts with glyphs: branches, sub-tasks, compactions. A straight one shows nothing. */
import { formatCount, formatExact } from "../../format/number.ts";

interface Props {
  conversation: { userBranchCount: number; subtaskBranchCount: number; compactBranchCount: number };
}

const KINDS = [
  { key: "userBranchCount", word: "branch", many: "branches" },
  { key: "subtaskBranchCount", word: "sub-task", many: "sub-tasks" },
  { key: "compactBranchCount", word: "compaction", many: "compactions" },
] as const;

export function BranchGlyphs({ conversation }: Props) {
  return (
    <span class="branch-glyphs">
      {KINDS.filter(({ key }) => conversation[key] > 0).map(({ key, word, many }) => (
        <span title={formatCount(conversation[key], word, many)}>
          <BranchGlyph kind={key} />
          <span class="visually-hidden">{conversation[key] === 1 ? word : many} </span>
          {formatExact(conversation[key])}
        </span>
      ))}
    </span>
  );
}

const KEYS = {
  branch: "userBranchCount",
  subtask: "subtaskBranchCount",
  compact: "compactBranchCount",
} as const;

/** The glyph of a branch of this kind. */
export const glyphOf = (kind: keyof typeof KEYS) => KEYS[kind];

/** A fork, a box beside a line, a line drawn together. */
export function BranchGlyph({ kind }: { kind: (typeof KINDS)[number]["key"] }) {
  return (
    <svg class="branch-glyph" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
      {kind === "userBranchCount" && <path d="M4 13V1M4 9C4 6 10 7 10 3" />}
      {kind === "subtaskBranchCount" && (
        <>
          <path d="M2 13V1M2 7h4" />
          <rect x="6.5" y="4" width="6.5" height="6" rx="1" />
        </>
      )}
      {kind === "compactBranchCount" && <path d="M7 1v3M4 4l3 3 3-3M7 13v-3M4 10l3-3 3 3" />}
    </svg>
  );
}
