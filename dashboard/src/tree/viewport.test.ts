import { describe, expect, it } from "vitest";
import { growTree } from "../../../test/support/grow-tree.ts";
import { layoutTree } from "./layout.ts";
import { viewportOf } from "./viewport.ts";

const grown = growTree().turns("main", 1);
for (let n = 0; n < 300; n++) grown.fork(`branch_${n}`, 0, 1);
const drawing = layoutTree(grown.turns("main", 1).tree());

describe("a part of a drawing", () => {
  it("is all of it where it fits", () => {
    const part = viewportOf(drawing, 1_000, null);
    expect(part).toMatchObject({ before: 0, after: 0, top: 0, height: drawing.height });
    expect(part.items).toHaveLength(drawing.items.length);
  });

  it("ends with the newest item by default", () => {
    const part = viewportOf(drawing, 50, null);
    expect(part).toMatchObject({ before: 252, after: 0 });
    expect(part.top + part.height).toBe(drawing.height);
  });

  it("has the requested item in its middle, with the lines that pass", () => {
    const part = viewportOf(drawing, 50, 100);
    expect(part).toMatchObject({ first: 75, before: 75, after: 177 });
    expect(part.items.every(({ y }) => y > part.top && y < part.top + part.height)).toBe(true);
    // The trunk, and each branch whose edge comes from the first request.
    expect(part.branches.map(({ column }) => column)).toContain(0);
    expect(part.edges.length).toBeGreaterThan(part.items.length);
    const labels = part.branches.flatMap(({ label }) => label ?? []);
    expect(labels.length).toBeGreaterThanOrEqual(50);
    expect(labels.every(({ y }) => y >= part.top && y <= part.top + part.height)).toBe(true);
  });

  it("begins with the first for the first", () => {
    expect(viewportOf(drawing, 50, 0)).toMatchObject({ first: 0, top: 0, before: 0 });
  });
});
