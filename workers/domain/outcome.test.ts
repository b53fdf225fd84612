import { expect, it } from "vitest";
import { isAlertedFailure, isFailed, outcomeRank } from "./outcome.ts";

it.each([
  [200, "complete", false, false],
  [399, "complete", false, false],
  [400, "complete", true, true],
  [529, "complete", true, true],
  [499, "client_gone", true, true],
  [200, "upstream_failed", false, false],
  [502, "upstream_failed", true, true],
  [null, "upstream_failed", true, true],
  [null, "client_gone", true, false],
  [null, "interrupted", true, false],
  [undefined, "interrupted", true, false],
])("status %j with outcome %s: failed %j, alerted %j", (status, outcome, failed, alerted) => {
  expect([isFailed({ status }), isAlertedFailure({ status, outcome })]).toEqual([failed, alerted]);
});

it("ranks outcomes by how much is known", () => {
  expect(["interrupted", "unrecorded", "client_gone", "complete"].map(outcomeRank)).toEqual([0, 1, 2, 2]);
});
