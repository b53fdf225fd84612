/** Text that may be long: its beginning, the rest behind "Show more (N lines)", and a word about what is left out. */
import { raw } from "hono/html";
import type { Highlighter } from "../../transcript/highlight.ts";
import { collapseText, MAX_TEXT_CHARACTERS } from "../../transcript/collapse.ts";
import { MAX_MARKDOWN_CHARACTERS, renderParts } from "../../transcript/markdown.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { printable } from "../../format/text.ts";
import { type HtmlBudget, spendBudget } from "../../transcript/html-budget.ts";
import type { Child } from "hono/jsx";

/** Characters of a text in a page. What folds early is history: the whole of it is a link away. */
const maxCharacters = (foldAt: number) => (foldAt < HISTORY_COLLAPSE_AT ? MAX_HISTORY : MAX_TEXT_CHARACTERS);
const HISTORY_COLLAPSE_AT = 1_000;
const MAX_HISTORY = 4_200;
/** A text this short is shown as Markdown even where the page is full. */
const ALWAYS_MARKDOWN = 300;

interface Props {
  text: string;
  foldAt: number;
  /** Where all of it can be had. */
  rawHref: string;
  /** Colours code. */
  paint?: Highlighter | undefined;
  /** What the page has room for; without one a text has its own limit only. */
  room?: HtmlBudget | undefined;
}

/** Markdown. Too long for that, it is shown as plain text. */
export function Prose({ text, foldAt, rawHref, paint, room }: Props) {
  const isLong = text.length > Math.min(MAX_MARKDOWN_CHARACTERS, maxCharacters(foldAt) + 500);
  if (isLong || (room && text.length > Math.max(room.left, ALWAYS_MARKDOWN))) {
    return <PlainText text={text} foldAt={foldAt} rawHref={rawHref} room={room} />;
  }
  const parts = renderParts(printable(text), foldAt, paint);
  // A block much longer than the limit has no seam to cut at: plain text cuts anywhere.
  if (parts.cutAt > foldAt * 4) {
    return <PlainText text={text} foldAt={foldAt} rawHref={rawHref} room={room} />;
  }
  if (room) room.left -= parts.shown.length + parts.rest.length;
  return (
    <div class="prose" dir="auto">
      {raw(parts.shown)}
      {parts.rest !== "" && <More lines={parts.restLines}>{raw(parts.rest)}</More>}
    </div>
  );
}

/** Text as it is, line by line; of a known language in its colours. */
export function PlainText({
  text,
  foldAt,
  rawHref,
  paint,
  language = null,
  room,
}: Props & { language?: string | null }) {
  const folded = collapseText(text, foldAt, spendBudget(room, text, maxCharacters(foldAt)));
  const show = (part: string) => {
    const painted = paint?.(printable(part), language) ?? null;
    return painted === null ? printable(part) : raw(painted);
  };
  return (
    <div class="plain">
      <pre dir="auto">{show(folded.shown)}</pre>
      {folded.rest !== "" && (
        <More lines={folded.restLines}>
          <pre dir="auto">{show(folded.rest)}</pre>
          {folded.omitted > 0 && <Omitted characters={folded.omitted} rawHref={rawHref} />}
        </More>
      )}
      {folded.rest === "" && folded.omitted > 0 && <Omitted characters={folded.omitted} rawHref={rawHref} />}
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

/** How much is missing and the way to all of it. */
export function Omitted({ characters, rawHref }: { characters: number; rawHref: string }) {
  return (
    <p class="note">
      {formatExact(characters)} more characters are not shown here. <a href={rawHref}>Download all of it</a>
    </p>
  );
}
