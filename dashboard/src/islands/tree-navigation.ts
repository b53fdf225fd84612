/** Where an arrow leads in a drawing: to the nearest thing in its direction, what lies straight ahead first. */

export interface Place {
  x: number;
  y: number;
}

/** How much worse a step aside is than one ahead. */
const ASIDE = 3;
/** What is no further aside than this is straight ahead, and comes before all else. */
const STRAIGHT = 6;
const FAR = 1e6;

/** The thing that an arrow `direction` from `from` leads to; undefined at the edge. */
export function stepFrom<T>(
  from: T,
  [right, down]: readonly [number, number],
  places: ReadonlyMap<T, Place>,
): T | undefined {
  const here = places.get(from);
  if (!here) return undefined;
  let best: T | undefined;
  let least = Infinity;
  for (const [item, { x, y }] of places) {
    const ahead = (x - here.x) * right + (y - here.y) * down;
    const aside = Math.abs((x - here.x) * down) + Math.abs((y - here.y) * right);
    // Further aside than ahead is another direction.
    if (ahead <= 0 || aside > ahead * 4) continue;
    const distance = aside <= STRAIGHT ? ahead : FAR + ahead + aside * ASIDE;
    if (distance < least) [best, least] = [item, distance];
  }
  return best;
}

/** The middle of a drawn item: its circle or its box. */
export function placeOf(item: SVGElement): Place {
  const shape = item.querySelector("circle, rect");
  const number = (name: string) => Number(shape?.getAttribute(name) ?? 0);
  return shape?.tagName === "circle"
    ? { x: number("cx"), y: number("cy") }
    : { x: number("x") + number("width") / 2, y: number("y") + number("height") / 2 };
}
