/** A short soak; `npm run soak` makes long ones. */
import { expect, it } from "vitest";
import { soak } from "../support/soak.ts";

it("loses nothing through three overlapping faults: a slow queue, R2 and Postgres down", async () => {
  const { problems, faults } = await soak({
    seed: "a",
    exchanges: 150,
    concurrency: 16,
    pace: 0.5,
    faultMs: { low: 1_500, high: 4_000 },
    slowDelayMs: 6_000,
    storedTimeoutMs: 60_000,
    log: console.log,
  });
  expect(problems).toEqual([]);
  expect(faults).toEqual(["queue slow", "Postgres down", "R2 failing"]);
});
