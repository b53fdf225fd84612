import { expect, it } from "vitest";
import type { Outcome } from "../schemas/exchange.ts";
import { errorOf, hasFailed, isFailed, outcomeRank, refusedBy } from "./outcome.ts";

const END = { status: 200, outcome: "complete" as Outcome, errorType: null, isComplete: true };

it.each<[string, Partial<Parameters<typeof isFailed>[0]>, boolean]>([
  ["a complete response", {}, false],
  ["a redirect", { status: 307 }, false],
  ["status 400", { status: 400 }, true],
  ["status 529", { status: 529 }, true],
  ["a 529 that broke off", { status: 529, outcome: "upstream_failed", isComplete: false }, true],
  ["a 504 of the proxy", { status: 504, outcome: "upstream_failed", errorType: "timeout_error" }, true],
  ["no status", { status: null, outcome: "upstream_failed", isComplete: false }, true],
  ["an error inside a 200", { errorType: "overloaded_error" }, true],
  ["a stream that broke off", { outcome: "upstream_failed", isComplete: false }, true],
  ["a stream that ended early", { outcome: "upstream_failed", errorType: "stream_ended_early" }, true],
  ["a client that left before the status", { status: null, outcome: "client_gone", isComplete: null }, false],
  ["a client that left during a response", { outcome: "client_gone", isComplete: false }, false],
  ["a client that left during a 529", { status: 529, outcome: "client_gone" }, false],
  ["a client that left after an error event", { outcome: "client_gone", errorType: "api_error" }, false],
  ["an interruption before the status", { status: null, outcome: "interrupted", isComplete: null }, true],
  ["an interruption during the response", { outcome: "interrupted", isComplete: false }, true],
  ["an interruption, its body unknown", { outcome: "interrupted", isComplete: null }, true],
  ["an interruption after the whole body", { outcome: "interrupted" }, false],
  ["an unrecorded 200", { outcome: "unrecorded", isComplete: null }, false],
  ["an unrecorded 529", { status: 529, outcome: "unrecorded", isComplete: null }, true],
])("%s: failed %j %j", (_, end, failed) => {
  expect(isFailed({ ...END, ...end })).toBe(failed);
});

it.each([
  [true, 200, true],
  [false, null, false],
  [null, 200, false],
  [null, 400, true],
  [undefined, null, true],
])("a row with failed %j and status %j counts as failed: %j", (failed, status, counted) => {
  expect(hasFailed({ ...(failed !== undefined && { failed }), status })).toBe(counted);
});

it.each([
  [200, 12, null],
  [null, null, null],
  [529, 12, "upstream"],
  [504, null, "nexus"],
  [401, null, "nexus"],
] as const)("a status %j after %j ms to the response headers is refused by %s", (status, ms, who) => {
  expect(refusedBy({ status, timeToFirstByteMs: ms })).toBe(who);
});

it("ranks outcomes by how much is known", () => {
  expect(["interrupted", "unrecorded", "client_gone", "complete"].map(outcomeRank)).toEqual([0, 1, 2, 2]);
});

const BROKE_OFF = "The connection to Claude broke off during the response.";
it.each<[string, Partial<Parameters<typeof errorOf>[0]>, string | null]>([
  ["a success", { failed: false }, null],
  ["a client that left", { failed: false, outcome: "client_gone", status: null }, null],
  ["a 529 without a body", { status: 529 }, null],
  ["an error with a type", { status: 529, errorType: "overloaded_error" }, "overloaded_error"],
  ["an error with a message", { errorType: "overloaded_error", errorMessage: "Busy" }, "Busy"],
  ["a stream that broke off", { outcome: "upstream_failed" }, BROKE_OFF],
  ["a 500 that broke off", { outcome: "upstream_failed", status: 500 }, BROKE_OFF],
  ["no response", { outcome: "upstream_failed", status: null }, "There was no response."],
  ["an interruption", { outcome: "interrupted" }, "The proxy was interrupted during the response."],
  [
    "an early interruption",
    { outcome: "interrupted", status: null },
    "The proxy was interrupted before the response.",
  ],
  ["an unrecorded stream that broke off", { outcome: "unrecorded" }, BROKE_OFF],
  ["an unrecorded 529", { outcome: "unrecorded", status: 529 }, null],
])("%s: error %j %j", (_, row, error) => {
  const broken = { errorMessage: null, errorType: null, outcome: "complete", status: 200, failed: true };
  expect(errorOf({ ...broken, ...row })).toBe(error);
});
