/** Where an arrow leads in a drawing: to the nearest thing in its direction, what lies straight ahead first. */

export interface Point {
  x: number;
  y: number;
}

/** How much worse a step aside is than one ahead. */
const SIDEWAYS_PENALTY = 3;
/** Items at most this many pixels aside count as straight ahead and are preferred. */
const STRAIGHT_TOLERANCE = 6;
const OFF_AXIS_PENALTY = 1e6;

/** The thing that an arrow `direction` from `from` leads to; undefined at the edge. */
export function stepFrom<T>(
  from: T,
  [right, down]: readonly [number, number],
  centers: ReadonlyMap<T, Point>,
): T | undefined {
  const here = centers.get(from);
  if (!here) return undefined;
  let best: T | undefined;
  let shortest = Infinity;
  for (const [item, { x, y }] of centers) {
    const ahead = (x - here.x) * right + (y - here.y) * down;
    const sideways = Math.abs((x - here.x) * down) + Math.abs((y - here.y) * right);
    // Further aside than ahead is another direction.
    if (ahead <= 0 || sideways > ahead * 4) continue;
    const distance =
      sideways <= STRAIGHT_TOLERANCE ? ahead : OFF_AXIS_PENALTY + ahead + sideways * SIDEWAYS_PENALTY;
    if (distance < shortest) [best, shortest] = [item, distance];
  }
  return best;
}

/** The middle of a drawn item: its circle or its box. */
export function centerOf(item: SVGElement): Point {
  const shape = item.querySelector("circle, rect");
  const number = (name: string) => Number(shape?.getAttribute(name) ?? 0);
  return shape?.tagName === "circle"
    ? { x: number("cx"), y: number("cy") }
    : { x: number("x") + number("width") / 2, y: number("y") + number("height") / 2 };
}
