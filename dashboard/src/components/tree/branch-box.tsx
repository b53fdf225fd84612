/** A whole branch in the drawing of a conversation: the box of a sub-task, the name of a branch. */
import type { ConversationTree as Tree } from "../../../../workers/schemas/api/conversations.ts";
import { oneLine } from "../../format/text.ts";
import { BOX, type PlacedBox, type PlacedBranch } from "../../tree/layout.ts";
import { boxLabel } from "../../tree/labels.ts";
import { hue, type TreeLinks } from "./edges.tsx";

interface BranchProps {
  tree: Tree;
  links: TreeLinks;
  isChosen: boolean;
}

export function TreeBox({ box, tree, links, isChosen }: BranchProps & { box: PlacedBox }) {
  const { x, y } = box;
  const words = boxLabel(box, tree);
  const shape = (
    <>
      <title>{words.title}</title>
      <rect x={x} y={y} width={BOX.width} height={BOX.height} rx="4" />
      <text x={x + BOX.width / 2} y={y + BOX.height / 2 + 4}>
        {words.label}
      </text>
    </>
  );
  const kinds = ["box", box.branch === null && "not-recorded", isChosen && "chosen"]
    .filter(Boolean)
    .join(" ");
  if (box.branch === null && box.more === 0)
    return (
      <g class={kinds} data-item tabindex={0} role="img" aria-label={words.title}>
        {shape}
      </g>
    );
  return (
    <a
      class={kinds}
      href={box.branch === null ? links.list : links.branch(box.branch)}
      data-item
      aria-current={isChosen ? "true" : undefined}
    >
      {shape}
    </a>
  );
}

/** Names of branches are "branch_20261123120107": this wide in the small type. */
const LETTER_WIDTH = 6.3;

export function BranchLabel({ branch, tree, links, isChosen }: BranchProps & { branch: PlacedBranch }) {
  if (!branch.label) return null;
  const { name, prompt } = tree.branches[branch.branch]!;
  const { x, y } = branch.label;
  const shown = oneLine(name, 26);
  return (
    <a
      class={`branch-label ${hue(branch.branch, tree)}${isChosen ? " chosen" : ""}`}
      href={links.branch(branch.branch)}
      data-item
    >
      <title>{`${oneLine(name, 80)}\n${prompt === null ? "" : oneLine(prompt, 250)}`}</title>
      <rect x={x} y={y - 9} width={Array.from(shown).length * LETTER_WIDTH + 14} height="18" rx="9" />
      <text x={x + 7} y={y + 4}>
        {shown}
      </text>
    </a>
  );
}
