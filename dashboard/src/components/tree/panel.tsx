/** The tree in its frame: how much there is of what, the drawing, the buttons that move it, what its signs mean. */
import type { ConversationTree as Tree } from "../../../../workers/schemas/api/conversations.ts";
import { linkTo } from "../../context/filters.ts";
import { formatCount, formatExact } from "../../format/number.ts";
import { clockFormatter } from "../../format/time.ts";
import { layoutTree, type TreeDrawing } from "../../tree/layout.ts";
import { viewportOf } from "../../tree/viewport.ts";
import type { View } from "../../context/view.ts";
import { ConversationTree } from "./drawing.tsx";
import type { TreeLinks } from "./edges.tsx";
import { Help } from "../ui/help.tsx";
import { Icon } from "../ui/icon.tsx";

/** Items drawn beside a transcript, and on a page of their own. */
const MAX_SIDEBAR_ITEMS = 40;
const MAX_PAGE_ITEMS = 1_200;

const ZOOM_BUTTONS = [
  ["out", "Zoom out", "minus"],
  ["in", "Zoom in", "plus"],
  ["fit", "Fit to view", "fit"],
] as const;

export interface DrawnTree {
  tree: Tree;
  drawing: TreeDrawing;
  /** Place of the branch that is read; null when it is not among them. */
  chosen: number | null;
  /** Item of the request that is read. */
  marked: number | null;
}

/** Lays out the tree for `view`: `branchKey` is the open branch; `?requestId` and `?open` name nodes that stay unfolded. */
export function drawTree(tree: Tree, view: View, branchKey: string | null): DrawnTree {
  const places = new Map(tree.nodes.map(({ id }, place) => [id, place]));
  const found = tree.branches.findIndex(({ key }) => key === branchKey);
  const chosen = found === -1 ? null : found;
  const request = places.get(view.query.requestId ?? "") ?? null;
  const open = /^\d{1,7}$/.test(view.query.open ?? "") ? Number(view.query.open) : null;
  const drawing = layoutTree(tree, chosen, { request, run: open });
  const seen = request ?? open;
  return { tree, drawing, chosen, marked: seen === null ? null : (drawing.itemOf[seen] ?? null) };
}

interface Props {
  drawn: DrawnTree;
  view: View;
  path: string;
  model: string | null;
  /** Messages of the transcript beside it, by the request that first sent or returned them. */
  messages: ReadonlyMap<string, number>;
  isFullPage?: boolean;
}

export function TreePanel({ drawn, view, path, model, messages, isFullPage = false }: Props) {
  const { tree, drawing, chosen, marked } = drawn;
  const first = tree.nodes.findIndex(({ id }) => messages.has(id));
  const read = marked ?? (first === -1 ? null : (drawing.itemOf[first] ?? null)) ?? lastOf(drawing, chosen);
  const part = viewportOf(drawing, isFullPage ? MAX_PAGE_ITEMS : MAX_SIDEBAR_ITEMS, read);
  /** The link to items that a large tree does not draw here. */
  const hiddenItems = (name: "earlier" | "later", count: number, place: number) => {
    if (count === 0) return null;
    const open = drawing.items[place]!.nodes[0]!;
    const to = { branch: view.query.branch ?? null, view: view.query.view ?? null, open };
    return (
      <p class="tree-more">
        <a href={linkTo(path, view.filters, to)}>
          Show {formatExact(count)} {name}
        </a>
      </p>
    );
  };
  return (
    <section class={isFullPage ? "card tree-panel alone" : "card tree-panel"} aria-label="Tree">
      <h2>
        Tree{" "}
        <Help
          label="the tree"
          text="Each line is a branch, each node a request, oldest first. Large nodes are user messages, small ones tool results; the number counts the messages sent, the bar shows how full the context was. Drag to move, Ctrl + wheel to zoom. Arrow keys move between nodes, Enter opens one, + − 0 zoom."
        />
        <span class="mute tree-counts">{treeSummary(tree)}</span>
        {!isFullPage && (
          <a
            class="tree-larger"
            href={linkTo(path, view.filters, { view: "tree", branch: view.query.branch ?? null })}
          >
            <Icon name="expand" label="Open the tree full page" />
          </a>
        )}
      </h2>
      {hiddenItems("earlier", part.before, part.first - 1)}
      <div class="tree-frame" data-tree>
        <ConversationTree
          tree={tree}
          viewport={part}
          links={linksOf(drawn, view, path, messages, isFullPage)}
          marked={marked}
          chosen={chosen}
          model={model}
          clock={clockFormatter(view.zone)}
          showsNotes={isFullPage}
        />
      </div>
      {hiddenItems("later", part.after, part.first + part.items.length)}
      <div class="tree-foot">
        <Legend tree={tree} />
        <span class="tree-tools" data-tree-tools hidden role="group" aria-label="Zoom">
          {ZOOM_BUTTONS.map(([zoom, label, icon]) => (
            <button type="button" class="quiet icon-only" data-tree-zoom={zoom} aria-label={label}>
              <Icon name={icon} />
            </button>
          ))}
        </span>
      </div>
    </section>
  );
}

