/**
 * A conversation's tree as SVG: a lane per branch, requests as nodes, sub-tasks as boxes beside the request that called
 * them. Everything is a link, so it works without the script that adds pan, zoom, keys and the card of a node.
 */
import type { ConversationTree as Tree } from "../../../../workers/schemas/api/conversations.ts";
import type { TreeViewport } from "../../tree/viewport.ts";
import { BranchLabel, TreeBox } from "./branch-box.tsx";
import { BoxEdge, Edge, Trunk, type TreeLinks } from "./edges.tsx";
import { TreeNode } from "./node.tsx";

interface Props {
  tree: Tree;
  viewport: TreeViewport;
  links: TreeLinks;
  /** Item that is read; the script moves the mark. */
  marked: number | null;
  /** Place of the branch that is read. */
  chosen: number | null;
  model: string | null;
  /** "12:41", in the viewer's zone. */
  clock: (at: number) => string;
  /** Shows a line beside each node. */
  showsNotes?: boolean;
}

/** Width of that line. */
const NOTE_WIDTH = 270;

export function ConversationTree({
  tree,
  viewport,
  links,
  marked,
  chosen,
  model,
  clock,
  showsNotes = false,
}: Props) {
  const { height, top } = viewport;
  const width = viewport.width + (showsNotes ? NOTE_WIDTH : 0);
  const labels = { tree, model, clock, showsNotes };
  return (
    <svg
      class="tree-drawing"
      viewBox={`0 ${top} ${width} ${height}`}
      width={width}
      height={height}
      role="group"
      aria-label="Tree of this conversation, oldest request first"
    >
      <g data-tree-moves>
        {viewport.branches.map((branch) => (
          <Trunk branch={branch} tree={tree} />
        ))}
        {viewport.edges.map((edge) => (
          <Edge edge={edge} tree={tree} />
        ))}
        {viewport.boxes.map((box) => (
          <BoxEdge box={box} />
        ))}
        {viewport.items.map((item, n) => (
          <TreeNode
            item={item}
            place={viewport.first + n}
            isMarked={viewport.first + n === marked}
            links={links}
            labels={labels}
          />
        ))}
        {viewport.boxes.map((box) => (
          <TreeBox
            box={box}
            isChosen={box.branch !== null && box.branch === chosen}
            links={links}
            tree={tree}
          />
        ))}
        {viewport.branches.map((branch) => (
          <BranchLabel branch={branch} isChosen={branch.branch === chosen} links={links} tree={tree} />
        ))}
      </g>
    </svg>
  );
}
