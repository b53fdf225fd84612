/** The part of a large drawing on a page: a number of items around one, and the lines that touch them. */
import type { TreeDrawing } from "./layout.ts";

export interface TreeViewport extends Pick<TreeDrawing, "items" | "branches" | "boxes" | "edges" | "width"> {
  /** Place of the first item of this part among all. */
  first: number;
  /** Items before and after it. */
  before: number;
  after: number;
  /** Top and height of the part, in the drawing's pixels. */
  top: number;
  height: number;
}

/** At most `maxItems` items, `around` among them (else the newest); lines that lead out of the part stay. */
export function viewportOf(drawing: TreeDrawing, maxItems: number, around: number | null): TreeViewport {
  const { items } = drawing;
  const middle = around ?? items.length - 1;
  const first = Math.max(0, Math.min(middle - Math.floor(maxItems / 2), items.length - maxItems));
  const shown = items.slice(first, first + maxItems);
  const after = items.length - first - shown.length;
  const top = first === 0 ? 0 : (items[first]!.y + items[first - 1]!.y) / 2;
  const bottom = after === 0 ? drawing.height : (items[first + maxItems]!.y + shown.at(-1)!.y) / 2;
  const touches = (from: number, to: number) => from <= bottom && to >= top;
  const isNamed = (y: number) => y >= top && y <= bottom;
  return {
    items: shown,
    first,
    before: first,
    after,
    top,
    height: bottom - top,
    width: drawing.width,
    branches: drawing.branches.flatMap((branch) => {
      if (!touches(Math.min(branch.label?.y ?? branch.trunk.from, branch.trunk.from), branch.trunk.to))
        return [];
      return [branch.label && !isNamed(branch.label.y) ? { ...branch, label: null } : branch];
    }),
    boxes: drawing.boxes.filter(({ y }) => isNamed(y)),
    edges: drawing.edges.filter(({ from, to }) => touches(from.y, to.y)),
  };
}
