/** JSON as a tree that folds: objects and lists open one by one, bounded in nodes and in text. */
import type { Child } from "hono/jsx";
import { formatCount, formatExact } from "../../format/number.ts";
import { cutAt, oneLine, printable } from "../../format/text.ts";
import { isObject } from "../../../../workers/domain/json/json.ts";
import { type HtmlBudget, spendBudget } from "../../transcript/html-budget.ts";

/** A tree larger than this ends with a word and a link. */
const MAX_NODES = 2_000;
/** Values that are shown even if the page is full. */
const MIN_NODES = 20;
/** Bytes of HTML of a value beside its text. */
const NODE_BYTES = 100;
/** Long texts are cut; once all of them together have been long, soon. */
const MAX_STRING = 2_000;
const MAX_TEXT = 40_000;
const SHORT_STRING = 120;
const MAX_DEPTH = 40;

interface Props {
  value: unknown;
  rawHref: string;
  /** Levels that stand open at first. */
  open?: number;
  /** Members that stand closed whatever their level (long and rarely wanted). */
  closed?: readonly string[];
  /** What the page has html for. */
  html?: HtmlBudget | undefined;
}

export function JsonTree({ value, rawHref, open = 1, closed = [], html }: Props) {
  const budget = { nodes: MAX_NODES, text: MAX_TEXT, html, isFull: false };
  const tree = <Node name={null} value={value} depth={0} open={open} closed={closed} budget={budget} />;
  return (
    <div class="json" role="group" aria-label="JSON">
      {tree}
      <BudgetNote budget={budget} rawHref={rawHref} />
    </div>
  );
}

/** Rendered after the tree, so that it knows whether the budget ran out. */
function BudgetNote({ budget, rawHref }: { budget: TreeBudget; rawHref: string }) {
  if (!budget.isFull) return null;
  return (
    <p class="note">
      Only the first {formatExact(MAX_NODES - budget.nodes)} values are shown.{" "}
      <a href={rawHref}>Download all of it</a>
    </p>
  );
}

/** What is left for a tree. */
interface TreeBudget {
  nodes: number;
  text: number;
  html: HtmlBudget | undefined;
  /** Values are left out. */
  isFull: boolean;
}

interface NodeProps {
  name: string | null;
  value: unknown;
  depth: number;
  open: number;
  closed: readonly string[];
  budget: TreeBudget;
}

function Node({ name, value, depth, open, closed, budget }: NodeProps): Child {
  const isPageFull = (budget.html?.left ?? 1) <= 0 && budget.nodes <= MAX_NODES - MIN_NODES;
  if (budget.isFull || budget.nodes <= 0 || isPageFull) {
    budget.isFull = true;
    return null;
  }
  budget.nodes--;
  if (budget.html) budget.html.left -= NODE_BYTES;
  const label =
    name === null ? null : (
      <>
        <bdi class="json-key">{oneLine(name, 120)}</bdi>
        <span class="mute">: </span>
      </>
    );
  const members: [string | null, unknown][] | null = Array.isArray(value)
    ? value.map((member, index) => [String(index), member])
    : isObject(value)
      ? Object.entries(value)
      : null;
  if (members === null) {
    return (
      <div class="json-leaf">
        {label}
        <Scalar value={value} budget={budget} />
      </div>
    );
  }
  const size = Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`;
  if (members.length === 0) {
    return (
      <div class="json-leaf">
        {label}
        <span class="mute">{Array.isArray(value) ? "[ ]" : "{ }"}</span>
      </div>
    );
  }
  const isOpen = depth < open && !(name !== null && closed.includes(name));
  return (
    <details class="json-branch" open={isOpen}>
      <summary>
        {label}
        <span class="mute">{size}</span>
        <Peek value={value} />
      </summary>
      {depth < MAX_DEPTH ? (
        members.map(([member, inner]) => (
          <Node name={member} value={inner} depth={depth + 1} open={open} closed={closed} budget={budget} />
        ))
      ) : (
        <p class="note">Nested too deeply to show.</p>
      )}
    </details>
  );
}

/** A summary of a closed branch. */
function Peek({ value }: { value: unknown }) {
  if (!isObject(value)) return null;
  for (const member of ["type", "role", "name", "model"]) {
    const text = value[member];
    if (typeof text === "string") return <span class="json-peek"> {oneLine(text, 40)}</span>;
  }
  return null;
}

function Scalar({ value, budget }: { value: unknown; budget: TreeBudget }) {
  if (typeof value === "string") {
    const max = budget.text > 0 ? MAX_STRING : SHORT_STRING;
    const cut = cutAt(value, spendBudget(budget.html, value, max));
    budget.text -= cut.length;
    return (
      <bdi class="json-string" dir="auto">
        "{printable(cut)}"
        {cut.length < value.length && (
          <span class="mute"> … {formatCount(value.length - cut.length, "more character")}</span>
        )}
      </bdi>
    );
  }
  return <span class={`json-${value === null ? "null" : typeof value}`}>{String(value)}</span>;
}
