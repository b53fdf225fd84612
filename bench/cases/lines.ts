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
  return { what, unit, ...medians(picked), ratio, goal, isMet };
}

/** A line with a goal for the value of nexus. */
export function valueLine<T>(
  what: string,
  unit: string,
  values: PerTarget<T>,
  pick: (value: T) => number,
  goal: string,
  isMet: (nexus: number, bare: number) => boolean,
): Line {
  const picked = pickAll(values, pick);
  const { direct, bare, nexus } = medians(picked);
  return {
    what,
    unit,
    ...(direct === undefined ? {} : { direct }),
    bare,
    nexus,
    goal,
    isMet: isMet(nexus, bare),
  };
}

const pickAll = <T>(values: PerTarget<T>, pick: (value: T) => number): PerTarget<number> => ({
  direct: values.direct.map(pick),
  bare: values.bare.map(pick),
  nexus: values.nexus.map(pick),
});

function medians({ direct, bare, nexus }: PerTarget<number>): {
  direct?: number;
  bare: number;
  nexus: number;
} {
  return { ...(direct.length ? { direct: median(direct) } : {}), bare: median(bare), nexus: median(nexus) };
}
