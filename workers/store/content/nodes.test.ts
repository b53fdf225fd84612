/** The search for the end of a stored prefix takes few statements and hashes, whatever the chain's length. */
import { describe, expect, test } from "vitest";
import { firstProbes, gapProbes } from "./nodes.ts";

/** The search of findPrefixes over a chain of `length` elements, of which the first `stored` are stored. */
function search(length: number, stored: number): { found: number; rounds: number; hashes: number } {
  let known = 0;
  let missing = length + 1;
  let probes = firstProbes(length);
  let rounds = 0;
  let hashes = 0;
  while (probes.length > 0) {
    rounds++;
    hashes += probes.length;
    if (!probes.every((probe) => probe > known && probe < missing))
      throw new Error(`probes between ${known} and ${missing}: ${probes.join(" ")}`);
    known = Math.max(known, ...probes.filter((probe) => probe <= stored));
    missing = Math.min(missing, ...probes.filter((probe) => probe > stored));
    probes = gapProbes(known, missing);
  }
  return { found: known, rounds, hashes };
}

describe("the end of the stored prefix", () => {
  test("is found wherever it is", () => {
    const wrong: string[] = [];
    for (let length = 0; length <= 120; length++)
      for (let stored = 0; stored <= length; stored++)
        if (search(length, stored).found !== stored) wrong.push(`${stored} of ${length}`);
    expect(wrong).toEqual([]);
    for (const length of [500, 2_000, 20_000, 100_000])
      for (let share = 0; share <= 1; share += 0.037)
        expect(search(length, Math.floor(length * share)).found).toBe(Math.floor(length * share));
  });

  test("takes one statement and twenty hashes in the next turn of 2,000 messages", () => {
    for (const added of [0, 1, 2, 3, 4]) {
      const { rounds, hashes } = search(2_000, 2_000 - added);
      expect(rounds).toBe(1);
      expect(hashes).toBeLessThanOrEqual(20);
    }
  });

  test("takes one statement where nothing is stored", () => {
    expect(search(20_000, 0)).toMatchObject({ rounds: 1 });
  });

  test("takes four statements and 160 hashes at worst", () => {
    for (const length of [100, 2_000, 20_000])
      for (let stored = 0; stored <= length; stored += Math.ceil(length / 997)) {
        const { rounds, hashes } = search(length, stored);
        expect(rounds).toBeLessThanOrEqual(4);
        expect(hashes).toBeLessThanOrEqual(160);
      }
  });
});
