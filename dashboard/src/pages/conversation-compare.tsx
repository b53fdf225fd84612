/** Two branches beside each other: what they have in common is said once, then both go on side by side, differences marked. */
import type { Branch, ConversationTree, Transcript } from "../../../workers/schemas/api-conversations.ts";
import type { ApiClient, Result } from "../api/client.ts";
import { BranchGlyph, glyphOf } from "../components/branch-glyphs.tsx";
import { ProblemCard } from "../components/problem.tsx";
import { EntryView, type TranscriptContext } from "../components/transcript.tsx";
import { Money, Short, Time, Wire } from "../components/values.tsx";
import { linkTo } from "../filters.ts";
import { formatCount, formatExact } from "../format/number.ts";
import { printable } from "../format/text.ts";
import { messageOf } from "../transcript/blocks.ts";
import { commonBeginning, type ComparedRow, compareEntries } from "../transcript/compare.ts";
import { type DiffLine, diffWords } from "../transcript/diff.ts";
import { newPainter } from "../transcript/highlight.ts";
import { type Entry, pairTools } from "../transcript/pair-tools.ts";
import { comparedFrom } from "../tree/fork.ts";
import type { View } from "../view.ts";

/** Messages of each side in one page. */
const PAGE = 40;
const MOST_CHOICES = 30;

export interface Comparison {
  left: Branch;
  right: Branch;
  /** Position at which both are read from. */
  from: number;
  transcripts: Result<readonly [Transcript, Transcript]>;
}

