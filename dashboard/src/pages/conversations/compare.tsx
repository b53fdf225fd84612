/** Compares two branches: common messages once, then both sides with marked differences. */
import type { Branch, ConversationTree, Transcript } from "../../../../workers/schemas/api/conversations.ts";
import type { ApiClient, Result } from "../../api/client.ts";
import { BranchGlyph, glyphOf } from "../../components/tree/branch-glyphs.tsx";
import { ProblemCard } from "../../components/ui/problem.tsx";
import { ComparedRowView } from "../../components/conversations/compared-row.tsx";
import type { TranscriptContext } from "../../components/transcript/transcript-context.ts";
import { MoneySum, ShortNumber, Time, UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { totalTokens } from "../../format/token-kinds.ts";
import { messageOf } from "../../transcript/blocks.ts";
import { commonPrefixLength, alignEntries } from "../../transcript/compare.ts";
import { createHighlighter } from "../../transcript/highlight.ts";
import { type TranscriptEntry, pairTools } from "../../transcript/pair-tools.ts";
import { firstComparedPosition } from "../../tree/fork.ts";
import type { View } from "../../context/view.ts";

/** The page of each side. */
const SIDE_PAGE = { limit: 30, maxBytes: 20_000 };

export interface Comparison {
  left: Branch;
  right: Branch;
  /** Position of the first compared message. */
  from: number;
  transcripts: Result<readonly [Transcript, Transcript]>;
}

/** Both branches from their fork. Null if one is missing, or they are the same. */
export async function loadComparison(
  api: ApiClient,
  id: string,
  [left, right]: readonly [Branch | undefined, Branch | undefined],
  tree: ConversationTree | null,
): Promise<Comparison | null> {
  if (!left || !right || left.branchKey === right.branchKey) return null;
  const place = (branch: Branch) => tree?.branches.findIndex(({ key }) => key === branch.branchKey) ?? -1;
  const from =
    tree && place(left) !== -1 && place(right) !== -1
      ? firstComparedPosition(tree, place(left), place(right))
      : 1;
  const [one, other] = await Promise.all(
    [left, right].map(({ branchKey }) =>
      api.get("/api/conversations/{id}/messages", {
        id,
        branch: branchKey,
        cursor: from > 1 ? from : null,
        ...SIDE_PAGE,
      }),
    ),
  );
  if (!one!.ok) return { left, right, from, transcripts: one! };
  if (!other!.ok) return { left, right, from, transcripts: other! };
  return { left, right, from, transcripts: { ok: true, data: [one!.data, other!.data] } };
}

interface Props {
  view: View;
  path: string;
  comparison: Comparison;
}

export function ComparePage({ view, path, comparison }: Props) {
  const { left, right, from, transcripts } = comparison;
  if (!transcripts.ok)
    return <ProblemCard problem={transcripts.problem} what="the two branches" view={view} />;
  const [one, other] = transcripts.data;
  const common = commonPrefixLength(one.messages, other.messages);
  const inCommon = from - 1 + common;
  const sides = [one, other].map((transcript) => entriesOf(transcript, common)) as [
    TranscriptEntry[],
    TranscriptEntry[],
  ];
  const rows = alignEntries(...sides);
  const contexts = [contextOf(view, path, one), contextOf(view, path, other)] as const;
  const names = [left.branchId, right.branchId] as const;
  return (
    <div class="compared">
      <SideHead branch={left} transcript={one} view={view} path={path} />
      <SideHead branch={right} transcript={other} view={view} path={path} />
      <p class="compared-common">
        {inCommon === 0 ? (
          "These branches share no messages."
        ) : (
          <>
            The first {formatCount(inCommon, "message")} {inCommon === 1 ? "is" : "are"} the same.{" "}
            <a href={linkTo(path, view.filters, { branch: branchParameter(left) })}>Show them</a>
          </>
        )}
      </p>
      {rows.map((row) => (
        <ComparedRowView row={row} contexts={contexts} names={names} />
      ))}
      {rows.length === 0 && <p class="compared-common">No differences on this page.</p>}
      <SideFoot branch={left} transcript={one} view={view} path={path} />
      <SideFoot branch={right} transcript={other} view={view} path={path} />
    </div>
  );
}

function entriesOf(transcript: Transcript, common: number): TranscriptEntry[] {
  const own = transcript.messages.slice(common);
  return pairTools(own.map(messageOf)).map((entry, n) => ({ ...entry, number: own[n]!.position }));
}

function contextOf(view: View, path: string, transcript: Transcript): TranscriptContext {
  return {
    here: linkTo(path, view.filters, { branch: transcript.branchKey }),
    rawHref: `/api/requests/${transcript.requestId}/body`,
    highlight: createHighlighter(),
    fullMessageHref: (position) =>
      transcript.messages.find((message) => message.position === position)?.isClipped
        ? `/api/conversations/${transcript.conversationId}/messages/${position}?branch=${transcript.branchKey}`
        : null,
  };
}

const branchParameter = ({ kind, branchKey }: Branch) => (kind === "main" ? null : branchKey);

interface SideProps {
  branch: Branch;
  transcript: Transcript;
  view: View;
  path: string;
}

function SideHead({ branch, transcript, view, path }: SideProps) {
  return (
    <header class="card compared-head">
      <h2>
        {branch.kind !== "main" && <BranchGlyph kind={glyphOf(branch.kind)} />}
        <a href={linkTo(path, view.filters, { branch: branchParameter(branch) })}>
          <UntrustedText text={branch.branchId} length={40} />
        </a>
      </h2>
      <p class="mute">
        {formatCount(transcript.total, "message")}, {formatCount(branch.requestCount, "request")}
        {branch.errorCount > 0 && <span class="error-text">, {formatCount(branch.errorCount, "error")}</span>}
        , <ShortNumber value={totalTokens(branch)} /> tokens, <MoneySum sum={branch} />, last{" "}
        <Time at={branch.lastMessageTime} view={view} />
      </p>
    </header>
  );
}

function SideFoot({ branch, transcript, view, path }: SideProps) {
  const { nextCursor } = transcript;
  return (
    <p class="compared-foot">
      {nextCursor === null ? (
        <span class="mute">End of branch</span>
      ) : (
        <a href={linkTo(path, view.filters, { branch: branchParameter(branch), cursor: nextCursor })}>
          Continue from message {formatExact(nextCursor)}
        </a>
      )}
    </p>
  );
}
