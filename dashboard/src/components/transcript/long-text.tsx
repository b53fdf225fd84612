/** Text that may be long: its beginning, the rest behind "Show more (N lines)", and a word about what is left out. */
import { raw } from "hono/html";
import type { Highlighter } from "../../transcript/highlight.ts";
import { collapseText, MAX_TEXT_CHARACTERS } from "../../transcript/collapse.ts";
import { MAX_MARKDOWN_CHARACTERS, renderParts } from "../../transcript/markdown.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { printable } from "../../format/text.ts";
import { spendBudget } from "../../transcript/html-budget.ts";
import type { Child } from "hono/jsx";
import type { TranscriptContext } from "./transcript-context.ts";

/** Characters of a text in a page. What folds early is history: the whole of it is a link away. */
const maxCharacters = (collapseAt: number) =>
  collapseAt < HISTORY_COLLAPSE_AT ? MAX_HISTORY : MAX_TEXT_CHARACTERS;
const HISTORY_COLLAPSE_AT = 1_000;
const MAX_HISTORY = 4_200;
/** A text this short is shown as Markdown even where the page is full. */
const ALWAYS_MARKDOWN = 300;

interface Props {
  text: string;
  collapseAt: number;
  /** Link to the whole text; budget of the page, without which a text has only its own limit. */
  context: Pick<TranscriptContext, "rawHref" | "budget">;
  /** Colours code. */
  highlight?: Highlighter | undefined;
}

/** Markdown. Too long for that, it is shown as plain text. */
export function Prose({ text, collapseAt, context, highlight }: Props) {
  const { budget } = context;
  const isLong = text.length > Math.min(MAX_MARKDOWN_CHARACTERS, maxCharacters(collapseAt) + 500);
  if (isLong || (budget && text.length > Math.max(budget.left, ALWAYS_MARKDOWN))) {
    return <PlainText text={text} collapseAt={collapseAt} context={context} />;
  }
  const parts = renderParts(printable(text), collapseAt, highlight);
  // A block much longer than the limit has no seam to cut at: plain text cuts anywhere.
  if (parts.cutAt > collapseAt * 4) {
    return <PlainText text={text} collapseAt={collapseAt} context={context} />;
  }
  if (budget) budget.left -= parts.shown.length + parts.rest.length;
  return (
    <div class="prose" dir="auto">
      {raw(parts.shown)}
      {parts.rest !== "" && <More lines={parts.restLines}>{raw(parts.rest)}</More>}
    </div>
  );
}

/** Text as it is, line by line; of a known language in its colours. */
export function PlainText(props: Props & { language?: string | null }) {
  const { text, collapseAt, highlight, language = null } = props;
  const { rawHref, budget } = props.context;
  const collapsed = collapseText(text, collapseAt, spendBudget(budget, text, maxCharacters(collapseAt)));
  const show = (part: string) => {
    const highlighted = highlight?.(printable(part), language) ?? null;
    return highlighted === null ? printable(part) : raw(highlighted);
  };
  return (
    <div class="plain">
      <pre dir="auto">{show(collapsed.shown)}</pre>
      {collapsed.rest !== "" && (
        <More lines={collapsed.restLines}>
          <pre dir="auto">{show(collapsed.rest)}</pre>
          {collapsed.omitted > 0 && <Omitted characters={collapsed.omitted} rawHref={rawHref} />}
        </More>
      )}
      {collapsed.rest === "" && collapsed.omitted > 0 && (
        <Omitted characters={collapsed.omitted} rawHref={rawHref} />
      )}
    </div>
  );
}

/** The fold. Its line moves below the content when open, so that "Show less" is where one has read to. */
export function More({ lines, children }: { lines: number; children?: Child }) {
  return (
    <details class="show-more">
      <summary>
        <span class="when-closed">Show more ({formatCount(lines, "line")})</span>
        <span class="when-open">Show less</span>
      </summary>
      {children}
    </details>
  );
}

/** How many are left out and the way to all of them; nothing where none is. */
export function NotShown({ what, count, rawHref }: { what: string; count: number; rawHref: string }) {
  if (count <= 0) return null;
  return (
    <p class="note">
      {formatCount(count, `more ${what}`)} not shown. <a href={rawHref}>Show the raw text</a>
    </p>
  );
}

/** How much is missing and the way to all of it. */
export function Omitted({ characters, rawHref }: { characters: number; rawHref: string }) {
  return (
    <p class="note">
      {formatExact(characters)} more characters are not shown here. <a href={rawHref}>Download all of it</a>
    </p>
  );
}
