/** Table lines from the rounds of a comparison. */
import { median } from "../lib/statistics.ts";
import { ratioOf, type Line } from "../lib/table.ts";
import type { PerTarget } from "./compare.ts";

/** A line with a limit for the ratio of nexus to bare; null: no limit. */
export function ratioLine<T>(
  what: string,
  unit: string,
  values: PerTarget<T>,
  pick: (value: T) => number,
  limit: number | null,
): Line {
  const picked = pickAll(values, pick);
  const ratio = ratioOf(picked.nexus, picked.bare);
  const goal = limit === null ? "" : `≤ ${limit} × bare`;
  const isMet = limit === null ? null : ratio.median <= limit;
  return { what, unit, ...mediansOf(picked), ratio, goal, isMet };
}

/** A goal for the value of nexus, as text and as a condition. */
export interface Goal {
  goal: string;
  isMet: (nexus: number, bare: number) => boolean;
}

export const atMost = (limit: number, unit: string): Goal => ({
  goal: `≤ ${limit} ${unit}`,
  isMet: (nexus) => nexus <= limit,
});

/** A line of nexus alone, whose value is at most `limit`. */
export const limitLine = (what: string, unit: string, nexus: number, limit: number): Line => {
  const { goal, isMet } = atMost(limit, unit.split(" ")[0] ?? "");
  return { what, unit, nexus, goal, isMet: isMet(nexus, NaN) };
};

/** A line with a goal for the value of nexus, if given. */
export function valueLine<T>(
  what: string,
  unit: string,
  values: PerTarget<T>,
  pick: (value: T) => number,
  goal?: Goal,
): Line {
  const medians = mediansOf(pickAll(values, pick));
  const isMet = goal?.isMet(medians.nexus, medians.bare) ?? null;
  return { what, unit, ...medians, goal: goal?.goal ?? "", isMet };
}

const pickAll = <T>(values: PerTarget<T>, pick: (value: T) => number): PerTarget<number> => ({
  direct: values.direct.map(pick),
  bare: values.bare.map(pick),
  nexus: values.nexus.map(pick),
});

const mediansOf = ({ direct, bare, nexus }: PerTarget<number>) => ({
  ...(direct.length > 0 && { direct: median(direct) }),
  bare: median(bare),
  nexus: median(nexus),
});