/** "5 sub-tasks, 2 branches, 1 compaction": what there is. */
export function treeSummary(tree: Tree): string {
  const of = (kind: string) => tree.branches.filter((branch) => branch.kind === kind).length;
  // A call whose sub-task was never seen was called all the same.
  const subtasks = of("subtask") + tree.tasks.filter(({ branch }) => branch === null).length;
  const branches = of("branch");
  const compactions = of("compact");
  return (
    [
      subtasks > 0 && formatCount(subtasks, "sub-task"),
      branches > 0 && formatCount(branches, "branch", "branches"),
      compactions > 0 && formatCount(compactions, "compaction"),
    ]
      .filter(Boolean)
      .join(", ") || "no branches"
  );
}

function lastOf(drawing: TreeDrawing, chosen: number | null): number | null {
  const last = drawing.items.findLastIndex(({ branch }) => branch === chosen);
  return last === -1 ? null : last;
}

function linksOf(
  { tree }: DrawnTree,
  view: View,
  path: string,
  messages: ReadonlyMap<string, number>,
  isFullPage: boolean,
): TreeLinks {
  const mode = isFullPage ? "tree" : null;
  const branchOf = (place: number) => {
    const { kind, key } = tree.branches[place]!;
    return kind === "main" ? null : key;
  };
  const here = { branch: view.query.branch ?? null, cursor: view.query.cursor ?? null };
  // Relative to the page, which has hundreds of them.
  const to = (extra: Record<string, string | number | null>) => linkTo("", view.filters, extra) || path;
  return {
    node(place) {
      const { id, branch } = tree.nodes[place]!;
      const message = isFullPage ? undefined : messages.get(id);
      if (message !== undefined) return `#message-${message}`;
      return to({ branch: branchOf(branch), requestId: id });
    },
    branch: (place) => to({ branch: branchOf(place) }),
    open: (place) => to({ view: mode, ...here, open: place }),
    list: "#branches",
  };
}

/** Only signs that are in the drawing are explained. */
function Legend({ tree }: { tree: Tree }) {
  const has = (kind: string) => tree.branches.some((branch) => branch.kind === kind);
  return (
    <ul class="tree-legend" aria-label="Signs">
      {(has("branch") || has("compact")) && (
        <li>
          <svg viewBox="0 0 16 16" width="14" height="14" class="sign fork" aria-hidden="true">
            <path class="mark" d="M8 1l7 7-7 7-7-7z" />
          </svg>
          branch point
        </li>
      )}
      {(has("subtask") || tree.tasks.length > 0) && <Line kind="subtask" label="sub-task" />}
      {has("compact") && <Line kind="compact" label="compaction" />}
      {tree.nodes.some(({ failed }) => failed) && (
        <li>
          <svg viewBox="0 0 16 16" width="14" height="14" class="sign failed hue-0" aria-hidden="true">
            <circle class="mark" cx="8" cy="8" r="6" />
            <path class="cross" d="M5 5l6 6m0-6l-6 6" />
          </svg>
          failed
        </li>
      )}
    </ul>
  );
}

function Line({ kind, label }: { kind: "subtask" | "compact"; label: string }) {
  return (
    <li>
      <svg viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">
        <path class={`edge ${kind} hue-0`} d="M0 4H22" />
      </svg>
      {label}
    </li>
  );
}
