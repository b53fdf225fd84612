/** One row of a comparison: a message of both branches, or one per branch with differing words marked. */
import type { ComparedRow } from "../../transcript/compare.ts";
import { type DiffPart, diffWords } from "../../transcript/diff.ts";
import { printable } from "../../format/text.ts";
import type { TranscriptEntry } from "../../transcript/pair-tools.ts";
import { EntryView } from "../transcript/transcript.tsx";
import type { TranscriptContext } from "../transcript/transcript-context.ts";
import { UntrustedText } from "../ui/values.tsx";

interface RowProps {
  row: ComparedRow;
  contexts: readonly [TranscriptContext, TranscriptContext];
  names: readonly [string, string];
}

export function ComparedRowView({ row, contexts, names }: RowProps) {
  if (row.isSame && row.left)
    return (
      <div class="compared-row same">
        <EntryView entry={row.left} context={contexts[0]} note="in both branches" />
      </div>
    );
  const words = wordDiff(row);
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
  entry: TranscriptEntry | null;
  context: TranscriptContext;
  words: DiffPart[] | undefined;
  name: string;
  which: "left" | "right";
}

function Side({ entry, context, words, name, which }: RowSideProps) {
  if (!entry) return <div class={`compared-side none on-${which}`}></div>;
  // Narrow screens show one above the other, so each names its branch.
  const note = (
    <span class="only-on-phone">
      <UntrustedText text={name} length={28} />
    </span>
  );
  if (!words)
    return (
      <div class={`compared-side on-${which}`}>
        <EntryView entry={entry} context={context} note={note} />
      </div>
    );
  // Text against text: words of one side only are marked.
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

/** Texts with at least this share of common words are compared word by word. */
const MIN_COMMON_SHARE = 0.25;

/** Word by word, where both sides are one text and much alike. */
function wordDiff({ left, right }: ComparedRow): DiffPart[] | null {
  const [one, other] = [textOf(left), textOf(right)];
  if (one === null || other === null || left?.role !== right?.role) return null;
  const words = diffWords(one, other);
  const common = words.filter(({ sign }) => sign === " ").length;
  return common / words.length >= MIN_COMMON_SHARE ? words : null;
}

function textOf(entry: TranscriptEntry | null): string | null {
  const [item, ...more] = entry?.items ?? [];
  return item?.kind === "text" && more.length === 0 ? item.text : null;
}
