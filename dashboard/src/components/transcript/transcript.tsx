/** A conversation as it was sent; a tool call is one line. Long texts fold; hidden messages are counted. */
import type { Child } from "hono/jsx";
import type { TranscriptEntry, TranscriptItem } from "../../transcript/pair-tools.ts";
import { isUserMessage } from "../../transcript/pair-tools.ts";
import type { Block } from "../../transcript/blocks.ts";
import { NotShown, PlainText, Prose } from "./long-text.tsx";
import { BlockView, CallView, Reminders } from "./content-block.tsx";
import { COLLAPSE_AT, COLLAPSE_NEWEST_AT, type TranscriptContext } from "./transcript-context.ts";
import { spendParts } from "../../transcript/html-budget.ts";
import { UntrustedText } from "../ui/values.tsx";

/** Bytes of texts in one page: of what came before, and of the newest exchange. */
const HISTORY_HTML_BYTES = 16_000;
const NEWEST_HTML_BYTES = 36_000;

/** Parts of messages in one page: of what came before, and of the newest exchange. Beyond them each message shows its first ones. */
const HISTORY_PARTS = 60;
const NEWEST_PARTS = 100;
/** Parts of a message that is shown by itself. */
const MAX_SHOWN_PARTS = 200;

interface Props {
  entries: readonly TranscriptEntry[];
  /** Number of the response's entry, which is marked. */
  responseNumber: number | null;
  context: TranscriptContext;
}

export function Transcript({ entries, responseNumber, context }: Props) {
  const prompts = entries.filter(isUserMessage).map((entry) => entry.number);
  const lastPrompt = prompts.at(-1) ?? 0;
  const before = { ...context, budget: { left: HISTORY_HTML_BYTES, parts: HISTORY_PARTS } };
  const newest = { ...context, budget: { left: NEWEST_HTML_BYTES, parts: NEWEST_PARTS } };
  /** How many prompts are above the entry; entries are in order. */
  let above = 0;
  return (
    <ol class="transcript" data-rows>
      {entries.map((entry) => {
        if (entry.isMerged) {
          return (
            <li
              class="message-merged"
              id={`message-${entry.number}`}
              data-node={context.nodeOf?.(entry.number) ?? undefined}
              aria-hidden="true"
            ></li>
          );
        }
        while (above < prompts.length && prompts[above]! < entry.number) above++;
        const isNewest = entry.number >= lastPrompt;
        return (
          <MessageCard
            entry={entry}
            isResponse={entry.number === responseNumber}
            collapseAt={isNewest ? COLLAPSE_NEWEST_AT : COLLAPSE_AT}
            before={prompts[above - 1]}
            after={prompts[prompts[above] === entry.number ? above + 1 : above]}
            context={isNewest ? newest : before}
          />
        );
      })}
    </ol>
  );
}

interface CardProps {
  entry: TranscriptEntry;
  isResponse: boolean;
  collapseAt: number;
  before: number | undefined;
  after: number | undefined;
  context: TranscriptContext;
}

function MessageCard({ entry, isResponse, collapseAt, before, after, context }: CardProps) {
  const id = `message-${entry.number}`;
  return (
    <li
      class={`message ${roleClass(entry)}`}
      id={id}
      data-row
      data-node={context.nodeOf?.(entry.number) ?? undefined}
      tabindex={-1}
    >
      <header class="message-head">
        <h3>{roleLabel(entry)}</h3>
        {isResponse && <span class="mute">as recorded</span>}
        <span class="message-note mute">{context.noteOf?.(entry.number)}</span>
        <span class="message-tools">
          {before && (
            <a href={`#message-${before}`} class="quiet" title="Previous user message">
              ↑<span class="visually-hidden"> Previous user message</span>
            </a>
          )}
          {after && (
            <a href={`#message-${after}`} class="quiet" title="Next user message">
              ↓<span class="visually-hidden"> Next user message</span>
            </a>
          )}
          <a class="quiet message-number" href={`#${id}`} aria-label={`Link to message ${entry.number}`}>
            #{entry.number}
          </a>
        </span>
      </header>
      <Body entry={entry} collapseAt={collapseAt} context={context} />
    </li>
  );
}

/** The items of a message, or `children` in their place, with a link to the whole of a shortened message. */
function Body({ entry, collapseAt, context, children }: Omit<EntryProps, "note"> & { collapseAt: number }) {
  const whole = context.fullMessageHref?.(entry.number) ?? null;
  const parts = groupReminders(entry.items);
  const items = parts
    .slice(0, Math.min(spendParts(context.budget, parts.length), MAX_SHOWN_PARTS))
    .map((item) =>
      Array.isArray(item) ? (
        <Reminders texts={item.map((reminder) => reminder.text)} context={context} />
      ) : (
        <ItemView item={item} collapseAt={collapseAt} context={context} isProse={entry.role !== "system"} />
      ),
    );
  return (
    <div class="message-body">
      {children ?? items}
      {!children && (
        <NotShown what="part" count={parts.length - items.length} rawHref={whole ?? context.rawHref} />
      )}
      {whole !== null && (
        <p class="note">
          Shortened. <a href={whole}>Show full message</a>
        </p>
      )}
    </div>
  );
}

interface EntryProps {
  entry: TranscriptEntry;
  context: TranscriptContext;
  note?: Child;
  /** In place of what the entry holds. */
  children?: Child;
}

/** One message by itself, outside of a transcript's list: no way to its neighbours. */
export function EntryView({ entry, context, note, children }: EntryProps) {
  return (
    <article class={`message ${roleClass(entry)}`}>
      <header class="message-head">
        <h3>{roleLabel(entry)}</h3>
        {note && <span class="mute">{note}</span>}
        <span class="message-tools mute">#{entry.number}</span>
      </header>
      <Body entry={entry} collapseAt={COLLAPSE_NEWEST_AT} context={context}>
        {children}
      </Body>
    </article>
  );
}

type Reminder = Extract<Block, { kind: "reminder" }>;

/** Neighbouring reminders hide behind one line. */
function groupReminders(items: readonly TranscriptItem[]): (TranscriptItem | Reminder[])[] {
  const grouped: (TranscriptItem | Reminder[])[] = [];
  for (const item of items) {
    const last = grouped.at(-1);
    if (item.kind !== "reminder") grouped.push(item);
    else if (Array.isArray(last)) last.push(item);
    else grouped.push([item]);
  }
  return grouped;
}

function roleLabel(entry: TranscriptEntry): Child {
  if (entry.role === "assistant") return "Claude";
  if (entry.role === "system") return "System";
  if (entry.role !== "user") return <UntrustedText text={entry.role} length={24} />;
  if (isUserMessage(entry)) return "You";
  return entry.items.some((item) => item.kind === "tool_result") ? "Tool results" : "Client";
}

function roleClass(entry: TranscriptEntry): string {
  if (entry.role === "assistant") return "from-claude";
  return entry.role === "user" && isUserMessage(entry) ? "from-user" : "from-client";
}

interface ItemProps {
  item: TranscriptItem;
  collapseAt: number;
  context: TranscriptContext;
  isProse: boolean;
}

function ItemView({ item, collapseAt, context, isProse }: ItemProps) {
  switch (item.kind) {
    case "text":
      return isProse ? (
        <Prose text={item.text} collapseAt={collapseAt} context={context} highlight={context.highlight} />
      ) : (
        <PlainText text={item.text} collapseAt={COLLAPSE_AT} context={context} />
      );
    case "call":
      return <CallView use={item.use} result={item.result} context={context} />;
    default:
      return <BlockView block={item} context={context} />;
  }
}