/** Both branches from where they part. Null when one of them is not there, or they are the same. */
export async function loadComparison(
  api: ApiClient,
  path: string,
  [left, right]: readonly [Branch | undefined, Branch | undefined],
  tree: ConversationTree | null,
): Promise<Comparison | null> {
  if (!left || !right || left.branchKey === right.branchKey) return null;
  const place = (branch: Branch) => tree?.branches.findIndex(({ key }) => key === branch.branchKey) ?? -1;
  const from =
    tree && place(left) !== -1 && place(right) !== -1 ? comparedFrom(tree, place(left), place(right)) : 1;
  const [one, other] = await Promise.all(
    [left, right].map(({ branchKey }) =>
      api.get<Transcript>(`${path}/messages`, {
        branch: branchKey,
        cursor: from > 1 ? from : null,
        limit: PAGE,
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
    return <ProblemCard problem={transcripts.problem} what="The two branches" view={view} />;
  const [one, other] = transcripts.data;
  const common = commonBeginning(one.messages, other.messages);
  const inCommon = from - 1 + common;
  const sides = [one, other].map((transcript) => entriesOf(transcript, common)) as [Entry[], Entry[]];
  const rows = compareEntries(...sides);
  const contexts = [contextOf(view, path, one), contextOf(view, path, other)] as const;
  const names = [left.branchId, right.branchId] as const;
  return (
    <div class="compared">
      <SideHead branch={left} transcript={one} view={view} path={path} />
      <SideHead branch={right} transcript={other} view={view} path={path} />
      <p class="compared-common">
        {inCommon === 0 ? (
          "They have no beginning in common."
        ) : (
          <>
            The first {formatCount(inCommon, "message")} {inCommon === 1 ? "is" : "are"} the same.{" "}
            <a href={linkTo(path, view.filters, { branch: branchParameter(left) })}>Read them</a>
          </>
        )}
      </p>
      {rows.map((row) => (
        <Row row={row} contexts={contexts} names={names} />
      ))}
      {rows.length === 0 && <p class="compared-common">Nothing differs in what is shown here.</p>}
      <SideFoot branch={left} transcript={one} view={view} path={path} />
      <SideFoot branch={right} transcript={other} view={view} path={path} />
    </div>
  );
}

function entriesOf(transcript: Transcript, common: number): Entry[] {
  const own = transcript.messages.slice(common);
  return pairTools(own.map(messageOf)).map((entry, n) => ({ ...entry, number: own[n]!.position }));
}

function contextOf(view: View, path: string, transcript: Transcript): TranscriptContext {
  return {
    here: linkTo(path, view.filters, { branch: transcript.branchKey }),
    rawHref: `/api/requests/${transcript.requestId}/body`,
    paint: newPainter(),
    wholeHref: (position) =>
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
  const tokens = branch.totalTokens + branch.cacheReadInputTokens + branch.cacheCreationInputTokens;
  return (
    <header class="card compared-head">
      <h2>
        {branch.kind !== "main" && <BranchGlyph kind={glyphOf(branch.kind)} />}
        <a href={linkTo(path, view.filters, { branch: branchParameter(branch) })}>
          <Wire text={branch.branchId} length={40} />
        </a>
      </h2>
      <p class="mute">
        {formatCount(transcript.total, "message")}, {formatCount(branch.requestCount, "request")}
        {branch.errorCount > 0 && (
          <span class="error-words">, {formatCount(branch.errorCount, "error")}</span>
        )}
        , <Short value={tokens} /> tokens, <Money amount={branch.costUsd} />, last{" "}
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
        <span class="mute">It ends here.</span>
      ) : (
        <a href={linkTo(path, view.filters, { branch: branchParameter(branch), cursor: nextCursor })}>
          Read on from message {formatExact(nextCursor)}
        </a>
      )}
    </p>
  );
}

interface RowProps {
  row: ComparedRow;
  contexts: readonly [TranscriptContext, TranscriptContext];
  names: readonly [string, string];
}

function Row({ row, contexts, names }: RowProps) {
  if (row.isSame && row.left)
    return (
      <div class="compared-row same">
        <EntryView entry={row.left} context={contexts[0]} note="on both sides" />
      </div>
    );
  const words = differingWords(row);
  return (
    <div class="compared-row">
      <Side
        entry={row.left}
        context={contexts[0]}
        name={names[0]}
        words={words?.filter(({ sign }) => sign !== "+")}
        which="left"
      />
      <Side
        entry={row.right}
        context={contexts[1]}
        name={names[1]}
        words={words?.filter(({ sign }) => sign !== "-")}
        which="right"
      />
    </div>
  );
}

interface RowSideProps {
  entry: Entry | null;
  context: TranscriptContext;
  words: DiffLine[] | undefined;
  name: string;
  which: "left" | "right";
}

function Side({ entry, context, words, name, which }: RowSideProps) {
  if (!entry) return <div class={`compared-side none on-${which}`}></div>;
  // Where one stands above the other, each says which it is.
  const note = (
    <span class="only-on-phone">
      <Wire text={name} length={28} />
    </span>
  );
  if (!words)
    return (
      <div class={`compared-side on-${which}`}>
        <EntryView entry={entry} context={context} note={note} />
      </div>
    );
  // One text against another: its own words are marked.
  return (
    <div class={`compared-side on-${which}`}>
      <EntryView entry={entry} context={context} note={note}>
        <p class="compared-text" dir="auto">
          {words.map(({ sign, text }) =>
            sign === " " ? printable(text) : <mark class={`own-${which}`}>{printable(text)}</mark>,
          )}
        </p>
      </EntryView>
    </div>
  );
}

/** From this share of common words on two texts are variants of each other; below, each is read as it is. */
const ALIKE = 0.25;

/** Word by word, where both sides are one text and much alike. */
function differingWords({ left, right }: ComparedRow): DiffLine[] | null {
  const [one, other] = [textOf(left), textOf(right)];
  if (one === null || other === null || left?.role !== right?.role) return null;
  const words = diffWords(one, other);
  const common = words.filter(({ sign }) => sign === " ").length;
  return common / words.length >= ALIKE ? words : null;
}

function textOf(entry: Entry | null): string | null {
  const [item, ...more] = entry?.items ?? [];
  return item?.kind === "text" && more.length === 0 ? item.text : null;
}

/** Choosing the branch to compare with: without a script the button sends it. */
export function CompareForm({
  view,
  path,
  branches,
  now,
}: {
  view: View;
  path: string;
  branches: readonly Branch[];
  now: string;
}) {
  // Ways the conversation itself went first: there may be hundreds of sub-tasks.
  const others = branches
    .filter(({ branchKey }) => branchKey !== now)
    .sort((left, right) => Number(left.kind === "subtask") - Number(right.kind === "subtask"))
    .slice(0, MOST_CHOICES);
  if (others.length === 0) return null;
  return (
    <form method="get" action={path} class="compare-form">
      {view.query.branch && <input type="hidden" name="branch" value={view.query.branch} />}
      <label>
        <span class="unseen">Compare with the branch</span>
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
