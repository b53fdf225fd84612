/** Interleaved rounds: every target is measured in each round, so that changes of the machine affect all of them. */
import type { Measured, LoadSpec } from "../harness/load-spec.ts";
import type { Harness } from "../harness/harness.ts";
import type { Target, TargetName } from "../harness/target.ts";

export interface Effort {
  /** Rounds of each comparison. */
  rounds: number;
}

export type PerTarget<T> = Record<TargetName, T[]>;

/** One value per target and round. The order of targets rotates; the first round is a warm-up. */
export async function interleaved<T>(
  { targets }: Harness,
  { rounds }: Effort,
  measure: (target: Target) => Promise<T>,
  names: readonly TargetName[] = ["direct", "bare", "nexus"],
): Promise<PerTarget<T>> {
  const values: PerTarget<T> = { direct: [], bare: [], nexus: [] };
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round + 1) % names.length] ?? "nexus";
      const value = await measure(targets[name]);
      if (round >= 0) values[name].push(value);
    }
  }
  return values;
}

export function measureInterleaved(
  harness: Harness,
  effort: Effort,
  spec: Omit<LoadSpec, "port" | "headers">,
): Promise<PerTarget<Measured>> {
  return interleaved(harness, effort, (target) => harness.run(target, spec));
}
